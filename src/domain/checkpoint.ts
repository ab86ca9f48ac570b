import type { BlobReference } from './content-blob.ts';
import { fingerprint, includesFingerprint } from './fingerprint.ts';
import { isoTime, parseTime, retentionMs } from './time-window.ts';

/**
 * What one subscription has done: a readonly value with named transitions, carried from run to run of its workflow.
 * It is plain JSON, versioned, and holds ids as fingerprints, times and counts only.
 */
export interface Checkpoint {
  readonly version: 1;
  /** End (exclusive, ISO) of the last finished live window: everything created before it is delivered or a loss. */
  readonly position: string;
  /** Fingerprints of delivered contentIds, joined, per hour of `contentCreated` (`2026-11-22T10`). */
  readonly delivered: Readonly<Record<string, string>>;
  /** Hours before this time are no longer remembered; undefined while all of the retention is. ISO. */
  readonly sweepHorizon?: string;
  readonly totals: DeliveryTotals;
  /** The newest losses, oldest first, at most {@link maxRememberedLosses}; `totals.lost` counts all. */
  readonly losses: readonly Loss[];
}

export interface DeliveryTotals {
  readonly blobs: number;
  readonly records: number;
  /** Bytes of records. */
  readonly bytes: number;
  /** Blobs that the destination had already, from an attempt whose acknowledgement was lost. */
  readonly repeats: number;
  readonly lost: number;
}

/** Something Microsoft listed, or may have listed, that cannot be had any more. */
export interface Loss {
  /** The span of `contentCreated`; both equal for a single blob. ISO. */
  readonly startTime: string;
  readonly endTime: string;
  readonly contentId?: string;
  readonly reason: string;
  /** When it was noticed. ISO. */
  readonly time: string;
}

/** What a delivery adds to the totals. */
export type DeliveredCounts = Pick<DeliveryTotals, 'records' | 'bytes' | 'repeats'>;

/** Losses kept in the value itself, for queries. */
export const maxRememberedLosses = 50;

/** Upper bound of the joined fingerprints: an argument above 2 MiB would wedge the workflow for ever. */
export const maxDeliveredBytes = 900_000;

/** A checkpoint that has delivered nothing and begins at `position` (ISO). */
export function beginAt(position: string): Checkpoint {
  return {
    version: 1,
    position: isoTime(parseTime(position)),
    delivered: {},
    totals: { blobs: 0, records: 0, bytes: 0, repeats: 0, lost: 0 },
    losses: [],
  };
}

/** Whether the blob has not been delivered, as far as the checkpoint remembers. */
export function isNew(checkpoint: Checkpoint, blob: BlobReference): boolean {
  const hour = checkpoint.delivered[hourOf(blob.contentCreated)];
  return hour === undefined || !includesFingerprint(hour, fingerprint(blob.contentId));
}

/** Remembers blobs as delivered. A blob that is remembered already counts once. */
export function acknowledge(
  checkpoint: Checkpoint,
  blobs: readonly BlobReference[],
  counts: DeliveredCounts,
): Checkpoint {
  const delivered: Record<string, string> = { ...checkpoint.delivered };
  let added = 0;
  for (const blob of blobs) {
    const hour = hourOf(blob.contentCreated);
    const mark = fingerprint(blob.contentId);
    const known = delivered[hour] ?? '';
    if (includesFingerprint(known, mark)) continue;
    delivered[hour] = known + mark;
    added++;
  }
  const { totals } = checkpoint;
  return bounded({
    ...checkpoint,
    delivered,
    totals: {
      ...totals,
      blobs: totals.blobs + added,
      records: totals.records + counts.records,
      bytes: totals.bytes + counts.bytes,
      repeats: totals.repeats + counts.repeats,
    },
  });
}

/**
 * Moves the position to the end of a finished window and forgets hours that are past the retention.
 *
 * @throws RangeError when the position would move back.
 */
export function advance(checkpoint: Checkpoint, position: string): Checkpoint {
  const positionMs = parseTime(position);
  if (positionMs < parseTime(checkpoint.position)) {
    throw new RangeError(`the position ${checkpoint.position} cannot move back to ${position}`);
  }
  const oldestHour = hourOf(isoTime(positionMs - retentionMs));
  const hours = Object.entries(checkpoint.delivered);
  const kept = hours.filter(([hour]) => hour >= oldestHour);
  return {
    ...checkpoint,
    position: isoTime(positionMs),
    delivered: kept.length === hours.length ? checkpoint.delivered : Object.fromEntries(kept),
  };
}

/** Writes down what cannot be had any more. */
export function recordLosses(checkpoint: Checkpoint, losses: readonly Loss[]): Checkpoint {
  if (losses.length === 0) return checkpoint;
  return {
    ...checkpoint,
    losses: [...checkpoint.losses, ...losses].slice(-maxRememberedLosses),
    totals: { ...checkpoint.totals, lost: checkpoint.totals.lost + losses.length },
  };
}

/** Forgets the oldest hours until the fingerprints fit, and says so in `sweepHorizon`. */
function bounded(checkpoint: Checkpoint): Checkpoint {
  const hours = Object.keys(checkpoint.delivered).toSorted();
  let size = hours.reduce((sum, hour) => sum + (checkpoint.delivered[hour]?.length ?? 0), 0);
  if (size <= maxDeliveredBytes) return checkpoint;
  const delivered = { ...checkpoint.delivered };
  let sweepHorizon = checkpoint.sweepHorizon;
  for (const hour of hours.slice(0, -1)) {
    if (size <= maxDeliveredBytes) break;
    size -= delivered[hour]?.length ?? 0;
    delete delivered[hour];
    sweepHorizon = isoTime(parseTime(`${hour}:00:00Z`) + 3_600_000);
  }
  return { ...checkpoint, delivered, ...(sweepHorizon !== undefined && { sweepHorizon }) };
}

function hourOf(contentCreated: string): string {
  return isoTime(parseTime(contentCreated)).slice(0, 13);
}
