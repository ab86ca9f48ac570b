import { attach, hasCaughtUp } from '../../../src/domain/attachment.ts';
import { endBackfill, isDone, reportOf, workOffBackfill } from '../../../src/domain/backfill.ts';
import { attachedDestinations } from '../../../src/domain/checkpoint.ts';
import { knownIn, nextOwed, nextOwedTo, type OwedWork } from '../../../src/domain/owed-work.ts';
import { bound, finishWindow, lostBefore } from '../../../src/domain/progress.ts';
import { isoTime } from '../../../src/domain/time-window.ts';
import { forwardWindow, restMs, type Purpose } from './forwarding.ts';
import type { Listing } from './service.ts';
import type { Subscription, Work } from './subscription.ts';
import type { Task } from './tasks.ts';

/** Sweeps, backfills, and gaps of destinations that are not away. */
export function* workOffOwed(run: Subscription): Task {
  while (!run.isEnding) {
    const next = () => nextOwed(run.checkpoint, run.world.nowMs);
    yield () => run.isEnding || next() !== undefined;
    const owed = next();
    if (run.isEnding || owed === undefined) continue;
    yield* workOwedWindow(run, owed);
  }
}

/** A lane for each destination that is away. */
export function* serveAbsentDestinations(run: Subscription): Task {
  const served = new Set<string>();
  const unserved = () => Object.keys(run.checkpoint.detached).filter((name) => !served.has(name));
  while (!run.isEnding) {
    yield () => run.isEnding || unserved().length > 0;
    for (const name of run.isEnding ? [] : unserved()) {
      served.add(name);
      run.tasks.start(serveAbsent(run, name, () => served.delete(name)));
    }
  }
}

function* serveAbsent(run: Subscription, name: string, onEnd: () => void): Task {
  while (!run.isEnding && run.checkpoint.detached[name] !== undefined) {
    if (hasCaughtUp(run.checkpoint, name)) {
      run.checkpoint = attach(run.checkpoint, name, isoTime(run.world.nowMs));
      break;
    }
    const owed = nextOwedTo(run.checkpoint, name);
    if (owed === undefined) {
      yield () =>
        run.isEnding ||
        run.checkpoint.detached[name] === undefined ||
        nextOwedTo(run.checkpoint, name) !== undefined ||
        hasCaughtUp(run.checkpoint, name);
    } else yield* workOwedWindow(run, owed, name);
  }
  onEnd();
}

function* workOwedWindow(run: Subscription, owed: OwedWork, only?: string): Task {
  const took = only === undefined ? attachedDestinations(run.checkpoint) : [only];
  const work = run.begin(took, owed.window, []);
  const known = knownIn(run.checkpoint, owed.window);
  const dice = yield;
  const listed = run.world.service.listOwed(owed.window, known, dice);
  yield;
  if (!run.isEnding) {
    work.ids = new Set(listed.blobs.map(({ contentId }) => contentId));
    const purpose: Purpose = { only, backfill: owed.id, isLate: owed.kind === 'sweep' };
    if (yield* forwardWindow(run, listed.blobs, purpose)) {
      run.world.list(only === undefined ? run.checkpoint.destinations : [only], listed.blobs);
      finishOwed(run, owed, listed, work);
    }
    const dueMs = run.world.nowMs + restMs;
    if (purpose.hasFailed === true) yield () => run.isEnding || run.world.nowMs >= dueMs;
  }
  run.works.delete(work);
}

function finishOwed(run: Subscription, owed: OwedWork, listed: Listing, { took }: Work): void {
  const { nowMs } = run.world;
  const window = { startTime: owed.window.startTime, endTime: listed.window.endTime };
  const destinations = [...took];
  run.lose(lostBefore(run.checkpoint, window.startTime, listed.window.startTime, { nowMs, destinations }));
  run.checkpoint = bound(finishWindow(run.checkpoint, window, { nowMs, destinations }));
  if (owed.id === undefined) return;
  const listedBlobs = listed.blobs.length + listed.known;
  run.checkpoint = workOffBackfill(run.checkpoint, owed.id, {
    until: window.endTime,
    listed: listedBlobs,
  });
  const backfill = run.checkpoint.backfills.find(({ id }) => id === owed.id);
  if (backfill === undefined || !isDone(backfill)) return;
  run.world.reports.push(reportOf(backfill));
  run.checkpoint = endBackfill(run.checkpoint, backfill.id);
}
