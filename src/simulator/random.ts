import { createHash } from 'node:crypto';

/** Four 32-bit words from which a stream of numbers starts. */
export type RandomKey = readonly [number, number, number, number];

/** Yields the next unsigned 32-bit number of its stream. */
export type Random = () => number;

/** The key that belongs to a list of names: equal names, equal key, on every machine. */
export function randomKey(...names: readonly string[]): RandomKey {
  const digest = createHash('sha256').update(JSON.stringify(names)).digest();
  return [digest.readUInt32LE(0), digest.readUInt32LE(4), digest.readUInt32LE(8), digest.readUInt32LE(12)];
}

/**
 * The stream for one numbered thing under a key (sfc32 of the PractRand suite: small state, no tables). Twelve numbers are
 * thrown away, after which streams of neighbouring numbers have nothing in common.
 */
export function randomFrom(key: RandomKey, first = 0, second = 0): Random {
  let [a, b, c, counter] = [key[0] ^ first, key[1] ^ second, key[2] | 0, key[3] | 0];
  const next = (): number => {
    const sum = (((a + b) | 0) + counter) | 0;
    counter = (counter + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = (((c << 21) | (c >>> 11)) + sum) | 0;
    return sum >>> 0;
  };
  for (let round = 0; round < 12; round++) next();
  return next;
}

/** A fraction from 0 (inclusive) to 1 (exclusive). */
export function fraction(random: Random): number {
  return random() / 2 ** 32;
}

/** A whole number from 0 (inclusive) to `limit` (exclusive). */
export function below(random: Random, limit: number): number {
  return Math.floor(fraction(random) * limit);
}

/**
 * 32 hexadecimal digits in the form of a GUID, lower case. Version and variant are left to chance, as in the feed: more than
 * half of its ids are not valid by RFC 4122.
 */
export function guid(random: Random): string {
  const hex = Array.from({ length: 4 }, () => random().toString(16).padStart(8, '0')).join('');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}
