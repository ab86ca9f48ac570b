import { takeRetries } from '../../../src/domain/deliveries.ts';
import { quarantinePauseMs, triedMeanwhile, type QuarantinedBlob } from '../../../src/domain/quarantine.ts';
import { isoTime, parseTime } from '../../../src/domain/time-window.ts';
import { readOutcome } from '../../../src/workflows/outcomes.ts';
import { forwardContent } from './forward-content.ts';
import { batchSize } from './forwarding.ts';
import type { Subscription } from './subscription.ts';
import type { Task } from './tasks.ts';
import { pairOf } from './world.ts';

/** What an attempt takes at least to count. */
const attemptMs = 5_000;

/** Tries what was set aside when it is due. */
export function* retrySetAside(run: Subscription): Task {
  const held = new Set<string>();
  const waiting = () =>
    run.checkpoint.quarantine.filter((entry) => !keysOf(entry).some((key) => held.has(key)));
  while (!run.isEnding) {
    yield () => run.isEnding || waiting().length > 0;
    if (run.isEnding) return;
    const first = waiting()[0]!;
    const alike = waiting().filter((entry) => String(entry.destinations) === String(first.destinations));
    const group = alike.slice(0, batchSize);
    const keys = group.flatMap(keysOf);
    for (const key of keys) held.add(key);
    const onEnd = () => keys.forEach((key) => held.delete(key));
    run.tasks.start(retry(run, group, onEnd));
  }
}

function* retry(run: Subscription, group: readonly QuarantinedBlob[], onEnd: () => void): Task {
  const interrupts = run.interrupts;
  const isStopped = () => run.isEnding || run.interrupts > interrupts;
  const { destinations, nextAttempt } = group[0]!;
  const blobs = group.map(({ contentId, contentCreated }) => ({ contentId, contentCreated }));
  const startMs = run.world.nowMs;
  yield () => isStopped() || run.world.nowMs >= parseTime(nextAttempt);
  const result = isStopped()
    ? undefined
    : yield* forwardContent(run.world, { blobs, destinations, isSetAside: true, isCancelled: isStopped });
  const { nowMs } = run.world;
  if (result === undefined) change(run, group, (entry) => triedMeanwhile(entry, startMs, nowMs + attemptMs));
  else {
    const { deliveries, counts } = readOutcome(blobs, destinations, result)!;
    run.checkpoint = takeRetries(run.checkpoint, deliveries, { counts, nowMs });
    run.world.keepLosses(run.checkpoint.losses);
    change(run, group, (entry) => {
      if (parseTime(entry.nextAttempt) > nowMs) return entry;
      const attempts = Math.max(1, entry.attempts);
      return {
        ...entry,
        attempts,
        nextAttempt: isoTime(nowMs + Math.max(1_000, quarantinePauseMs(attempts))),
      };
    });
  }
  onEnd();
}

function change(
  run: Subscription,
  group: readonly QuarantinedBlob[],
  changed: (entry: QuarantinedBlob) => QuarantinedBlob,
): void {
  const keys = new Set(group.flatMap(keysOf));
  const quarantine = run.checkpoint.quarantine.map((entry) =>
    keysOf(entry).some((key) => keys.has(key)) ? changed(entry) : entry,
  );
  run.checkpoint = { ...run.checkpoint, quarantine };
}

function keysOf({ contentId, destinations }: QuarantinedBlob): string[] {
  return destinations.map((name) => pairOf(name, contentId));
}
