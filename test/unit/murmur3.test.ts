import { describe, expect, it } from 'vitest';
import {
  fingerprint,
  fingerprintLength,
  includesFingerprint,
  murmur3,
} from '../../src/domain/fingerprint.ts';

describe('fingerprint', () => {
  // Computed with the reference implementation of MurmurHash3_x86_128, seed 0.
  it.each([
    ['', [0, 0]],
    ['hello', [0x2b2444a0, 0xdb91def7]],
    ['The quick brown fox jumps over the lazy dog', [0x2f1583c3, 0xecee2c67]],
    ['20200705152230936019353$20200705152411486034089$audit_sharepoint', [0xfd11f2da, 0x732f30be]],
  ])('is MurmurHash3 for %j', (text, expected) => {
    expect(murmur3(new TextEncoder().encode(text))).toEqual(expected);
  });

  it('writes all 64 bits as eleven characters of base64url', () => {
    const bytes = Buffer.alloc(8);
    bytes.writeUInt32BE(0x2b2444a0, 0);
    bytes.writeUInt32BE(0xdb91def7, 4);
    expect(fingerprint('hello')).toBe(bytes.toString('base64url'));
    expect(fingerprint('hello')).toHaveLength(fingerprintLength);
  });

  it('is found in a joined string only where a fingerprint begins', () => {
    const joined = 'AAAAAAAAAAABBBBBBBBBBB';
    expect(includesFingerprint(joined, 'BBBBBBBBBBB')).toBe(true);
    expect(includesFingerprint(joined, 'AAAAABBBBBB')).toBe(false);
    expect(includesFingerprint('CAAAAABBBBBBAAAAABBBBBB'.slice(1) + 'AAAAABBBBBB', 'AAAAABBBBBB')).toBe(true);
    expect(includesFingerprint('', 'AAAAABBBBBB')).toBe(false);
  });
});
