import { condition, getExternalWorkflowHandle, log } from '@temporalio/workflow';
import type { ContentListing } from '../activities/list-content.ts';
import { attach, hasCaughtUp } from '../domain/attachment.ts';
import { endBackfill, isDone, reportOf, workOffBackfill } from '../domain/backfill.ts';
import { attachedDestinations } from '../domain/checkpoint.ts';
import { knownIn, nextOwed, nextOwedTo, nextSweepMs, type OwedWork } from '../domain/owed-work.ts';
import { parkedDelayMs } from '../domain/pacing.ts';
import { bound, finishWindow, lostBefore } from '../domain/progress.ts';
import { isoTime, parseTime } from '../domain/time-window.ts';
import { activityFailure } from './activity-failure.ts';
import { listing } from './activity-options.ts';
import { forwardWindow, type Purpose } from './forwarding.ts';
import { isListing } from './live-content.ts';
import { backfillProgressSignal, type BackfillProgress } from './messages.ts';
import { minute, type SubscriptionRun, type WindowWork } from './subscription-run.ts';

/** An owed listing does not wait inside. */
const heartbeatMs = 60_000;

/** Sweeps that come this often need a timer of their own; others begin when anything else happens. */
const timedSweepMs = 30 * 60_000;

/** Pause after a listing that came to nothing. */
const idleMs = 60_000;

/** The lane of sweeps, backfills and gaps: the same steps as live work, at lower priority. */
export async function workOffOwed(run: SubscriptionRun): Promise<void> {
  let probes = 0;
  while (!run.isEnding) {
    await run.unheld({ isBackfill: true });
    await untilOwed(run);
    if (run.isEnding) return;
    const owed = nextWork(run);
    if (owed === undefined) continue;
    try {
      await workOwedWindow(run, owed);
      probes = 0;
    } catch (error) {
      // What needs a person parks the subscription when live work meets it, too.
      noteFailure(run, error);
      await run.rest(parkedDelayMs(probes++));
    }
  }
}

/** One lane for each destination that is away: tries it, and hands over what it is owed until it has caught up. */
export async function serveAbsentDestinations(run: SubscriptionRun): Promise<void> {
  const served = new Map<string, Promise<void>>();
  const unserved = () =>
    Object.keys(run.state.checkpoint?.detached ?? {}).filter((destination) => !served.has(destination));
  while (!run.isEnding) {
    await condition(() => run.isEnding || unserved().length > 0);
    for (const destination of run.isEnding ? [] : unserved()) {
      served.set(
        destination,
        serveAbsent(run, destination).finally(() => served.delete(destination)),
      );
    }
  }
  await Promise.all(served.values());
}

async function serveAbsent(run: SubscriptionRun, destination: string): Promise<void> {
  let probes = 0;
  while (!run.isEnding && run.checkpoint.detached[destination] !== undefined) {
    await run.unheld();
    if (run.isEnding) return;
    if (hasCaughtUp(run.checkpoint, destination)) {
      // Others may have blobs from beyond the position: what is created from now on reaches all alike.
      run.checkpoint = attach(run.checkpoint, destination, isoTime(Date.now()));
      log.info('A destination is back', { destination });
      run.show();
      return;
    }
    const owed = nextOwedTo(run.checkpoint, destination);
    if (owed === undefined) {
      const isDue = () =>
        nextOwedTo(run.checkpoint, destination) !== undefined || hasCaughtUp(run.checkpoint, destination);
      await condition(() => run.isHeld() || run.checkpoint.detached[destination] === undefined || isDue());
      continue;
    }
    try {
      await workOwedWindow(run, owed, destination);
      probes = 0;
    } catch (error) {
      noteFailure(run, error);
      await run.rest(parkedDelayMs(probes++));
    }
  }
}

/** Lists a window again and forwards what is wanted of it. */
async function workOwedWindow(run: SubscriptionRun, owed: OwedWork, only?: string): Promise<void> {
  const destinations = only === undefined ? attachedDestinations(run.checkpoint) : [only];
  // Whoever joins while it is listed has not taken part: what the listing leaves out as known may be new to it.
  await run.working(owed.window, destinations, async (work) => {
    const listed = await listOwed(run, owed, only);
    if (listed === undefined) return;
    if (await forwardWindow(run, listed.blobs, purposeOf(owed, only), work))
      finishOwed(run, owed, listed, work);
  });
  run.show();
}

async function listOwed(
  run: SubscriptionRun,
  { kind, window }: OwedWork,
  only: string | undefined,
): Promise<ContentListing | undefined> {
  const what = only === undefined ? kind : `for-${only}`;
  const named = {
    id: `list-${what}-${minute(window.startTime)}`,
    summary: `List again what was created from ${window.startTime} to ${window.endTime} (${what})`,
    priority: 'owed',
  } as const;
  const listed = await run.interruptible('listing', () =>
    run.activity(named, (options) =>
      listing({ ...options, heartbeatMs }).listContent({
        ...run.subscription,
        owed: { window, known: knownIn(run.checkpoint, window) },
      }),
    ),
  );
  if (listed === undefined || !isListing(listed)) return undefined;
  if (parseTime(listed.window.endTime) > parseTime(window.startTime)) return listed;
  await run.rest(idleMs);
  return undefined;
}

/** All of a window is accounted for: what is owed goes on at its end. What the service no longer lists is lost. */
function finishOwed(
  run: SubscriptionRun,
  owed: OwedWork,
  listed: ContentListing,
  { took }: WindowWork,
): void {
  const nowMs = Date.now();
  const window = { startTime: owed.window.startTime, endTime: listed.window.endTime };
  const destinations = [...took];
  run.lose(lostBefore(run.checkpoint, window.startTime, listed.window.startTime, { nowMs, destinations }));
  run.checkpoint = bound(finishWindow(run.checkpoint, window, { nowMs, destinations }));
  if (owed.id === undefined) return;
  const listedBlobs = listed.blobs.length + listed.known;
  run.checkpoint = workOffBackfill(run.checkpoint, owed.id, { until: window.endTime, listed: listedBlobs });
  const backfill = run.checkpoint.backfills.find(({ id }) => id === owed.id);
  if (backfill === undefined) return;
  const state = isDone(backfill) ? 'completed' : 'running';
  tellFollower(backfill.follower, { ...reportOf(backfill), state });
  if (state === 'completed') run.checkpoint = endBackfill(run.checkpoint, backfill.id);
}

/** Tells the workflow that follows a backfill, if it is still there. */
export function tellFollower(follower: string | undefined, progress: BackfillProgress): void {
  if (follower === undefined) return;
  getExternalWorkflowHandle(follower)
    .signal(backfillProgressSignal, progress)
    .catch((error: unknown) =>
      log.info('Nobody follows the backfill any more', { follower, reason: String(error) }),
    );
}

function purposeOf({ kind, id }: OwedWork, only: string | undefined): Purpose {
  return {
    priority: 'owed',
    ...(only !== undefined && { only }),
    ...(id !== undefined && { backfill: id }),
    isLate: kind === 'sweep',
  };
}

/** Only backfills while the workflow was started for one alone. */
function nextWork({ state }: SubscriptionRun): OwedWork | undefined {
  const { checkpoint, parked, paused, isEnsured } = state;
  if (checkpoint === undefined || parked !== undefined || !isEnsured) return undefined;
  const owed = nextOwed(checkpoint, Date.now(), { isBackfillOnly: paused?.exceptBackfills === true });
  return paused === undefined || paused.exceptBackfills === true ? owed : undefined;
}

/** Waits until something is owed. A quiet subscription needs no timer for it: its listings return often enough. */
async function untilOwed(run: SubscriptionRun): Promise<void> {
  const isDue = () => run.isEnding || nextWork(run) !== undefined;
  if (isDue()) return;
  const { checkpoint, settings } = run.state;
  const shortest = Math.min(...(settings?.sweepAgesMs ?? []));
  const waitMs = checkpoint === undefined ? Infinity : nextSweepMs(checkpoint) - Date.now();
  if (shortest < timedSweepMs && waitMs > 0 && Number.isFinite(waitMs))
    await condition(isDue, Math.max(1_000, waitMs));
  else await condition(isDue);
}

function noteFailure(run: SubscriptionRun, error: unknown): void {
  run.state.lastFailure = { ...activityFailure(error), time: isoTime(Date.now()) };
  run.show();
}
