/**
 * A compact memory of the contentIds that were delivered: one string of plain ASCII for each hour of `contentCreated`.
 *
 * A contentId is remembered by its fingerprint: 54 bits of MurmurHash3 as nine digits of base 64, four of *prefix* and
 * five of *suffix*. The digits ascend with their value, so that fingerprints compare as text.
 *
 * - *Young* ids are their fingerprints, sorted and joined: 9 characters each. One is found by bisection in the text
 *   itself and added by cutting the text there, so that nothing is decoded for either.
 * - *Settled* ids, n of them, keep their suffix; the prefix is cut to the number of one of n buckets, and the buckets of
 *   all are written by the code of Elias and Fano ("Efficient storage and retrieval by content and address of static
 *   files", 1974): 5 + 1/3 characters each. An hour is settled once, when it is over; what comes later stays young.
 *
 * The text is the format's version, the young, and for a settled hour the buckets and the suffixes: `1<young>` or
 * `1<young>.<buckets>.<suffixes>`. 1,000 ids an hour for seven days take 897,000 characters.
 *
 * An id that is held for delivered although it is not is a lost blob; see {@link falsePositiveProbability}.
 */

import { murmur3 } from './murmur3.ts';

/** Memory of one hour; '' is empty. */
export type DeliveredIds = string;

const formatVersion = '1';
const separator = '.';

/** The characters of base64url, which need no escape in JSON, in ascending order. */
const digits = '-0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz';
const bitsOfDigit = 6;

const prefixLength = 4;
const suffixLength = 5;
const fingerprintLength = prefixLength + suffixLength;
const prefixCount = 2 ** (bitsOfDigit * prefixLength);
const suffixCount = 2 ** (bitsOfDigit * suffixLength);

interface Segments {
  /** Fingerprints, ascending, each one once. */
  readonly young: string;
  /** Buckets of the settled ids, see {@link writeBuckets}. */
  readonly buckets: string;
  /** Suffixes of the settled ids, in the order of the buckets. */
  readonly suffixes: string;
}

/**
 * Remembers ids. Those that are known already, or named twice, are not added again; `added` counts the new ones.
 * The text depends on the set of ids alone, not on their order or batches.
 */
export function addIds(
  memory: DeliveredIds,
  contentIds: readonly string[],
): { readonly memory: DeliveredIds; readonly added: number } {
  const segments = readSegments(memory);
  const isKnown = lookup(segments);
  const fresh = [...new Set(contentIds.map(fingerprintOf))].filter((fingerprint) => !isKnown(fingerprint));
  if (fresh.length === 0) return { memory, added: 0 };
  const young = insert(segments.young, fresh.toSorted());
  return { memory: writeSegments({ ...segments, young }), added: fresh.length };
}

/** Writes the ids of an hour that is over in less space. Once: what was added since the first time stays as it is. */
export function settleIds(memory: DeliveredIds): DeliveredIds {
  const { young, suffixes } = readSegments(memory);
  if (young === '' || suffixes !== '') return memory;
  const fingerprints = Array.from({ length: youngCount(young) }, (_, index) => youngAt(young, index));
  const buckets = fingerprints.map((fingerprint) => bucketOf(fingerprint, fingerprints.length));
  return writeSegments({
    young: '',
    buckets: writeBuckets(buckets),
    suffixes: fingerprints.map((fingerprint) => fingerprint.slice(prefixLength)).join(''),
  });
}

/** How many ids are remembered. */
export function countIds(memory: DeliveredIds): number {
  const { young, suffixes } = readSegments(memory);
  return youngCount(young) + settledCount(suffixes);
}

/** Decodes once; use for many questions. */
export function openIds(memory: DeliveredIds): { has(contentId: string): boolean } {
  const isKnown = lookup(readSegments(memory));
  return { has: (contentId) => isKnown(fingerprintOf(contentId)) };
}

/**
 * Validates text that came from outside, in one pass.
 *
 * @throws RangeError that says what is wrong with it, without quoting it.
 */
export function requireIds(value: unknown): DeliveredIds {
  if (typeof value !== 'string') throw new RangeError('delivered ids: must be a string');
  if (value === '') return value;
  const segments = readSegments(value);
  if (value !== writeSegments(segments) || !/^1[-.\w]+$/.test(value)) {
    throw new RangeError('delivered ids: the text has characters or segments that do not belong there');
  }
  requireYoung(segments.young);
  requireSettled(segments);
  return value;
}

/**
 * Upper bound of the probability that an id which was never added is held for delivered; MurmurHash3 is taken for a
 * uniform hash.
 *
 * A young id is mistaken for another when all 54 bits agree: 2^-54. A settled one when bucket and suffix agree: of 2^24
 * prefixes at most 2^24 / n + 1 fall into one of n buckets, so 2^-30 * (1 / n + 2^-24). The sum over n settled ids is
 * 2^-30 * (1 + n / 2^24), to which each young id adds 2^-54. One MB of text holds at most 187,500 settled or 111,000
 * young ids, which makes this less than 9.5e-10.
 */
export function falsePositiveProbability(memory: DeliveredIds): number {
  const { young, suffixes } = readSegments(memory);
  const settled = settledCount(suffixes);
  const ofSettled = settled === 0 ? 0 : (1 + settled / prefixCount) / suffixCount;
  return ofSettled + youngCount(young) / (prefixCount * suffixCount);
}

/** Nine digits for any string. */
function fingerprintOf(contentId: string): string {
  const [high, low] = murmur3(new TextEncoder().encode(contentId));
  return writeNumber(high >>> 8, prefixLength) + writeNumber(low >>> 2, suffixLength);
}

function writeNumber(value: number, length: number): string {
  let text = '';
  for (let shift = bitsOfDigit * (length - 1); shift >= 0; shift -= bitsOfDigit) {
    text += digits.charAt((value >>> shift) & 63);
  }
  return text;
}

function readNumber(text: string): number {
  let value = 0;
  for (const digit of text) value = value * 64 + digits.indexOf(digit);
  return value;
}

/** @throws RangeError for a memory that a newer release wrote. */
function readSegments(memory: DeliveredIds): Segments {
  if (memory !== '' && !memory.startsWith(formatVersion)) {
    throw new RangeError(
      'delivered ids: written in a format that this release does not know; use a newer one',
    );
  }
  const [young = '', buckets = '', suffixes = ''] = memory.slice(formatVersion.length).split(separator);
  return { young, buckets, suffixes };
}

function writeSegments({ young, buckets, suffixes }: Segments): DeliveredIds {
  const settled = suffixes === '' ? '' : separator + buckets + separator + suffixes;
  return formatVersion + young + settled;
}

function youngCount(young: string): number {
  return young.length / fingerprintLength;
}

function youngAt(young: string, index: number): string {
  return young.slice(index * fingerprintLength, (index + 1) * fingerprintLength);
}

function settledCount(suffixes: string): number {
  return suffixes.length / suffixLength;
}

/** The bucket, of as many as there are ids, that a prefix falls into; ascends with the prefix. */
function bucketOf(fingerprint: string, count: number): number {
  return Math.floor((readNumber(fingerprint.slice(0, prefixLength)) * count) / prefixCount);
}

/** A function that tells whether a fingerprint is among the segments. */
function lookup({ young, buckets, suffixes }: Segments): (fingerprint: string) => boolean {
  const settledBuckets = readBuckets(buckets);
  const isYoung = (fingerprint: string) =>
    young.startsWith(fingerprint, positionIn(young, fingerprint) * fingerprintLength);
  const isSettled = (fingerprint: string) => {
    const bucket = bucketOf(fingerprint, settledBuckets.length);
    const suffix = fingerprint.slice(prefixLength);
    let index = bisect(settledBuckets.length, (at) => (settledBuckets[at] ?? 0) < bucket);
    for (; settledBuckets[index] === bucket; index++) {
      if (suffixes.startsWith(suffix, index * suffixLength)) return true;
    }
    return false;
  };
  return (fingerprint) => isYoung(fingerprint) || isSettled(fingerprint);
}

/** Index of the first young fingerprint that is not smaller than this one. */
function positionIn(young: string, fingerprint: string): number {
  return bisect(youngCount(young), (index) => youngAt(young, index) < fingerprint);
}

/** The first index, of `count` ascending ones, that is not before what is sought; `count` if all are. */
function bisect(count: number, isBefore: (index: number) => boolean): number {
  let [from, to] = [0, count];
  while (from < to) {
    const middle = Math.floor((from + to) / 2);
    if (isBefore(middle)) from = middle + 1;
    else to = middle;
  }
  return from;
}

/** Puts ascending new fingerprints in their places. */
function insert(young: string, fresh: readonly string[]): string {
  const pieces: string[] = [];
  let from = 0;
  for (const fingerprint of fresh) {
    const at = positionIn(young, fingerprint) * fingerprintLength;
    pieces.push(young.slice(from, at), fingerprint);
    from = at;
  }
  return pieces.join('') + young.slice(from);
}

/**
 * Elias and Fano's code of n ascending bucket numbers below n: bit `bucket + index` is set for each, of 2n bits. So each
 * bucket shows as a 1 for every id in it and a closing 0. Six bits a digit, the highest first; zeros fill the last one.
 */
function writeBuckets(buckets: readonly number[]): string {
  const values = new Uint8Array(Math.ceil((2 * buckets.length) / bitsOfDigit));
  for (const [index, bucket] of buckets.entries()) {
    const at = bucket + index;
    const place = Math.floor(at / bitsOfDigit);
    values[place] = (values[place] ?? 0) | (32 >> (at % bitsOfDigit));
  }
  return Array.from(values, (value) => digits.charAt(value)).join('');
}

/** The inverse of {@link writeBuckets}: the bucket of each id, ascending. */
function readBuckets(text: string): number[] {
  const buckets: number[] = [];
  let bucket = 0;
  for (const digit of text) {
    const value = digits.indexOf(digit);
    for (let bit = 32; bit > 0; bit >>= 1) {
      if ((value & bit) !== 0) buckets.push(bucket);
      else bucket++;
    }
  }
  return buckets;
}

function requireYoung(young: string): void {
  if (young.length % fingerprintLength !== 0) {
    throw new RangeError('delivered ids: the young segment ends within a fingerprint');
  }
  for (let index = 1; index < youngCount(young); index++) {
    if (youngAt(young, index) <= youngAt(young, index - 1)) {
      throw new RangeError('delivered ids: the fingerprints of the young segment do not ascend');
    }
  }
}

function requireSettled({ buckets, suffixes }: Segments): void {
  const count = settledCount(suffixes);
  if (!Number.isInteger(count)) {
    throw new RangeError('delivered ids: the settled segment ends within a suffix');
  }
  const read = readBuckets(buckets);
  if (read.length !== count || (read.at(-1) ?? -1) >= count || writeBuckets(read) !== buckets) {
    throw new RangeError('delivered ids: the buckets of the settled segment do not fit its suffixes');
  }
}
