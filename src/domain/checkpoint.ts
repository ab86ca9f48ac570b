import type { BlobReference } from './content-blob.ts';
import type { Coverage } from './coverage.ts';
import { openIds, type DeliveredIds } from './delivered-ids.ts';
import { gapAt, type Gap } from './gaps.ts';
import { hourOf } from './hour.ts';
import type { Loss } from './losses.ts';
import type { QuarantinedBlob } from './quarantine.ts';
import { isoTime, parseTime, retentionMs, type TimeWindow } from './time-window.ts';

/**
 * What one subscription has done and what it owes: a readonly value with named transitions, carried from run to run of its
 * workflow. It is plain JSON, versioned, and holds ids, times and counts only.
 *
 * Every blob that was listed is accounted for, for each destination: it is remembered in `delivered` (or, inside a gap of a
 * destination, in that gap) once it is delivered, set aside in `quarantine`, or written down as lost.
 *
 * Transitions: `deliveries.ts` (what became of blobs), `progress.ts` (windows), `attachment.ts` (destinations), `backfill.ts`
 * (what operators ask for); `owed-work.ts` says what is to be done next.
 */
export interface Checkpoint {
  readonly version: 1;
  /** Where the subscription began (ISO): nothing older is swept. */
  readonly begin: string;
  /** End (exclusive, ISO) of the last finished live window: everything created before it is accounted for. */
  readonly position: string;
  /** Names of all destinations, as the configuration last named them. */
  readonly destinations: readonly string[];
  /** The contentIds that are accounted for, for every destination that has no gap there, per hour of `contentCreated`. */
  readonly delivered: Readonly<Record<string, DeliveredIds>>;
  /** Hours before this time are no longer remembered; undefined while all of the retention is. ISO. */
  readonly sweepHorizon?: string;
  readonly gaps: readonly Gap[];
  /** Destinations that are away: they failed where others succeeded. */
  readonly detached: Readonly<Record<string, Detached>>;
  /** Up to which `contentCreated` (ISO) content was listed again at each age (milliseconds). */
  readonly sweeps: Readonly<Record<string, string>>;
  /** What operators asked for, oldest request first. */
  readonly backfills: readonly Backfill[];
  readonly quarantine: readonly QuarantinedBlob[];
  /** Counts of the hours that the service still lists, or that do not stand in the ledger yet. */
  readonly coverage: Coverage;
  /** The hours before this one (`2026-11-22T10`) stand in the ledger. */
  readonly recordedUntil: string;
  /** Hours before that one whose counts have changed since they were written, or that were never written. */
  readonly amendedHours: readonly string[];
  readonly losses: readonly Loss[];
  readonly totals: DeliveryTotals;
  /** Microsoft collected next to nothing before this time, when the subscription was first started. ISO. */
  readonly collectedSince?: string;
}

/** A destination that is away. */
export interface Detached {
  /** ISO. */
  readonly since: string;
  /** Where the position stood then: blobs of the live window under way may be what it lacks. ISO. */
  readonly position: string;
  readonly failureType: string;
  readonly message: string;
}

export interface DeliveryTotals {
  /** Blobs that every destination has that was to get them. */
  readonly blobs: number;
  /** What these held. */
  readonly records: number;
  readonly bytes: number;
  /** Blobs that a destination had already, from an attempt whose acknowledgement was lost. */
  readonly repeats: number;
  readonly lost: number;
  /** Blobs that a sweep found. */
  readonly late: number;
}

/** A span that an operator asked for. */
export interface Backfill {
  readonly id: string;
  /** Where it goes on: moves forward as it is worked off. ISO. */
  readonly startTime: string;
  readonly endTime: string;
  /** As asked for, after what the service no longer lists was cut off. */
  readonly requested: TimeWindow;
  readonly destinations: readonly string[];
  readonly isResend: boolean;
  readonly isPaused: boolean;
  /** Id of the workflow that is told of the progress and the end. */
  readonly follower?: string;
  /** Blobs that were listed so far, and what became of them for each destination. */
  readonly listed: number;
  readonly outcomes: Readonly<Record<string, BackfillOutcome>>;
}

/** Blobs; what was listed and is none of these, the destination had already. */
export interface BackfillOutcome {
  readonly delivered: number;
  readonly records: number;
  readonly quarantined: number;
  readonly lost: number;
}

/** A checkpoint that has delivered nothing and begins at `position` (ISO). Nobody asked for what is older. */
export function beginAt(position: string, destinations: readonly string[]): Checkpoint {
  const begin = isoTime(parseTime(position));
  const before = { startTime: isoTime(parseTime(position) - retentionMs), endTime: begin };
  return {
    version: 1,
    begin,
    position: begin,
    destinations,
    delivered: {},
    gaps: destinations.map((destination) => ({ destination, ...before, isWanted: false, has: {} })),
    detached: {},
    sweeps: {},
    backfills: [],
    quarantine: [],
    coverage: {},
    recordedUntil: hourOf(begin),
    amendedHours: [],
    losses: [],
    totals: { blobs: 0, records: 0, bytes: 0, repeats: 0, lost: 0, late: 0 },
  };
}

/** The destinations that are not away. */
export function attachedDestinations({ destinations, detached }: Checkpoint): readonly string[] {
  return destinations.filter((destination) => detached[destination] === undefined);
}

/** What lies between the begin and the sweep horizon was accounted for; which blobs it was is not known any more. */
export function isForgotten({ begin, sweepHorizon }: Checkpoint, contentCreated: string): boolean {
  if (sweepHorizon === undefined) return false;
  const ms = parseTime(contentCreated);
  return ms >= parseTime(begin) && ms < parseTime(sweepHorizon);
}

/** What a checkpoint knows of single blobs. */
export interface Memory {
  /** Whether the blob is accounted for, for all destinations without a gap there. */
  readonly isDelivered: (blob: BlobReference) => boolean;
  /** Destinations that want the blob and are not accounted for. */
  readonly missing: (blob: BlobReference) => readonly string[];
}

/** Opens the memory of a checkpoint. Each hour is decoded once, so ask one opened memory for many blobs. */
export function openMemory(checkpoint: Checkpoint): Memory {
  const opened = new Map<DeliveredIds, ReturnType<typeof openIds>>();
  const has = (memory: DeliveredIds | undefined, contentId: string): boolean => {
    if (memory === undefined) return false;
    const ids = opened.get(memory) ?? openIds(memory);
    opened.set(memory, ids);
    return ids.has(contentId);
  };
  const isDelivered = ({ contentId, contentCreated }: BlobReference) =>
    isForgotten(checkpoint, contentCreated) || has(checkpoint.delivered[hourOf(contentCreated)], contentId);
  return {
    isDelivered,
    missing: (blob) =>
      checkpoint.destinations.filter((destination) => {
        const gap = gapAt(checkpoint.gaps, destination, blob.contentCreated);
        if (gap === undefined) return !isDelivered(blob);
        return gap.isWanted && !has(gap.has[hourOf(blob.contentCreated)], blob.contentId);
      }),
  };
}
