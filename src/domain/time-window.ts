/** Windows of `contentCreated`: which span is asked of the service, and which part of the answer is accepted. */

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;

/** How long the service lists and serves content. Source: Management Activity API reference, "Working with the API". */
export const retentionMs = 7 * 24 * hourMs;

/**
 * A request reaches this much further than what is accepted of it, on both sides: a blob whose range of time is cut by the
 * start or end of a request may be listed in part, under another id. The longest range seen is 16 minutes.
 */
export const marginMs = 30 * minuteMs;

/** Longest accepted span: with both margins 23 h, as exactly 24 h have been refused with AF20055. */
export const maxAcceptedSpanMs = 22 * hourMs;

/** How far a request stays inside the retention: the service's clock and the time in transit eat some of it. */
const retentionGuardMs = 5 * minuteMs;

/** Start inclusive, end exclusive; ISO 8601 with `Z`. */
export interface TimeWindow {
  readonly startTime: string;
  readonly endTime: string;
}

export interface ListingPlan {
  /** Blobs created in this span belong to this listing. */
  readonly accepted: TimeWindow;
  /** The span to ask for, in whole seconds. */
  readonly requested: TimeWindow;
}

/**
 * Plans the next live listing: from the position to a settle time before now, at most 22 h, never beyond the retention.
 * `accepted.startTime` is later than the position where the service no longer serves what lies between: the caller
 * records that span as lost. Undefined while the position has reached the settle time.
 *
 * @throws RangeError for a position that is not a time.
 */
export function planLiveListing(options: {
  readonly position: string;
  /** The service's clock, in milliseconds since 1970. */
  readonly nowMs: number;
  readonly settleTimeMs: number;
}): ListingPlan | undefined {
  const startMs = Math.max(parseTime(options.position), oldestListedMs(options.nowMs));
  const endMs = Math.min(options.nowMs - options.settleTimeMs, startMs + maxAcceptedSpanMs);
  return endMs <= startMs ? undefined : withMargins(startMs, endMs);
}

/**
 * Plans the listing of a given span, as a sweep or a backfill owes it: at most 22 h from its start, never beyond the retention.
 * `accepted.startTime` is later than asked where the service no longer serves the beginning; undefined where it serves nothing
 * of the span any more.
 *
 * @throws RangeError for a window whose ends are no times.
 */
export function planOwedListing(options: {
  readonly window: TimeWindow;
  /** The service's clock, in milliseconds since 1970. */
  readonly nowMs: number;
}): ListingPlan | undefined {
  const startMs = Math.max(parseTime(options.window.startTime), oldestListedMs(options.nowMs));
  const endMs = Math.min(parseTime(options.window.endTime), startMs + maxAcceptedSpanMs);
  return endMs <= startMs ? undefined : withMargins(startMs, endMs);
}

/** From here on a listing is accepted, so that its margin lies inside the retention, too. */
export function oldestListedMs(nowMs: number): number {
  return nowMs - retentionMs + retentionGuardMs + marginMs;
}

function withMargins(startMs: number, endMs: number): ListingPlan {
  return {
    accepted: { startTime: isoTime(startMs), endTime: isoTime(endMs) },
    requested: {
      startTime: isoTime(Math.floor((startMs - marginMs) / 1000) * 1000),
      endTime: isoTime(Math.ceil((endMs + marginMs) / 1000) * 1000),
    },
  };
}

/**
 * Whether a listed blob is this listing's to deliver: created inside the accepted span, or outside the requested span
 * altogether (the service lists what was not asked for). What lies in the margins is left to the window it belongs to.
 */
export function isAccepted(contentCreated: string, plan: ListingPlan): boolean {
  return isWithin(contentCreated, plan.accepted) || !isWithin(contentCreated, plan.requested);
}

/** How much of a listing one result may hold. */
export interface ListingBounds {
  readonly blobs: number;
  /** Characters of contentIds and contentUris together, which are bytes, as both are ASCII. */
  readonly bytes: number;
}

interface Listed {
  readonly contentId: string;
  readonly contentCreated: string;
  readonly contentUri?: string;
}

/**
 * Cuts a listing, oldest first, to the bounds and says up to which `contentCreated` (exclusive) it is complete. Blobs that
 * share one `contentCreated` stay together, and there is always one: a cut listing may be a little beyond the bounds.
 */
export function boundListing<Blob extends Listed>(
  blobs: readonly Blob[],
  accepted: TimeWindow,
  bounds: ListingBounds,
): { readonly blobs: readonly Blob[]; readonly completeUntil: string } {
  const oldestFirst = blobs.toSorted((a, b) => parseTime(a.contentCreated) - parseTime(b.contentCreated));
  const end = countWithin(oldestFirst, bounds);
  const firstLeft = oldestFirst[end];
  if (firstLeft === undefined) return { blobs: oldestFirst, completeUntil: accepted.endTime };
  const completeUntilMs = Math.max(
    parseTime(accepted.startTime),
    Math.min(parseTime(firstLeft.contentCreated), parseTime(accepted.endTime)),
  );
  return { blobs: oldestFirst.slice(0, end), completeUntil: isoTime(completeUntilMs) };
}

/** How many of the oldest blobs are within the bounds, whole instants. */
function countWithin(oldestFirst: readonly Listed[], bounds: ListingBounds): number {
  let bytes = 0;
  let instantMs: number | undefined;
  for (const [index, { contentId, contentCreated, contentUri = '' }] of oldestFirst.entries()) {
    const createdMs = parseTime(contentCreated);
    bytes += contentId.length + contentUri.length;
    const isFull = index >= bounds.blobs || bytes > bounds.bytes;
    if (isFull && instantMs !== undefined && createdMs !== instantMs) return index;
    instantMs = createdMs;
  }
  return oldestFirst.length;
}

/** Milliseconds since 1970. A time without zone is UTC, as Microsoft writes it. @throws RangeError if it is no time. */
export function parseTime(time: string): number {
  const hasZone = /(?:Z|[+-]\d\d:?\d\d)$/i.test(time);
  const ms = Date.parse(hasZone || !time.includes('T') ? time : `${time}Z`);
  if (Number.isNaN(ms)) throw new RangeError(`not an ISO 8601 time: ${time}`);
  return ms;
}

/** ISO 8601 in UTC with milliseconds and `Z`. */
export function isoTime(ms: number): string {
  return new Date(ms).toISOString();
}

function isWithin(time: string, window: TimeWindow): boolean {
  const ms = parseTime(time);
  return ms >= parseTime(window.startTime) && ms < parseTime(window.endTime);
}
