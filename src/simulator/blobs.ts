import { below, fraction, randomFrom } from './random.ts';
import { averageEventBytes } from './event-templates.ts';
import type { RecordStyle } from './event-templates.ts';
import type { SubscriptionPopulation } from './population.ts';
import { positionOf, timeOfPosition } from './position.ts';

/**
 * Retention of a blob. Management Activity API reference: content stays retrievable seven days. (A live tenant of 2026 showed
 * a `contentExpiration` of 20 days all the same.)
 */
export const retentionMs = 7 * 24 * 3_600_000;

/** Longest range seen between the two positions of a contentId. */
export const longestRangeMs = 16 * 60_000;

/** Of the ids of a tenant that was moved; one that no tenant has from the start. */
const otherScaleUnit = 'na0030';

export interface SimulatedBlob {
  /** Number within the subscription, from 0, in the order of `createdMs`. */
  readonly index: number;
  readonly contentId: string;
  /** Where the range of its records begins; `createdMs` for most blobs. */
  readonly firstMs: number;
  /** Where that range ends; `contentCreated` of a listing. */
  readonly createdMs: number;
  /** From when on it can be listed and fetched: later than `createdMs` for late content. */
  readonly visibleMs: number;
  /** Listed as expired, and never to be had. */
  readonly isExpired: boolean;
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
  const rangeMs = 1 + Math.floor(longestRangeMs * fraction(random) ** 3);
  const firstMs = isSingleChunk ? createdMs : createdMs - rangeMs;
  const firstPosition = isSingleChunk ? lastPosition : positionOf(firstMs, below(random, 1_000_000));
  return {
    index,
    contentId: contentIdOf(subscription, index, firstPosition, lastPosition),
    firstMs,
    createdMs,
    firstPosition,
    lastPosition,
    recordCount: isLarge(subscription, index) ? largeRecordCount(subscription) : recordCount,
    style,
    hasByteOrderMark,
    hasOuterWhitespace,
    ...availabilityOf(subscription, index, createdMs),
  };
}

/** The id under which records of a blob stand; for a part of it with other positions. */
export function contentIdOf(
  subscription: SubscriptionPopulation,
  index: number,
  firstPosition: string,
  lastPosition: string,
): string {
  const { contentType, scaleUnit, traits, history } = subscription;
  const table = contentType.replaceAll('.', '_');
  const hasMoved = traits.movedRegion === true && index >= history.blobs / 2;
  const units = hasMoved ? [otherScaleUnit, otherScaleUnit] : [scaleUnit];
  return [firstPosition, lastPosition, table.toLowerCase(), table, ...units].join('$');
}

/** Whether the id has the form of this feed's ids; those of another tenant's scale unit and mangled ones have not. */
export function isContentIdOf({ scaleUnit, traits }: SubscriptionPopulation, contentId: string): boolean {
  const [, unit, again] = /^\d{23}\$\d{23}\$\w+\$\w+\$(\w+)(?:\$(\w+))?$/.exec(contentId) ?? [];
  if (unit === scaleUnit) return again === undefined;
  return traits.movedRegion === true && unit === otherScaleUnit && again === unit;
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
function* indexesBetween(
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

/**
 * The numbers of the blobs created in a span (`untilMs` exclusive) that can be had: what is listed as expired cannot, and what is
 * late not before its time.
 */
export function* availableIndexes(
  subscription: SubscriptionPopulation,
  { fromMs, untilMs }: { readonly fromMs: number; readonly untilMs: number },
  availableUntilMs: number,
): Generator<number> {
  const { late, expiredShare = 0 } = subscription.traits;
  const isAnyUnavailable = late !== undefined || expiredShare > 0;
  for (const index of indexesBetween(subscription, fromMs, untilMs)) {
    if (isAnyUnavailable) {
      const { visibleMs, isExpired } = blobAt(subscription, index);
      if (isExpired || visibleMs >= availableUntilMs) continue;
    }
    yield index;
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

/** Late and expired blobs are drawn from numbers of their own, so that all else is the same with and without them. */
function availabilityOf(
  { key, traits: { late, expiredShare = 0 } }: SubscriptionPopulation,
  index: number,
  createdMs: number,
): Pick<SimulatedBlob, 'visibleMs' | 'isExpired'> {
  const random = randomFrom(key, index, -2);
  const isExpired = fraction(random) < expiredShare;
  if (late === undefined || fraction(random) >= late.rate) return { visibleMs: createdMs, isExpired };
  const [least, most] = late.delayMs;
  return { visibleMs: createdMs + least + below(random, most - least + 1), isExpired };
}

function isLarge({ traits, history }: SubscriptionPopulation, index: number): boolean {
  return traits.largeBlobBytes !== undefined && index === Math.floor(history.blobs / 2);
}

/** A little more than the average asks for, since events differ in size. */
function largeRecordCount({ traits: { largeBlobBytes = 0 } }: SubscriptionPopulation): number {
  return Math.ceil((1.02 * largeBlobBytes) / averageEventBytes());
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
