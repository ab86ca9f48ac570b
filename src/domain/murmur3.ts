/**
 * Fingerprints of contentIds: what a checkpoint remembers of a delivered blob.
 *
 * 64 bits of MurmurHash3 (x86, 128 bit; Austin Appleby, public domain), written as 11 characters of base64url. A blob is
 * compared only with the fingerprints of the hour its `contentCreated` lies in, so with n blobs in that hour the
 * probability of a false "already delivered" is n / 2^64: 5e-17 for 1,000 blobs, 5e-13 for 10 million.
 */

/** Characters of one fingerprint: 64 bits at 6 bits a character. */
export const fingerprintLength = 11;

const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';

/** Eleven characters of base64url for any string. */
export function fingerprint(contentId: string): string {
  const [high, low] = murmur3(new TextEncoder().encode(contentId));
  let text = '';
  // 64 bits as 10 groups of 6 and one of 4, from the top.
  let bits = (BigInt(high) << 32n) | BigInt(low);
  bits <<= 2n;
  for (let shift = 60n; shift >= 0n; shift -= 6n) text += alphabet[Number((bits >> shift) & 63n)];
  return text;
}

/** Whether a string of joined fingerprints contains one. */
export function includesFingerprint(joined: string, wanted: string): boolean {
  for (let at = joined.indexOf(wanted); at !== -1; at = joined.indexOf(wanted, at + 1)) {
    if (at % fingerprintLength === 0) return true;
  }
  return false;
}

/** The first 64 bits of MurmurHash3_x86_128 with seed 0, as two unsigned 32-bit numbers. */
export function murmur3(bytes: Uint8Array): readonly [number, number] {
  const multipliers = [0x239b961b, 0xab0e9789, 0x38b34ae5, 0xa1e38b93] as const;
  const rotations = [15, 16, 17, 18] as const;
  const mixRotations = [19, 17, 15, 13] as const;
  const additions = [0x561ccd1b, 0x0bcaa747, 0x96cd1c35, 0x32ac3b17] as const;
  const hash: [number, number, number, number] = [0, 0, 0, 0];
  const scramble = (lane: 0 | 1 | 2 | 3, block: number) =>
    Math.imul(
      rotateLeft(Math.imul(block, multipliers[lane]), rotations[lane]),
      multipliers[((lane + 1) % 4) as 0 | 1 | 2 | 3],
    );
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const tailStart = bytes.length - (bytes.length % 16);

  for (let at = 0; at < tailStart; at += 16) {
    for (const lane of lanes) {
      hash[lane] ^= scramble(lane, view.getUint32(at + 4 * lane, true));
      hash[lane] = rotateLeft(hash[lane], mixRotations[lane]);
      hash[lane] = (hash[lane] + hash[((lane + 1) % 4) as 0 | 1 | 2 | 3]) | 0;
      hash[lane] = (Math.imul(hash[lane], 5) + additions[lane]) | 0;
    }
  }
  for (const lane of lanes) {
    let block = 0;
    for (let at = Math.min(bytes.length, tailStart + 4 * lane + 4) - 1; at >= tailStart + 4 * lane; at--) {
      block = (block << 8) | (bytes[at] ?? 0);
    }
    hash[lane] ^= scramble(lane, block);
    hash[lane] ^= bytes.length;
  }
  mixLanes(hash);
  for (const lane of lanes) hash[lane] = finalize(hash[lane]);
  mixLanes(hash);
  return [hash[0] >>> 0, hash[1] >>> 0];
}

const lanes = [0, 1, 2, 3] as const;

function mixLanes(hash: [number, number, number, number]): void {
  hash[0] = (hash[0] + hash[1] + hash[2] + hash[3]) | 0;
  for (const lane of [1, 2, 3] as const) hash[lane] = (hash[lane] + hash[0]) | 0;
}

function rotateLeft(value: number, bits: number): number {
  return (value << bits) | (value >>> (32 - bits));
}

function finalize(value: number): number {
  value = Math.imul(value ^ (value >>> 16), 0x85ebca6b);
  value = Math.imul(value ^ (value >>> 13), 0xc2b2ae35);
  return value ^ (value >>> 16);
}
