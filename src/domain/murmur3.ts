/** MurmurHash3 (x86, 128 bit), by Austin Appleby, public domain. */

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
    for (let at = tailStart + 4 * lane + 3; at >= tailStart + 4 * lane; at--) {
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
