import type { Checkpoint } from './checkpoint.ts';
import type { DeliveredIds } from './delivered-ids.ts';
import { overlaps, type Gap } from './gaps.ts';
import { endOfHour, hourOf, hoursOf } from './hour.ts';
import { isoTime, maxAcceptedSpanMs, oldestListedMs, parseTime, type TimeWindow } from './time-window.ts';

/** Which span is to be listed next, beside live work: sweeps, backfills, gaps of destinations. All are worked off alike. */

export interface OwedWork {
  readonly kind: 'sweep' | 'gap' | 'backfill';
  /** The span to list, at most 22 h. */
  readonly window: TimeWindow;
  /** Of the backfill. */
  readonly id?: string;
  /** The destination that is owed a gap. */
  readonly destination?: string;
}

const hourMs = 3_600_000;

/** Characters of memory that one listing is given, so that only what is unknown comes back. */
const maxKnownSize = 64 * 1024;

/**
 * What is owed to the attached destinations, nearest expiry first; undefined while nothing is due. The gap of a
 * backfill is worked off by the backfill.
 */
export function nextOwed(
  checkpoint: Checkpoint,
  nowMs: number,
  options: { readonly isBackfillOnly?: boolean } = {},
): OwedWork | undefined {
  const backfills = checkpoint.backfills
    .filter(({ isPaused }) => !isPaused)
    .map(({ id, startTime, endTime }): OwedWork => ({
      kind: 'backfill',
      id,
      window: { startTime, endTime },
    }));
  if (options.isBackfillOnly === true) return nearest(backfills, checkpoint);
  const gaps = checkpoint.gaps
    .filter(({ destination }) => checkpoint.detached[destination] === undefined)
    .filter(({ isWanted, backfill }) => isWanted && backfill === undefined)
    .map((gap) => gapWork(checkpoint, gap));
  const sweeps = Object.entries(checkpoint.sweeps).flatMap(([age, cursor]): OwedWork[] => {
    const startMs = Math.max(parseTime(cursor), sweepFloorMs(checkpoint, nowMs));
    const endMs = Math.min(nowMs - Number(age), parseTime(checkpoint.position));
    if (!isSweepDue(Number(age), startMs, endMs, nowMs)) return [];
    return [{ kind: 'sweep', window: { startTime: isoTime(startMs), endTime: isoTime(endMs) } }];
  });
  return nearest([...backfills, ...gaps, ...sweeps], checkpoint);
}

/** What is owed to one destination that is away; undefined while it has caught up. */
export function nextOwedTo(checkpoint: Checkpoint, destination: string): OwedWork | undefined {
  const gaps = checkpoint.gaps.filter((gap) => gap.isWanted && gap.destination === destination);
  return nearest(
    gaps.map((gap) => gapWork(checkpoint, gap)),
    checkpoint,
  );
}

/** When the next sweep is due if the position stays where it is, in milliseconds since 1970; infinite without one. */
export function nextSweepMs({ sweeps, position }: Checkpoint): number {
  const due = Object.entries(sweeps).map(([age, cursor]) => {
    const stepMs = sweepStepMs(Number(age));
    const leftMs = parseTime(position) - parseTime(cursor);
    if (leftMs <= 0) return Number.POSITIVE_INFINITY;
    return Number(age) + stepMs + (leftMs >= stepMs ? parseTime(cursor) : parseTime(position));
  });
  return due.reduce((soonest, ms) => Math.min(soonest, ms), Number.POSITIVE_INFINITY);
}

/** A step is due, or what is left of one before a position that has not moved for as long. */
function isSweepDue(ageMs: number, startMs: number, endMs: number, nowMs: number): boolean {
  const stepMs = sweepStepMs(ageMs);
  return endMs - startMs >= stepMs || (endMs > startMs && nowMs - ageMs - endMs >= stepMs);
}

/**
 * What a listing of a window need not return, per hour: what is accounted for. Hours in which a destination is owed something
 * are left out, since there the common memory does not speak for it.
 */
export function knownIn(checkpoint: Checkpoint, window: TimeWindow): Readonly<Record<string, DeliveredIds>> {
  const known: Record<string, DeliveredIds> = {};
  for (const hour of hoursOf(window)) {
    const ids = checkpoint.delivered[hour];
    const span = { startTime: `${hour}:00:00.000Z`, endTime: endOfHour(hour) };
    const isOwed = checkpoint.gaps.some((gap) => gap.isWanted && overlaps(gap, span));
    if (ids !== undefined && ids.length <= maxKnownSize && !isOwed) known[hour] = ids;
  }
  return known;
}

/**
 * Content is listed again at an age in steps: every hour for ages of hours, less often for great ages, where a late blob is
 * late anyway.
 */
export function sweepStepMs(ageMs: number): number {
  if (ageMs <= 4 * hourMs) return Math.min(ageMs, hourMs);
  return Math.min(ageMs / 4, maxAcceptedSpanMs);
}

/** Sweeps go back no further: what is older is not listed any more, not remembered, or from before the subscription's begin. */
export function sweepFloorMs({ begin, sweepHorizon }: Checkpoint, nowMs: number): number {
  return Math.max(parseTime(begin), parseTime(sweepHorizon ?? begin), oldestListedMs(nowMs));
}

function gapWork({ position }: Checkpoint, { startTime, endTime, destination }: Gap): OwedWork {
  return { kind: 'gap', destination, window: { startTime, endTime: endTime ?? position } };
}

/** The work that starts earliest, cut to what one listing may cover. */
function nearest(candidates: readonly OwedWork[], checkpoint: Checkpoint): OwedWork | undefined {
  const [first] = candidates
    .filter(({ window }) => parseTime(window.startTime) < parseTime(window.endTime))
    .toSorted((a, b) => parseTime(a.window.startTime) - parseTime(b.window.startTime));
  if (first === undefined) return undefined;
  const { startTime } = first.window;
  const endMs = Math.min(parseTime(first.window.endTime), parseTime(startTime) + maxAcceptedSpanMs);
  return { ...first, window: fitting(checkpoint, { startTime, endTime: isoTime(endMs) }) };
}

/** A window whose memory stays within the bound: cut at a full hour, never to less than one. */
function fitting({ delivered }: Checkpoint, window: TimeWindow): TimeWindow {
  let size = 0;
  for (const hour of hoursOf(window)) {
    size += delivered[hour]?.length ?? 0;
    if (size > maxKnownSize && hour !== hourOf(window.startTime))
      return { startTime: window.startTime, endTime: `${hour}:00:00.000Z` };
  }
  return window;
}
