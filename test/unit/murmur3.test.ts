import { describe, expect, it } from 'vitest';
import { murmur3 } from '../../src/domain/murmur3.ts';

/**
 * The first 64 bits that the reference implementation of MurmurHash3_x86_128 (the one that the package mmh3 5.3 for Python
 * wraps) gives with seed 0 for 0 to 33 bytes: every length of a last block, after none, one and two whole ones.
 */
const reference = [
  '0000000000000000 99ab4ee298913e2a 6d5f7ff3cfc69212 b82ec5901d7728c6 b713f3e8e90d46ce c5d76655e218e537',
  '4813e14443ae0a95 0620754968693621 5bb6bc46190cdb2d 2e7269c7e4c5e2a3 2e3bed39afb94260 ad6f9f4239f98865',
  '95681af88cac2650 a3ca067ef7808334 0ed5f7d34c0c807e 8291ec6a8bca57fa 675d7bced5a825c0 8855497d44547a86',
  '750cd2da204dfdb7 89beff4700ff0733 46a15e9c6319a44e 1f96bcf162378cb3 990cf9c09479885b 0eb611a5f7545497',
  '8fa0d47258c0296e ea2ae5323dbef49e e54143cb09a667b9 6c6d2e59bed5aaaa a28e3e45f061fb46 9797ed8bf106ef7a',
  'e639ab5f0ec230d2 e304528f77ca3844 53f5df5f81097e96 64d3ba96c3a4b6d4',
].flatMap((line) => line.split(' '));

const someBytes = (length: number) => Uint8Array.from({ length }, (_, index) => 7 * index + 200);
const asHex = (hash: readonly [number, number]) =>
  hash.map((half) => half.toString(16).padStart(8, '0')).join('');

describe('murmur3', () => {
  it('is MurmurHash3 for every length of the last block', () => {
    expect(reference.map((_, length) => asHex(murmur3(someBytes(length))))).toEqual(reference);
  });

  it.each([
    ['hello', '2b2444a0db91def7'],
    ['The quick brown fox jumps over the lazy dog', '2f1583c3ecee2c67'],
    ['20200705152230936019353$20200705152411486034089$audit_sharepoint', 'fd11f2da732f30be'],
  ])('is MurmurHash3 for %j', (text, expected) => {
    expect(asHex(murmur3(new TextEncoder().encode(text)))).toBe(expected);
  });

  it('reads a view of a larger buffer from where the view begins', () => {
    const buffer = Uint8Array.of(1, 2, 3, 4, ...someBytes(20), 5, 6, 7, 8);
    expect(asHex(murmur3(buffer.subarray(4, 24)))).toBe(reference[20]);
  });
});
