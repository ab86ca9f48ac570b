import { describe, expect, it } from 'vitest';
import {
  addIds,
  falsePositiveProbability,
  openIds,
  requireIds,
  settleIds,
} from '../../src/domain/delivered-ids.ts';
import {
  digit,
  digits,
  fingerprintOf,
  idsFrom,
  knownOf,
  memoryOf,
  numberOf,
  readSettled,
  settledOf,
} from './delivered-ids-samples.ts';

describe('ids that were never added', () => {
  const unknown = idsFrom(10_000_000, 200_000);
  it.each([
    ['young', memoryOf(idsFrom(0, 1000))],
    ['settled', settledOf(idsFrom(0, 1000))],
    ['settled and late', addIds(settledOf(idsFrom(0, 12_000)), idsFrom(12_000, 1000)).memory],
  ])('are never known, in 200,000 questions to a full hour that is %s', (_, memory) => {
    expect(knownOf(memory, unknown)).toEqual([]);
  });
});

describe('probability of a false "already delivered"', () => {
  it('is 2^-54 for each young id', () => {
    expect(falsePositiveProbability(memoryOf(idsFrom(0, 300)))).toBe(300 / 2 ** 54);
  });

  it.each([1, 2, 3, 999, 1000, 1001, 60_000])(
    'is what a count of all 2^54 fingerprints gives for an hour of %i settled ids, and below 1e-9',
    (count) => {
      const prefixesIn = new Uint32Array(count);
      for (let prefix = 0; prefix < 2 ** 24; prefix++) {
        const bucket = Math.floor((prefix * count) / 2 ** 24);
        prefixesIn[bucket] = (prefixesIn[bucket] ?? 0) + 1;
      }
      const memory = settledOf(idsFrom(0, count));
      const entries = readSettled(memory);
      const taken = entries.reduce((sum, { bucket }) => sum + (prefixesIn[bucket] ?? 0), 0);
      expect(entries).toHaveLength(count);
      expect(falsePositiveProbability(memory)).toBeGreaterThanOrEqual(taken / 2 ** 54);
      expect(falsePositiveProbability(memory)).toBeLessThanOrEqual((taken + 2 * count) / 2 ** 54);
      expect(falsePositiveProbability(memory)).toBeLessThan(0.95e-9);
    },
  );

  it('adds what came late to what is settled, and stays below 1e-9 in a megabyte of either', () => {
    const settled = settledOf(idsFrom(0, 100));
    const late = addIds(settled, idsFrom(100, 50)).memory;
    expect(falsePositiveProbability(late)).toBe(falsePositiveProbability(settled) + 50 / 2 ** 54);
    expect(
      falsePositiveProbability(`1${'a'.repeat(1_000_000)}.${'a'.repeat(62_500)}.${'a'.repeat(937_500)}`),
    ).toBeLessThan(0.95e-9);
  });

  it('rests on all nine digits: an id is unknown to a memory in which one of them differs', () => {
    for (const contentId of idsFrom(0, 20)) {
      const fingerprint = fingerprintOf(contentId);
      for (let at = 0; at < 9; at++) {
        const other = digits[(digits.indexOf(fingerprint.charAt(at)) + 1) % 64];
        const altered = `1${fingerprint.slice(0, at)}${other}${fingerprint.slice(at + 1)}`;
        expect(openIds(altered).has(contentId)).toBe(false);
        expect(openIds(settleIds(altered)).has(contentId)).toBe(at < 4);
      }
    }
  });

  it('rests on the bucket of a settled id: the suffix alone does not make it known', () => {
    const found = idsFrom(0, 60).map((contentId) => {
      const suffix = fingerprintOf(contentId).slice(4);
      // Three ids in the first, the second, the third of three buckets.
      const memories = ['111000', '011100', '001110'].map((bits) => `1.${digit(bits)}.${suffix.repeat(3)}`);
      return memories.filter((memory) => openIds(requireIds(memory)).has(contentId));
    });
    expect(found.map((memories) => memories.length)).toEqual(found.map(() => 1));
    expect(new Set(found.map(([memory]) => memory?.slice(0, 3)))).toHaveProperty('size', 3);
  });

  it('follows the law in a sample: 2^-6 when six bits of the suffix are compared instead of thirty', () => {
    const [stored, asked] = [1000, 20_000];
    const shortOf = (bucket: number, suffix: string) => `${bucket} ${suffix.charAt(0)}`;
    const known = readSettled(settledOf(idsFrom(0, stored)));
    const short = new Set(known.map(({ bucket, suffix }) => shortOf(bucket, suffix)));
    const mistaken = idsFrom(stored, asked).filter((contentId) => {
      const fingerprint = fingerprintOf(contentId);
      const prefix = numberOf(fingerprint.slice(0, 4));
      return short.has(shortOf(Math.floor((prefix * stored) / 2 ** 24), fingerprint.slice(4)));
    });
    // 312.5 expected; five standard deviations of a Poisson distribution to either side.
    const expected = asked / 2 ** 6;
    expect(Math.abs(mistaken.length - expected)).toBeLessThan(5 * Math.sqrt(expected));
  });

  it('rests on a hash that spreads ids that count up evenly over each digit', () => {
    const counts = Array.from({ length: 9 }, () => new Map<string, number>());
    for (const contentId of idsFrom(0, 64_000)) {
      for (const [at, digit] of fingerprintOf(contentId).split('').entries()) {
        counts[at]?.set(digit, (counts[at].get(digit) ?? 0) + 1);
      }
    }
    for (const count of counts) {
      const chiSquare = digits
        .split('')
        .reduce((sum, digit) => sum + ((count.get(digit) ?? 0) - 1000) ** 2 / 1000, 0);
      // 63 degrees of freedom: mean 63, standard deviation 11.2.
      expect(chiSquare).toBeGreaterThan(63 - 4 * 11.2);
      expect(chiSquare).toBeLessThan(63 + 4 * 11.2);
    }
  });
});
