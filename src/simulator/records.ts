import { blobAt } from './blobs.ts';
import type { SimulatedBlob } from './blobs.ts';
import { eventTemplates, largeEventBytes, roundsPerLargeEvent } from './event-templates.ts';
import type { EventTemplate } from './event-templates.ts';
import type { SubscriptionPopulation } from './population.ts';
import { below, fraction, guid, randomFrom } from './random.ts';
import type { Random } from './random.ts';

/** Records that stand, byte for byte, in an earlier place of the feed, too: their share, and how many blobs back at most. */
const usualRepeats = { rate: 0.03, reach: 20 };

/** The exact bytes of one record as it stands between the commas of its blob. */
export function recordBytes(
  subscription: SubscriptionPopulation,
  blob: SimulatedBlob,
  number: number,
): Buffer {
  const original = originalOf(subscription, blob, number);
  const random = recordRandom(subscription, original.blob, original.number);
  random(); // the first number decides about a repeat
  const { createdMs, index, style } = original.blob;
  return templateOf(subscription, index, original.number).render(style, {
    id: guid(random),
    tenantId: subscription.tenantId,
    creationTime: new Date(createdMs - ageMs(random)).toISOString().slice(0, 19),
  });
}

export interface BodyOptions {
  /** Which records, in which order. Default all as they are numbered. */
  readonly numbers?: Iterable<number>;
  /** A single record without the array around it. Default false. */
  readonly isBare?: boolean;
}

/** The bytes of a blob as they are served, in chunks of at least 64 KiB. */
export function* blobBody(
  subscription: SubscriptionPopulation,
  blob: SimulatedBlob,
  { numbers = numbersFrom(0, blob.recordCount), isBare = false }: BodyOptions = {},
): Generator<Buffer> {
  const { opening, separator, closing } = isBare ? bare : punctuation(blob);
  let pending: Buffer[] = [Buffer.from(opening)];
  let pendingBytes = 0;
  let isFirst = true;
  for (const number of numbers) {
    if (!isFirst) pending.push(Buffer.from(separator));
    isFirst = false;
    const record = recordBytes(subscription, blob, number);
    pending.push(record);
    pendingBytes += record.length;
    if (pendingBytes >= 64 * 1024) {
      yield Buffer.concat(pending);
      pending = [];
      pendingBytes = 0;
    }
  }
  yield Buffer.concat([...pending, Buffer.from(closing)]);
}

/** `from` inclusive, `until` exclusive. */
export function* numbersFrom(from: number, until: number): Generator<number> {
  for (let number = from; number < until; number++) yield number;
}

const bare = { opening: '', separator: '', closing: '' };

function punctuation({ style, hasByteOrderMark, hasOuterWhitespace }: SimulatedBlob) {
  const lineEnd = { compact: '', lines: '\n', crlfLines: '\r\n' }[style];
  const before = (hasByteOrderMark ? '\ufeff' : '') + (hasOuterWhitespace ? '\r\n \t' : '');
  return {
    opening: `${before}[${lineEnd}`,
    separator: `${lineEnd},${lineEnd}`,
    closing: `${lineEnd}]${hasOuterWhitespace ? ' \n\n' : ''}`,
  };
}

/** Where the bytes of a record come from: mostly from itself, sometimes from an earlier record, never through two steps. */
function originalOf(subscription: SubscriptionPopulation, blob: SimulatedBlob, number: number) {
  const own = { blob, number };
  const { rate, reach } = subscription.traits.repeats ?? usualRepeats;
  const random = recordRandom(subscription, blob, number);
  if (fraction(random) >= rate) return own;
  const index = blob.index - below(random, Math.min(reach, blob.index) + 1);
  const earlier = index === blob.index ? blob : blobAt(subscription, index);
  const candidates = index === blob.index ? number : earlier.recordCount;
  if (candidates === 0) return own;
  const original = { blob: earlier, number: below(random, candidates) };
  const isRepeatItself = fraction(recordRandom(subscription, earlier, original.number)) < rate;
  return isRepeatItself ? own : original;
}

function recordRandom(subscription: SubscriptionPopulation, blob: SimulatedBlob, number: number): Random {
  return randomFrom(subscription.key, blob.index, number + 1);
}

/** Minutes for most events, up to five days for some: a blob holds what became available, whenever it happened. */
function ageMs(random: Random): number {
  const minutes = fraction(random) < 0.85 ? 1 + below(random, 90) : below(random, 5 * 24 * 60);
  return minutes * 60_000 + below(random, 60_000);
}

/** All events in turn, in an order of the subscription's own, so that each is used sooner or later. */
function templateOf(subscription: SubscriptionPopulation, index: number, number: number): EventTemplate {
  const { all, ordinary } = templateOrder(subscription);
  const turn = (index * subscription.recordsPerBlob[1] + number) % roundLength(all.length, ordinary.length);
  const template = turn < all.length ? all[turn] : ordinary[(turn - all.length) % ordinary.length];
  if (template === undefined) throw new Error('The folder of events is empty.');
  return template;
}

function roundLength(all: number, ordinary: number): number {
  return all + (roundsPerLargeEvent - 1) * ordinary;
}

interface TemplateOrder {
  readonly all: readonly EventTemplate[];
  readonly ordinary: readonly EventTemplate[];
}

const templateOrders = new WeakMap<SubscriptionPopulation, TemplateOrder>();

function templateOrder(subscription: SubscriptionPopulation): TemplateOrder {
  let order = templateOrders.get(subscription);
  if (order === undefined) {
    const random = randomFrom(subscription.key, -1, -1);
    const all = eventTemplates()
      .map((template) => ({ template, rank: random() }))
      .toSorted((a, b) => a.rank - b.rank)
      .map(({ template }) => template);
    order = { all, ordinary: all.filter(({ size }) => size < largeEventBytes) };
    templateOrders.set(subscription, order);
  }
  return order;
}
