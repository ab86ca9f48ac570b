import { detach, oweBlobs } from '../../../src/domain/attachment.ts';
import { countBackfill } from '../../../src/domain/backfill.ts';
import { attachedDestinations, openMemory } from '../../../src/domain/checkpoint.ts';
import type { BlobReference } from '../../../src/domain/content-blob.ts';
import type { PendingBlob } from '../../../src/domain/coverage-report.ts';
import { takeDeliveries } from '../../../src/domain/deliveries.ts';
import { startsIn } from '../../../src/domain/gaps.ts';
import { readOutcome, type BatchOutcome } from '../../../src/workflows/outcomes.ts';
import { forwardContent } from './forward-content.ts';
import type { Subscription } from './subscription.ts';
import { together, type Task } from './tasks.ts';

/** Blobs of a batch: few, so that a window has several. */
export const batchSize = 2;

/** What comes to nothing rests before it is tried again. */
export const restMs = 60_000;

/** What a window's blobs are forwarded for. */
export interface Purpose {
  readonly only?: string;
  readonly isLate?: boolean;
  readonly backfill?: string;
  /** A batch failed for good: the window ends early. */
  hasFailed?: boolean;
}

/** False when it ended early. */
export function* forwardWindow(
  run: Subscription,
  blobs: readonly BlobReference[],
  purpose: Purpose,
): Task<boolean> {
  let wanted = wanting(run, blobs, purpose);
  while (wanted.length > 0) {
    if (run.isEnding) return false;
    const before = wanted.length;
    const isFree = ({ contentId }: BlobReference) => !run.inFlight.has(contentId);
    const ready = wanted.filter(isFree);
    if (ready.length === 0) {
      yield () => run.isEnding || wanted.some(isFree);
    } else {
      const batches = inBatches(ready);
      yield* together(run.tasks, [
        forwardBatches(run, batches, purpose),
        forwardBatches(run, batches, purpose),
      ]);
      if (purpose.hasFailed === true) return false;
      const dueMs = run.world.nowMs + restMs;
      if (wanting(run, blobs, purpose).length >= before) yield () => run.isEnding || run.world.nowMs >= dueMs;
    }
    wanted = wanting(run, blobs, purpose);
  }
  return true;
}

function wanting(
  run: Subscription,
  blobs: readonly BlobReference[],
  { only }: Purpose,
): readonly PendingBlob[] {
  const { missing } = openMemory(run.checkpoint);
  const lacking = blobs.map((blob) => ({ ...blob, destinations: missing(blob) }));
  if (only === undefined) {
    for (const absent of Object.keys(run.checkpoint.detached)) {
      const owed = lacking.filter(({ destinations }) => destinations.includes(absent));
      run.checkpoint = oweBlobs(run.checkpoint, absent, owed);
    }
  }
  const wanted = only === undefined ? attachedDestinations(run.checkpoint) : [only];
  return lacking
    .map((blob) => ({ ...blob, destinations: blob.destinations.filter((name) => wanted.includes(name)) }))
    .filter(({ destinations }) => destinations.length > 0);
}

function* forwardBatches(run: Subscription, batches: (readonly PendingBlob[])[], purpose: Purpose): Task {
  for (let batch = batches.shift(); batch !== undefined; batch = batches.shift()) {
    if (run.isEnding) return;
    const free = wanting(run, batch, purpose).filter(({ contentId }) => !run.inFlight.has(contentId));
    for (const group of inBatches(free)) yield* forwardBatch(run, group, purpose);
  }
}

function* forwardBatch(run: Subscription, batch: readonly PendingBlob[], purpose: Purpose): Task {
  const { destinations } = batch[0]!;
  const blobs = batch.map(({ contentId, contentCreated }) => ({ contentId, contentCreated }));
  for (const { contentId } of blobs) run.inFlight.add(contentId);
  const result = yield* forwardContent(run.world, {
    blobs,
    destinations,
    isSetAside: false,
    isCancelled: () => run.isEnding,
  });
  for (const { contentId } of blobs) run.inFlight.delete(contentId);
  const outcome = result === undefined ? undefined : readOutcome(blobs, destinations, result);
  if (outcome !== undefined) takeOutcome(run, outcome, purpose);
  else purpose.hasFailed = true;
}

function takeOutcome(
  run: Subscription,
  { failures, deliveries, counts }: BatchOutcome,
  { only, backfill, isLate = false }: Purpose,
): void {
  const { nowMs } = run.world;
  for (const { destination, failureType, message, lacks, doOthersSucceed } of failures) {
    if (!doOthersSucceed || only !== undefined) continue;
    run.checkpoint = detach(run.checkpoint, destination, { failureType, message }, nowMs);
    run.checkpoint = oweBlobs(run.checkpoint, destination, lacks);
    for (const { took } of run.works) took.delete(destination);
  }
  run.checkpoint = takeDeliveries(run.checkpoint, deliveries, { counts, nowMs, isLate });
  if (backfill !== undefined) run.checkpoint = countBackfill(run.checkpoint, backfill, deliveries, counts);
  run.world.keepLosses(run.checkpoint.losses);
  for (const { blob, has } of deliveries)
    if (has.length > 0) run.world.list(run.checkpoint.destinations, [blob]);
  const { missing } = openMemory(run.checkpoint);
  for (const { blob } of deliveries)
    for (const { took, window, ids } of run.works)
      if (startsIn({ startTime: blob.contentCreated }, window) && !ids.has(blob.contentId))
        for (const name of missing(blob)) took.delete(name);
}

/** Blobs for the same destinations together. */
function inBatches(blobs: readonly PendingBlob[]): (readonly PendingBlob[])[] {
  const groups = new Map<string, PendingBlob[]>();
  for (const blob of blobs) {
    const key = blob.destinations.join(' ');
    groups.set(key, [...(groups.get(key) ?? []), blob]);
  }
  return [...groups.values()].flatMap((group) => {
    const batches: PendingBlob[][] = [];
    for (let at = 0; at < group.length; at += batchSize) batches.push(group.slice(at, at + batchSize));
    return batches;
  });
}
