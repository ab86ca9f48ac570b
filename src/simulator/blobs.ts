import { below, fraction, randomFrom } from './random.ts';
import type { RecordStyle } from './event-templates.ts';
import type { SubscriptionPopulation } from './population.ts';
import { positionOf, timeOfPosition } from './position.ts';

/**
 * Retention of a blob. Management Activity API reference: content stays retrievable seven days. (A live tenant of 2026 showed
 * a `contentExpiration` of 20 days all the same.)
 */
export const retentionMs = 7 * 24 * 3_600_000;

/** Longest range seen between the two positions of a contentId. */
const longestRangeMs = 16 * 60_000;

export interface SimulatedBlob {
  /** Number within the subscription, from 0, in the order of `createdMs`. */
  readonly index: number;
  readonly contentId: string;
  /** When it becomes available; `contentCreated` of a listing. */
  readonly createdMs: number;
  readonly expirationMs: number;
  readonly firstPosition: string;
  readonly lastPosition: string;
  readonly recordCount: number;
  readonly style: RecordStyle;
  readonly hasByteOrderMark: boolean;
  readonly hasOuterWhitespace: boolean;
}

/** Blob number `index`, which is not checked to exist. */
export function blobAt(subscription: SubscriptionPopulation, index: number): SimulatedBlob {
  const random = randomFrom(subscription.key, index);
  random(); // the first number places the blob within its span
  const [fewest, most] = subscription.recordsPerBlob;
  const recordCount = fewest + below(random, most - fewest + 1);
  const style = styleFrom(fraction(random));
  const hasByteOrderMark = fraction(random) < 0.03;
  const hasOuterWhitespace = fraction(random) < 0.05;
  const createdMs = createdAt(subscription, index);
  // Two blobs of one millisecond differ in their last six digits, in the order of their numbers.
  const lastPosition = positionOf(createdMs, (index % 2) * 500_000 + below(random, 500_000));
  const isSingleChunk = fraction(random) < 0.6;
  const firstMs = createdMs - 1 - Math.floor(longestRangeMs * fraction(random) ** 3);
  const firstPosition = isSingleChunk ? lastPosition : positionOf(firstMs, below(random, 1_000_000));
  return {
    index,
    contentId: [
      firstPosition,
      lastPosition,
      ...container(subscription.contentType),
      subscription.scaleUnit,
    ].join('$'),
    createdMs,
    expirationMs: (isSingleChunk ? createdMs : firstMs) + retentionMs,
    firstPosition,
    lastPosition,
    recordCount,
    style,
    hasByteOrderMark,
    hasOuterWhitespace,
  };
}

/** Blobs created from `fromMs` (inclusive) to `untilMs` (exclusive), in order. Lazy: a page costs what it holds. */
export function* blobsBetween(
  subscription: SubscriptionPopulation,
  fromMs: number,
  untilMs: number,
): Generator<SimulatedBlob> {
  for (const index of indexesBetween(subscription, fromMs, untilMs)) yield blobAt(subscription, index);
}

/** The numbers of these blobs: cheaper where only they count. */
export function* indexesBetween(
  subscription: SubscriptionPopulation,
  fromMs: number,
  untilMs: number,
): Generator<number> {
  const { history, live } = subscription;
  const end = live.everyMs > 0 ? Infinity : history.blobs;
  for (let index = indexBefore(subscription, fromMs); index < end; index++) {
    const createdMs = createdAt(subscription, index);
    if (createdMs >= untilMs) return;
    if (createdMs >= fromMs) yield index;
  }
}

/** The blob of this id, whether or not it is visible yet; `undefined` when the subscription has none such. */
export function findBlob(subscription: SubscriptionPopulation, contentId: string): SimulatedBlob | undefined {
  const createdMs = timeOfPosition(contentId.split('$')[1] ?? '');
  if (createdMs === undefined) return undefined;
  for (const blob of blobsBetween(subscription, createdMs, createdMs + 1))
    if (blob.contentId === contentId) return blob;
  return undefined;
}

/** Container and table of a contentId: `audit_sharepoint`, `Audit_SharePoint`. */
function container(contentType: string): [string, string] {
  const table = contentType.replaceAll('.', '_');
  return [table.toLowerCase(), table];
}

function createdAt(subscription: SubscriptionPopulation, index: number): number {
  const isTwin = index % 2 === 1 && index !== subscription.history.blobs && hasTwin(subscription, index - 1);
  const placed = isTwin ? index - 1 : index;
  const span = spanOf(subscription, placed);
  return span.startMs + Math.floor(fraction(randomFrom(subscription.key, placed)) * span.lengthMs);
}

/** Now and then two blobs become available in the same millisecond: a time is no identity. */
function hasTwin(subscription: SubscriptionPopulation, index: number): boolean {
  return fraction(randomFrom(subscription.key, index, -1)) < 0.1;
}

function spanOf({ history, live }: SubscriptionPopulation, index: number) {
  const [start, everyMs, number] =
    index < history.blobs
      ? [history.startTimeMs, history.everyMs, index]
      : [live.startTimeMs, live.everyMs, index - history.blobs];
  const startMs = Math.ceil(start + number * everyMs);
  return { startMs, lengthMs: Math.ceil(start + (number + 1) * everyMs) - startMs };
}

/** A number that lies before the first blob of this time or later, by at most a few. */
function indexBefore({ history, live }: SubscriptionPopulation, timeMs: number): number {
  const inHistory = Math.floor((timeMs - history.startTimeMs) / history.everyMs);
  const isLive = live.everyMs > 0 && timeMs > live.startTimeMs;
  const index = isLive
    ? history.blobs + Math.floor((timeMs - live.startTimeMs) / live.everyMs)
    : Math.min(inHistory, history.blobs);
  return Math.max(0, index - 2);
}

function styleFrom(share: number): RecordStyle {
  if (share < 0.1) return 'lines';
  return share < 0.2 ? 'crlfLines' : 'compact';
}
