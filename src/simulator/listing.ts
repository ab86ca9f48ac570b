import { apiError, apiJson } from './answer.ts';
import type { Answer } from './answer.ts';
import { blobsBetween, retentionMs } from './blobs.ts';
import type { SimulatedBlob } from './blobs.ts';
import type { Call } from './call.ts';
import type { SubscriptionPopulation } from './population.ts';
import { positionOf, timeOfPosition } from './position.ts';
import { visibleParts } from './subscription-states.ts';
import type { VisibleSpan } from './subscription-states.ts';

const dayMs = 24 * 3_600_000;

/** Start inclusive, end exclusive, both of `contentCreated`. */
export interface Window {
  readonly startMs: number;
  readonly endMs: number;
}

/** A window the service would accept, or its refusal. Without times: the last 24 hours. */
export function windowOf({ parameters }: Call, nowMs: number): Window | Answer {
  const startTime = parameters.get('starttime');
  const endTime = parameters.get('endtime');
  if (startTime === undefined && endTime === undefined) return { startMs: nowMs - dayMs, endMs: nowMs };
  if (startTime === undefined || endTime === undefined) return windowRefused();
  const startMs = parseTime(startTime);
  const endMs = parseTime(endTime);
  if (startMs === undefined) return invalidParameter('startTime', 'datetime');
  if (endMs === undefined) return invalidParameter('endTime', 'datetime');
  const isAcceptable = startMs < endMs && endMs - startMs <= dayMs && startMs >= nowMs - retentionMs;
  return isAcceptable ? { startMs, endMs } : windowRefused();
}

/** Whether a window spans more than the 24 hours that are allowed. */
export function isOver24Hours({ parameters }: Call): boolean {
  const startMs = parseTime(parameters.get('starttime') ?? '');
  const endMs = parseTime(parameters.get('endtime') ?? '');
  return startMs !== undefined && endMs !== undefined && endMs - startMs > dayMs;
}

export function invalidParameter(name: string, expected: 'datetime' | 'guid'): Answer {
  return apiError(400, 'AF20002', `Invalid parameter type: ${name}. Expected type: ${expected}`);
}

function windowRefused(): Answer {
  return apiError(
    400,
    'AF20055',
    'Start time and end time must both be specified (or both omitted) and must be less than or equal to 24 hours apart, ' +
      'with the start time prior to end time and start time no more than 7 days in the past.',
  );
}

/**
 * The documented forms and those observed: a date, minutes or seconds, up to seven digits of a fraction, `Z`, an offset. A raw
 * `+` arrives as a space and is refused.
 */
function parseTime(text: string): number | undefined {
  const match = /^(\d{4}-\d\d-\d\d)(?:T(\d\d:\d\d)(?::(\d\d)(?:\.(\d{1,7}))?)?(Z|[+-]\d\d:\d\d)?)?$/.exec(
    text,
  );
  if (match === null) return undefined;
  const [, date, minutes = '00:00', seconds = '00', digits = '', zone = 'Z'] = match;
  const time = Date.parse(`${date}T${minutes}:${seconds}.${digits.slice(0, 3).padEnd(3, '0')}${zone}`);
  return Number.isNaN(time) ? undefined : time;
}

export interface Listing {
  readonly subscription: SubscriptionPopulation;
  readonly visible: readonly VisibleSpan[];
  readonly window: Window;
  /** Content created before this time (exclusive) is available. */
  readonly availableUntilMs: number;
  readonly pageSize: number;
}

/** One page of a window and the blobs on it, or the refusal of its link. */
export function answerListing(
  call: Call,
  listing: Listing,
): { readonly answer: Answer; readonly blobs: readonly SimulatedBlob[] } {
  const from = pageStart(call, listing);
  if (from === undefined) {
    const nextPage = call.parameters.get('nextpage') ?? '';
    return { answer: apiError(400, 'AF20031', `Invalid nextPage Input: ${nextPage}`), blobs: [] };
  }
  const blobs: SimulatedBlob[] = [];
  let next: SimulatedBlob | undefined;
  for (const blob of visibleBlobs(listing, from.timeMs)) {
    if (blob.createdMs === from.timeMs && blob.lastPosition < from.position) continue;
    if (blobs.length === listing.pageSize) {
      next = blob;
      break;
    }
    blobs.push(blob);
  }
  const items = blobs.map((blob) => itemOf(call, listing.subscription, blob));
  return { answer: apiJson(items, next && nextPageUri(call, listing, next)), blobs };
}

function* visibleBlobs(
  { subscription, visible, window, availableUntilMs }: Listing,
  fromMs: number,
): Generator<SimulatedBlob> {
  const untilMs = Math.min(window.endMs, availableUntilMs);
  for (const part of visibleParts(visible, fromMs, untilMs))
    yield* blobsBetween(subscription, part.fromMs, part.untilMs);
}

/** Where a page starts: at the window's start, or where its link says, which must be a link of this window. */
function pageStart(
  { parameters }: Call,
  { window, subscription }: Listing,
): { readonly timeMs: number; readonly position: string } | undefined {
  const nextPage = parameters.get('nextpage');
  if (nextPage === undefined) return { timeMs: window.startMs, position: '' };
  const [position = '', windowStart, scaleUnit] = nextPage.split('$');
  const timeMs = timeOfPosition(position);
  const isOfThisWindow =
    timeMs !== undefined && timeMs >= window.startMs && windowStart === positionOf(window.startMs, 0);
  return isOfThisWindow && scaleUnit === subscription.scaleUnit ? { timeMs, position } : undefined;
}

/** The real form of a link: lower-case names, seven digits of a fraction, raw `$` and `:`, no PublisherIdentifier. */
function nextPageUri(call: Call, { subscription, window }: Listing, next: SimulatedBlob): string {
  const sevenDigits = (timeMs: number) => new Date(timeMs).toISOString().replace('Z', '0000Z');
  const token = [next.lastPosition, positionOf(window.startMs, 0), subscription.scaleUnit].join('$');
  return (
    `${call.origin}/api/v1.0/${subscription.tenantId}/activity/feed/subscriptions/content` +
    `?contenttype=${subscription.contentType}&endtime=${sevenDigits(window.endMs)}` +
    `&starttime=${sevenDigits(window.startMs)}&nextpage=${token}`
  );
}

function itemOf({ origin }: Call, { tenantId, contentType }: SubscriptionPopulation, blob: SimulatedBlob) {
  return {
    contentType,
    contentId: blob.contentId,
    contentUri: `${origin}/api/v1.0/${tenantId}/activity/feed/audit/${blob.contentId}`,
    contentCreated: new Date(blob.createdMs).toISOString(),
    contentExpiration: new Date(blob.expirationMs).toISOString(),
  };
}
