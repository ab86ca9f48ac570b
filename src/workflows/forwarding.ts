import { condition, log } from '@temporalio/workflow';
import { detach, oweBlobs } from '../domain/attachment.ts';
import { countBackfill } from '../domain/backfill.ts';
import { attachedDestinations, openMemory } from '../domain/checkpoint.ts';
import { referenceOf, type BlobReference } from '../domain/content-blob.ts';
import type { PendingBlob } from '../domain/coverage-report.ts';
import { takeDeliveries } from '../domain/deliveries.ts';
import { startsIn } from '../domain/gaps.ts';
import { isoTime } from '../domain/time-window.ts';
import { forwarding, type WorkPriority } from './activity-options.ts';
import { inBatches, inLanes } from './batches.ts';
import { readOutcome, type BatchOutcome } from './outcomes.ts';
import { minute, reportLosses, type SubscriptionRun, type WindowWork } from './subscription-run.ts';

/** Batches at once: with 50 blobs each 0.15 events and some 300 bytes of history a blob. */
const concurrentBatches: Record<WorkPriority, number> = { live: 4, owed: 2 };

/** Pause before blobs are tried again of which a whole round accounted for none. */
const firstPauseMs = 5_000;
const longestPauseMs = 5 * 60_000;

/** What a window's blobs are forwarded for. */
export interface Purpose {
  readonly priority: WorkPriority;
  /** Only to this destination, which is away; otherwise to all that are not. */
  readonly only?: string;
  /** The blobs were found by a sweep. */
  readonly isLate?: boolean;
  /** The backfill that asked for them. */
  readonly backfill?: string;
}

/**
 * Forwards the blobs of a window to the destinations that lack them, until each is accounted for. False when it ended early: the
 * window is listed again, and what is done stays done. Throws what a batch threw that is not retried.
 */
export async function forwardWindow(
  run: SubscriptionRun,
  blobs: readonly BlobReference[],
  purpose: Purpose,
  work: WindowWork,
): Promise<boolean> {
  let pauseMs = firstPauseMs;
  for (const { contentId } of blobs) work.listed.add(contentId);
  work.pending = wanting(run, blobs, purpose);
  while (work.pending.length > 0) {
    if (isStopped(run, purpose)) return false;
    const before = work.pending.length;
    const { wakes } = run;
    const ready = work.pending.filter(({ contentId }) => !run.inFlight.has(contentId));
    if (ready.length === 0) {
      const isFree = () => work.pending.some(({ contentId }) => !run.inFlight.has(contentId));
      await condition(() => isStopped(run, purpose) || isFree());
      continue;
    }
    await forwardRound(run, ready, purpose, work);
    work.pending = wanting(run, blobs, purpose);
    if (work.pending.length < before) pauseMs = firstPauseMs;
    else if (run.wakes === wakes) {
      await run.rest(pauseMs, () => isStopped(run, purpose));
      pauseMs = Math.min(longestPauseMs, 2 * pauseMs);
    }
  }
  return true;
}

/** The blobs that somebody still lacks who is to get them now. Those who are away are owed theirs. */
function wanting(
  run: SubscriptionRun,
  blobs: readonly BlobReference[],
  { only }: Purpose,
): readonly PendingBlob[] {
  const missing = openMemory(run.checkpoint).missing;
  const lacking = blobs.map((blob) => ({ ...blob, destinations: missing(blob) }));
  if (only === undefined) {
    for (const absent of Object.keys(run.checkpoint.detached))
      run.checkpoint = oweBlobs(
        run.checkpoint,
        absent,
        lacking.filter(({ destinations }) => destinations.includes(absent)),
      );
  }
  const wanted = only === undefined ? attachedDestinations(run.checkpoint) : [only];
  return lacking
    .map((blob) => ({ ...blob, destinations: blob.destinations.filter((name) => wanted.includes(name)) }))
    .filter(({ destinations }) => destinations.length > 0);
}

async function forwardRound(
  run: SubscriptionRun,
  ready: readonly PendingBlob[],
  purpose: Purpose,
  work: WindowWork,
): Promise<void> {
  const batches = [...groupedByDestinations(ready)].flatMap(([, group]) => inBatches(group));
  await run.interruptible('forwarding', () =>
    inLanes(concurrentBatches[purpose.priority], async () => {
      for (let batch = batches.shift(); batch !== undefined; batch = batches.shift()) {
        if (isStopped(run, purpose)) return;
        // Another lane, or an earlier batch, may have changed meanwhile who lacks what.
        const free = wanting(run, batch, purpose).filter(({ contentId }) => !run.inFlight.has(contentId));
        for (const [, group] of groupedByDestinations(free)) await forwardBatch(run, group, purpose, work);
      }
    }),
  );
}

async function forwardBatch(
  run: SubscriptionRun,
  batch: readonly PendingBlob[],
  purpose: Purpose,
  work: WindowWork,
): Promise<void> {
  const { tenantId, contentType } = run.subscription;
  const { destinations, contentCreated: first } = batch[0]!;
  const blobs = batch.map(referenceOf);
  const { priority, only } = purpose;
  const to = only === undefined ? '' : ` to ${only}, which was away`;
  const named = {
    id: `${only === undefined ? 'forward' : `catch-up-${only}`}-${minute(first)}`,
    summary: `${batch.length} blobs created ${first} to ${batch.at(-1)!.contentCreated}${to}`,
    priority,
  };
  for (const { contentId } of blobs) run.inFlight.add(contentId);
  try {
    const result = await run.activity(named, (options) =>
      forwarding(options).forwardContent({ tenantId, contentType, blobs, destinations, priority }),
    );
    const outcome = readOutcome(blobs, destinations, result);
    if (outcome !== undefined) takeOutcome(run, outcome, purpose);
    leaveWindowsOf(run, blobs, work);
    const left = new Set(wanting(run, blobs, purpose).map(({ contentId }) => contentId));
    const own = new Set(blobs.map(({ contentId }) => contentId));
    work.pending = work.pending.filter(({ contentId }) => !own.has(contentId) || left.has(contentId));
  } finally {
    for (const { contentId } of blobs) run.inFlight.delete(contentId);
  }
  run.show();
}

/** Takes what a batch came to: destinations that failed where others succeeded are away from now on. */
function takeOutcome(run: SubscriptionRun, outcome: BatchOutcome, purpose: Purpose): void {
  const nowMs = Date.now();
  for (const { destination, failureType, message, lacks, doOthersSucceed } of outcome.failures) {
    run.state.lastFailure = { type: failureType, message, time: isoTime(nowMs) };
    if (!doOthersSucceed || purpose.only !== undefined) continue;
    if (run.checkpoint.detached[destination] === undefined)
      log.warn('A destination is away', { destination, failureType, reason: message });
    run.checkpoint = detach(run.checkpoint, destination, { failureType, message }, nowMs);
    run.checkpoint = oweBlobs(run.checkpoint, destination, lacks);
    run.leaveWorks([destination]);
  }
  const { deliveries } = outcome;
  for (const { failed } of deliveries)
    if (failed !== undefined)
      run.state.lastFailure = { type: failed.failureType, message: failed.message, time: isoTime(nowMs) };

  const { losses } = run.checkpoint;
  const { isLate = false, backfill } = purpose;
  run.checkpoint = takeDeliveries(run.checkpoint, deliveries, { counts: outcome.counts, nowMs, isLate });
  if (backfill !== undefined)
    run.checkpoint = countBackfill(run.checkpoint, backfill, deliveries, outcome.counts);
  reportLosses(run.checkpoint.losses.filter((loss) => !losses.includes(loss)));
}

/**
 * A blob that another window's listing did not name yet is accounted for now, but not for everybody: those who still lack it have
 * not taken part in all of that window.
 */
function leaveWindowsOf(run: SubscriptionRun, blobs: readonly BlobReference[], own: WindowWork): void {
  const others = [...run.works].filter((work) => work !== own);
  if (others.length === 0) return;
  const { missing } = openMemory(run.checkpoint);
  for (const blob of blobs) {
    for (const { window, listed, took } of others) {
      if (listed.has(blob.contentId) || !startsIn({ startTime: blob.contentCreated }, window)) continue;
      for (const destination of missing(blob)) took.delete(destination);
    }
  }
}

function groupedByDestinations(blobs: readonly PendingBlob[]): ReadonlyMap<string, readonly PendingBlob[]> {
  const groups = new Map<string, PendingBlob[]>();
  for (const blob of blobs) {
    const key = blob.destinations.join('\n');
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [blob]);
    else group.push(blob);
  }
  return groups;
}

/** A backfill goes on where the workflow was started for it alone. */
function isStopped(run: SubscriptionRun, { backfill }: Purpose): boolean {
  if (backfill !== undefined && run.state.paused?.exceptBackfills === true) return run.isEnding;
  return run.isHeld();
}
