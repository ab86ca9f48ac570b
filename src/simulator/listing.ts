import { apiError, apiJson } from './answer.ts';
import type { Answer } from './answer.ts';
import { blobsBetween, longestRangeMs } from './blobs.ts';
import type { Call } from './call.ts';
import { itemOf } from './content-item.ts';
import { blobInWindow } from './cut-blobs.ts';
import type { ListedBlob, Window } from './cut-blobs.ts';
import type { ServiceRules } from './options.ts';
import type { SubscriptionPopulation } from './population.ts';
import { positionOf, timeOfPosition } from './position.ts';
import { randomFrom } from './random.ts';
import { visibleParts } from './subscription-states.ts';
import type { VisibleSpan } from './subscription-states.ts';

/** How far beyond its window a listing reaches by the rule `itemsOutsideWindow`. */
const outsideMs = 3_600_000;

export interface Listing {
  readonly subscription: SubscriptionPopulation;
  readonly visible: readonly VisibleSpan[];
  readonly window: Window;
  /** Content that is visible before this time (exclusive) is available. */
  readonly availableUntilMs: number;
  readonly rules: ServiceRules;
  /** Only these blobs, by contentId, with the time at which a webhook was told of them. */
  readonly sent?: ReadonlyMap<string, number> | undefined;
}

/** One page of a window. */
export interface Page {
  readonly answer: Answer;
  readonly blobs: readonly ListedBlob[];
  /** The part of the window that it covers. */
  readonly covered: Window;
}

/** One page of a window, or the refusal of its link. */
export function answerListing(call: Call, listing: Listing): Page | Answer {
  const from = pageStart(call, listing);
  if (from === undefined) return invalidNextPage(call);
  const { pageSize, shufflePages, emptyFirstPage } = listing.rules;
  const size = emptyFirstPage && from.position === '' ? 0 : pageSize;
  const blobs: ListedBlob[] = [];
  let next: ListedBlob | undefined;
  for (const listed of listedBlobs(listing, from.timeMs)) {
    if (listed.lastPosition < from.position) continue;
    if (blobs.length === size) {
      next = listed;
      break;
    }
    blobs.push(listed);
  }
  const shown = shufflePages ? shuffled(blobs, listing.subscription) : blobs;
  const items = shown.map((listed) => listedItem(call, listing, listed));
  const startMs = Math.max(from.timeMs, listing.window.startMs);
  const endMs = Math.min(next?.createdMs ?? listing.window.endMs, listing.availableUntilMs);
  const answer = apiJson(items, next && nextPageUri(call, listing, next));
  return { answer, blobs, covered: { startMs, endMs } };
}

export function invalidNextPage({ parameters }: Call): Answer {
  return apiError(400, 'AF20031', `Invalid nextPage Input: ${parameters.get('nextpage') ?? ''}`);
}

/** In the order of their positions, from a time on. Lazy: a page costs what it holds. */
function* listedBlobs(listing: Listing, fromMs: number): Generator<ListedBlob> {
  const { endMs } = shownWindow(listing);
  yield* within(listing, fromMs, endMs - 1);
  // What the end cuts is listed within the last millisecond, among the blobs that belong there.
  const last = [
    ...within(listing, Math.max(fromMs, endMs - 1), endMs),
    ...within(listing, endMs, endMs + longestRangeMs),
  ];
  yield* last.toSorted((a, b) => (a.lastPosition < b.lastPosition ? -1 : 1));
}

/** The visible blobs created from `fromMs` (inclusive) to `untilMs` (exclusive), as the window shows them. */
function* within(listing: Listing, fromMs: number, untilMs: number): Generator<ListedBlob> {
  const { subscription, visible, availableUntilMs, rules, sent } = listing;
  const window = shownWindow(listing);
  for (const part of visibleParts(visible, fromMs, Math.min(untilMs, availableUntilMs)))
    for (const blob of blobsBetween(subscription, part.fromMs, part.untilMs)) {
      if (blob.visibleMs >= availableUntilMs || blob.firstMs >= window.endMs) continue;
      const listed = blobInWindow(subscription, blob, window, rules.cut);
      if (listed && (sent === undefined || sent.has(listed.contentId))) yield listed;
    }
}

function shownWindow({ window, rules }: Listing): Window {
  const reachMs = rules.itemsOutsideWindow ? outsideMs : 0;
  return { startMs: window.startMs - reachMs, endMs: window.endMs + reachMs };
}

/** Where a page starts: at the window's start, or where its link says, which must be a link of this window. */
function pageStart(
  { parameters }: Call,
  listing: Listing,
): { readonly timeMs: number; readonly position: string } | undefined {
  const { window, subscription } = listing;
  const { startMs } = shownWindow(listing);
  const nextPage = parameters.get('nextpage');
  if (nextPage === undefined) return { timeMs: startMs, position: '' };
  const [position = '', windowStart, scaleUnit] = nextPage.split('$');
  const timeMs = timeOfPosition(position);
  const isOfThisWindow =
    timeMs !== undefined && timeMs >= startMs && windowStart === positionOf(window.startMs, 0);
  return isOfThisWindow && scaleUnit === subscription.scaleUnit ? { timeMs, position } : undefined;
}

/** The real form of a link: lower-case names, seven digits of a fraction, raw `$` and `:`, no PublisherIdentifier. */
function nextPageUri(call: Call, { subscription, window }: Listing, next: ListedBlob): string {
  const sevenDigits = (timeMs: number) => new Date(timeMs).toISOString().replace('Z', '0000Z');
  const token = [next.lastPosition, positionOf(window.startMs, 0), subscription.scaleUnit].join('$');
  const place = call.operation === 'notifications' ? 'notifications' : 'content';
  return (
    `${call.origin}/api/v1.0/${subscription.tenantId}/activity/feed/subscriptions/${place}` +
    `?contenttype=${subscription.contentType}&endtime=${sevenDigits(window.endMs)}` +
    `&starttime=${sevenDigits(window.startMs)}&nextpage=${token}`
  );
}

function listedItem(call: Call, { subscription, rules, sent }: Listing, listed: ListedBlob) {
  const { blob, contentId, createdMs } = listed;
  const place = { origin: call.origin, subscription, expirationDays: rules.expirationDays };
  const item = itemOf(place, { ...blob, contentId, createdMs });
  const sentMs = sent?.get(contentId);
  return sentMs === undefined
    ? item
    : { ...item, notificationSent: new Date(sentMs).toISOString(), notificationStatus: 'Succeeded' };
}

/** The same items at each call. */
function shuffled(blobs: readonly ListedBlob[], { key }: SubscriptionPopulation): readonly ListedBlob[] {
  return blobs
    .map((listed) => ({ listed, rank: randomFrom(key, listed.blob.index, -3)() }))
    .toSorted((a, b) => a.rank - b.rank)
    .map(({ listed }) => listed);
}
