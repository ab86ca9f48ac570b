import { takeDestinations } from '../../../src/domain/attachment.ts';
import { attachedDestinations } from '../../../src/domain/checkpoint.ts';
import { advance, bound, finishWindow, forget } from '../../../src/domain/progress.ts';
import { isoTime, parseTime } from '../../../src/domain/time-window.ts';
import { forwardWindow } from './forwarding.ts';
import { settleTimeMs, type Listing } from './service.ts';
import type { Subscription } from './subscription.ts';
import type { Task } from './tasks.ts';

/** Lists what is new, forwards it, and moves the position. */
export function* followLiveContent(run: Subscription): Task {
  while (!run.isEnding) {
    const dice = yield;
    const { position } = run.checkpoint;
    const listed = run.world.service.listLive(position, dice);
    const listedMs = run.world.nowMs;
    yield;
    if (run.isEnding) return;
    takeListing(run, listed);
    const work = run.begin(attachedDestinations(run.checkpoint), listed.window, listed.blobs);
    if (yield* forwardWindow(run, listed.blobs, {})) {
      const nowMs = run.world.nowMs;
      run.world.list(run.checkpoint.destinations, listed.blobs);
      const finished = finishWindow(run.checkpoint, listed.window, {
        nowMs,
        destinations: [...work.took],
      });
      const underWay = [...run.works].map(({ window }) => window);
      run.checkpoint = bound(forget(advance(finished, listed.window.endTime), nowMs, underWay));
      run.world.keepLosses(run.checkpoint.losses);
    }
    run.works.delete(work);
    const isBehind = parseTime(listed.window.endTime) < listedMs - settleTimeMs;
    if (listed.blobs.length === 0 && !isBehind) yield () => run.isEnding || run.world.nowMs > listedMs;
  }
}

function takeListing(run: Subscription, { window }: Listing): void {
  const { nowMs } = run.world;
  takeConfigured(run);
  const { position } = run.checkpoint;
  if (parseTime(window.startTime) <= parseTime(position)) return;
  run.lose([{ startTime: position, endTime: window.startTime, reason: 'too old', time: isoTime(nowMs) }]);
  run.checkpoint = advance(run.checkpoint, window.startTime);
}

function takeConfigured(run: Subscription): void {
  const { world } = run;
  const before = run.checkpoint;
  run.checkpoint = takeDestinations(before, world.configured, world.nowMs);
  const removed = before.destinations.filter((name) => world.destination(name) === undefined);
  for (const name of removed) {
    world.leave(name);
    for (const { took } of run.works) took.delete(name);
  }
  for (const { name, lookbackMs } of world.configured)
    if (!before.destinations.includes(name)) world.owedFrom.set(name, world.nowMs - lookbackMs);
}
