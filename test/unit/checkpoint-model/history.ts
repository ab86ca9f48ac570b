import fc from 'fast-check';
import { pauseBackfill } from '../../../src/domain/backfill.ts';
import { isoTime, parseTime } from '../../../src/domain/time-window.ts';
import { diceOf, type Dice } from './dice.ts';
import { faultsOf, leftovers } from './judgement.ts';
import { beginRun } from './lanes.ts';
import { Subscription } from './subscription.ts';
import { World } from './world.ts';

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;
const dayMs = 24 * hourMs;
const startMs = Date.parse('2026-11-22T12:00:00Z');
const names = ['archive', 'siem', 'lake'] as const;

/** Steps that a world that is well may take without the time moving on: more is a circle. */
const maxSteps = 3_000;

/** One thing that happens; what is open about it, the seed says. */
interface Happening {
  readonly kind: keyof typeof happenings;
  readonly seed: number;
}

export interface History {
  readonly seed: number;
  readonly destinations: number;
  readonly beginHoursAgo: number;
  readonly happenings: readonly Happening[];
}

export class Run {
  readonly world: World;
  readonly subscription: Subscription;
  readonly dice: Dice;
  blobs = 0;

  constructor({ seed, destinations, beginHoursAgo }: History) {
    this.dice = diceOf(seed);
    const beginMs = startMs - beginHoursAgo * hourMs;
    this.world = new World(startMs, beginMs, names.slice(0, destinations));
    const ages = this.dice.pick([[hourMs, 6 * hourMs, 6 * dayMs], [600_000, dayMs], []]);
    this.subscription = new Subscription(this.world, isoTime(beginMs), ages);
    beginRun(this.subscription);
  }

  step(dice: Dice): boolean {
    const { position } = this.subscription.checkpoint;
    const isStepped = this.subscription.tasks.step(dice);
    if (parseTime(this.subscription.checkpoint.position) < parseTime(position))
      throw new Error('the position moved back');
    return isStepped;
  }

  /** Lets everything go on until nothing can. */
  settle(dice: Dice): void {
    for (let steps = 0; this.step(dice); steps++) if (steps > maxSteps) throw new Error('goes on for ever');
  }

  /** A run of the workflow ends, and the next one begins with what it hands over. */
  continueAsNew(dice: Dice): void {
    this.subscription.end();
    this.settle(dice);
    if (!this.subscription.tasks.isEmpty) throw new Error('a lane does not end');
    const faults = faultsOf(this.subscription);
    if (faults.length > 0) throw new Error(faults.join('\n'));
    this.subscription.continueAsNew();
    beginRun(this.subscription);
  }
}

const happenings = {
  blobs({ world }: Run, dice: Dice, run: Run) {
    const aroundMs = world.nowMs - dice.pick([0, 0, 0, 10 * minuteMs, 3 * hourMs, 2 * dayMs]);
    for (let count = 1 + dice.below(4); count > 0; count--) {
      const createdMs = aroundMs + dice.below(20) * minuteMs;
      const contentId = `id$${run.blobs++}`;
      world.service.blobs.set(contentId, {
        contentId,
        createdMs,
        visibleMs: Math.max(world.nowMs, createdMs + dice.pick([0, 0, 60_000, hourMs, 8 * hourMs])),
        rangeMs: dice.below(16) * minuteMs,
        records: dice.below(5),
        isStray: dice.onceIn(10),
        broken: dice.onceIn(6) ? dice.pick([1, 4, 30]) : 0,
        isGone: dice.onceIn(25),
      });
      for (const { refused } of world.configured)
        if (dice.onceIn(8)) refused.set(contentId, dice.pick([1, 4, 30]));
    }
  },
  time({ world }: Run, dice: Dice) {
    world.service.nowMs += dice.pick([1, 5, 20, 20, 60, 180, 600, 1500, 3 * 1440]) * minuteMs;
  },
  steps(run: Run, dice: Dice) {
    for (let steps = 1 + dice.below(30); steps > 0; steps--) run.step(dice);
  },
  settle(run: Run, dice: Dice) {
    run.settle(dice);
  },
  fault({ world }: Run, dice: Dice) {
    const destination = dice.pick(world.configured);
    destination.isDown = dice.onceIn(2);
    destination.failsOnceIn = dice.pick([0, 0, 2, 5]);
    world.crashes = dice.onceIn(3);
  },
  well({ world }: Run) {
    makeWell(world);
  },
  configure({ world }: Run, dice: Dice) {
    const unused = names.filter((name) => world.destination(name) === undefined && !world.leaving.has(name));
    if (unused.length > 0 && dice.onceIn(2))
      world.add(dice.pick(unused), dice.pick([0, 1, 30, 160]) * hourMs);
    else if (world.configured.length > 1) world.remove(dice.pick(world.configured).name);
  },
  backfill({ world, subscription }: Run, dice: Dice) {
    const startMs = world.nowMs - dice.pick([1, 5, 30, 100, 170]) * hourMs;
    const endMs = Math.min(world.nowMs, startMs + dice.pick([1, 20, 60]) * hourMs);
    const { destinations } = subscription.checkpoint;
    subscription.backfill({
      startTime: isoTime(startMs),
      endTime: isoTime(endMs),
      ...(dice.onceIn(2) && { destinations: [dice.pick(destinations)] }),
      ...(dice.onceIn(3) && { resend: true }),
    });
  },
  backfillControl({ subscription }: Run, dice: Dice) {
    const { backfills } = subscription.checkpoint;
    if (backfills.length === 0) return;
    const { id, isPaused } = dice.pick(backfills);
    if (dice.onceIn(2)) subscription.cancelBackfill(id);
    else subscription.checkpoint = pauseBackfill(subscription.checkpoint, id, !isPaused);
  },
  quarantine({ subscription }: Run, dice: Dice) {
    const { quarantine } = subscription.checkpoint;
    if (dice.onceIn(3) && quarantine.length > 0) subscription.discard(dice.pick(quarantine).contentId);
    else subscription.retryQuarantined();
  },
  continueAsNew(run: Run, dice: Dice) {
    run.continueAsNew(dice);
  },
} satisfies Record<string, (run: Run, dice: Dice, same: Run) => void>;

function makeWell(world: World): void {
  world.crashes = false;
  for (const destination of world.configured) {
    destination.isDown = false;
    destination.failsOnceIn = 0;
    destination.refused.clear();
  }
}

/** Common things come more often. */
const weights: Record<keyof typeof happenings, number> = {
  blobs: 6,
  time: 6,
  steps: 6,
  settle: 5,
  fault: 3,
  well: 1,
  configure: 2,
  backfill: 2,
  backfillControl: 1,
  quarantine: 1,
  continueAsNew: 2,
};

export const histories: fc.Arbitrary<History> = fc.record({
  seed: fc.nat(),
  destinations: fc.integer({ min: 1, max: 3 }),
  beginHoursAgo: fc.constantFrom(0, 5, 48, 167.4),
  happenings: fc.array(
    fc.record({
      kind: fc.oneof(
        ...Object.entries(weights).map(([kind, weight]) => ({
          weight,
          arbitrary: fc.constant(kind as keyof typeof happenings),
        })),
      ),
      seed: fc.nat(),
    }),
    { minLength: 5, maxLength: 40 },
  ),
});

/** Lives through a history, then lets the world be well for nine days. @throws Error that names what is wrong at the end. */
export function liveThrough(history: History): Run {
  const run = new Run(history);
  for (const { kind, seed } of history.happenings) happenings[kind](run, diceOf(seed), run);
  makeWell(run.world);
  const { world, subscription, dice } = run;
  for (const blob of world.service.blobs.values()) blob.broken = 0;
  for (const { id } of subscription.checkpoint.backfills)
    subscription.checkpoint = pauseBackfill(subscription.checkpoint, id, false);
  for (const hours of [0.1, 6, 18, ...Array.from({ length: 8 }, () => 24)]) {
    run.settle(dice);
    world.service.nowMs += hours * hourMs;
  }
  run.settle(dice);
  run.continueAsNew(dice);
  run.settle(dice);
  const faults = [...faultsOf(subscription), ...leftovers(subscription)];
  if (faults.length > 0) throw new Error(faults.join('\n'));
  return run;
}

/** Lives through a history in which one destination does not answer and nothing else is wrong, for half a day more. */
export function liveWithout(absent: string, history: History): Run {
  const run = new Run({ ...history, destinations: 2 });
  const { world, dice } = run;
  for (const { kind, seed } of history.happenings) {
    if (!['blobs', 'time', 'steps', 'settle', 'continueAsNew'].includes(kind)) continue;
    happenings[kind](run, diceOf(seed), run);
    makeWell(world);
    for (const destination of world.configured) destination.isDown = destination.name === absent;
    // What only the absent one lacks would be tried for it alone, in the lane of all, where a stray shows it to them.
    for (const blob of world.service.blobs.values()) blob.isStray = false;
  }
  for (const blob of world.service.blobs.values()) blob.broken = 0;
  for (let rounds = 0; rounds < 12; rounds++) {
    run.settle(dice);
    world.service.nowMs += hourMs;
  }
  run.settle(dice);
  return run;
}
