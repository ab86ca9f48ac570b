/**
 * Gaps: spans of `contentCreated` for which the common memory of delivered blobs does not speak for a destination.
 *
 * All destinations share one memory (`Checkpoint.delivered`). A destination that was away, was added later, or is to get a span
 * again has a gap there, with a memory of its own of what it has within it. A gap that is wanted is owed and worked off from its
 * start; one that is not wanted is content that nobody asked for. Gaps of one destination never overlap.
 */

import { addIds, type DeliveredIds } from './delivered-ids.ts';
import { endOfHour, startOfHour } from './hour.ts';
import { isoTime, parseTime, type TimeWindow } from './time-window.ts';

export interface Gap {
  readonly destination: string;
  /** Inclusive, ISO. Moves forward as the gap is worked off. */
  readonly startTime: string;
  /** Exclusive, ISO. Undefined while the destination is away: the gap grows with the position. */
  readonly endTime?: string;
  /** Whether the destination is owed what it does not have. */
  readonly isWanted: boolean;
  /** Id of the backfill that asked for it. */
  readonly backfill?: string;
  /** The destination gets again what it has: before the gap was opened, the common memory spoke for it. */
  readonly isResend?: true;
  /** What the destination has within the gap, per hour. */
  readonly has: Readonly<Record<string, DeliveredIds>>;
}

/** The gap of a destination that a time lies in. */
export function gapAt(gaps: readonly Gap[], destination: string, time: string): Gap | undefined {
  const ms = parseTime(time);
  return gaps.find(
    (gap) => gap.destination === destination && ms >= parseTime(gap.startTime) && ms < endMs(gap),
  );
}

/** Whether a gap and a window have a moment in common. */
export function overlaps(gap: Gap, window: TimeWindow): boolean {
  return parseTime(gap.startTime) < parseTime(window.endTime) && parseTime(window.startTime) < endMs(gap);
}

/** Adds a gap where its destination has none yet: the parts that are covered already stay as they are. An empty one is none. */
export function openGap(gaps: readonly Gap[], opened: Gap): readonly Gap[] {
  const covering = gaps.filter(({ destination }) => destination === opened.destination);
  let parts: readonly Gap[] = between(opened, Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY);
  for (const covered of covering) parts = parts.flatMap((part) => without(part, covered));
  return parts.length === 0 ? gaps : [...gaps, ...parts];
}

/** Makes wanted, for a backfill, what a destination was not owed within a window. */
export function wantGaps(
  gaps: readonly Gap[],
  destination: string,
  window: TimeWindow,
  backfill: string,
): readonly Gap[] {
  const unwanted = gaps.filter(
    (gap) => gap.destination === destination && !gap.isWanted && overlaps(gap, window),
  );
  return unwanted
    .flatMap((gap) => between(gap, parseTime(window.startTime), parseTime(window.endTime)))
    .reduce<readonly Gap[]>((all, gap) => replaceGap(all, { ...gap, isWanted: true, backfill }), gaps);
}

/** Remembers that a destination has blobs of its gap. Ids by hour. */
export function rememberInGap(
  gaps: readonly Gap[],
  filled: Gap,
  ids: ReadonlyMap<string, readonly string[]>,
): readonly Gap[] {
  const has: Record<string, DeliveredIds> = { ...filled.has };
  for (const [hour, contentIds] of ids) has[hour] = addIds(has[hour] ?? '', contentIds).memory;
  return gaps.map((gap) => (gap === filled ? { ...gap, has } : gap));
}

/**
 * A window was worked through for a destination: its wanted gap that starts in it starts at its end now, or is gone. Behind its
 * start the common memory speaks for the destination again.
 */
export function workOffGaps(gaps: readonly Gap[], destination: string, window: TimeWindow): readonly Gap[] {
  return gaps.flatMap((gap) => {
    if (gap.destination !== destination || !gap.isWanted || !startsIn(gap, window)) return [gap];
    return between(gap, parseTime(window.endTime), Number.POSITIVE_INFINITY);
  });
}

/** Ends a gap that grew with the position. */
export function closeGap(gaps: readonly Gap[], destination: string, endTime: string): readonly Gap[] {
  return gaps.flatMap((gap) => {
    if (gap.destination !== destination || gap.endTime !== undefined) return [gap];
    return between(gap, Number.NEGATIVE_INFINITY, parseTime(endTime));
  });
}

/** Forgets what lies before a time: the service does not list it any more. */
export function forgetGaps(gaps: readonly Gap[], time: string): readonly Gap[] {
  const ms = parseTime(time);
  const isOlder = (gap: Gap) => parseTime(gap.startTime) < ms;
  return gaps.flatMap((gap) => (isOlder(gap) ? between(gap, ms, Number.POSITIVE_INFINITY) : [gap]));
}

export function startsIn({ startTime }: { readonly startTime: string }, window: TimeWindow): boolean {
  const ms = parseTime(startTime);
  return ms >= parseTime(window.startTime) && ms < parseTime(window.endTime);
}

/** Puts a gap in the place of what its destination had there. */
function replaceGap(gaps: readonly Gap[], replacing: Gap): readonly Gap[] {
  const kept = gaps.flatMap((gap) =>
    gap.destination === replacing.destination ? without(gap, replacing) : [gap],
  );
  return [...kept, replacing];
}

/** What remains of a gap outside another span. */
function without(gap: Gap, span: Pick<Gap, 'startTime' | 'endTime'>): Gap[] {
  const [fromMs, toMs] = [parseTime(span.startTime), endMs(span)];
  return [...between(gap, Number.NEGATIVE_INFINITY, fromMs), ...between(gap, toMs, Number.POSITIVE_INFINITY)];
}

/** The part of a gap between two times (ms), with the memory of its hours; none if it is empty. */
function between(gap: Gap, fromMs: number, toMs: number): Gap[] {
  const startMs = Math.max(parseTime(gap.startTime), fromMs);
  const limitMs = Math.min(endMs(gap), toMs);
  if (startMs >= limitMs) return [];
  const hours = Object.entries(gap.has).filter(
    ([hour]) => parseTime(endOfHour(hour)) > startMs && parseTime(startOfHour(hour)) < limitMs,
  );
  const end = limitMs === Number.POSITIVE_INFINITY ? {} : { endTime: isoTime(limitMs) };
  return [{ ...gap, startTime: isoTime(startMs), ...end, has: Object.fromEntries(hours) }];
}

function endMs({ endTime }: Pick<Gap, 'endTime'>): number {
  return endTime === undefined ? Number.POSITIVE_INFINITY : parseTime(endTime);
}
