import { expect, it } from 'vitest';
import { parseDuration, size } from '../../src/config/values.ts';

it.each([
  ['0s', 0],
  ['500ms', 500],
  ['30s', 30_000],
  ['1m', 60_000],
  ['2h30m', 9_000_000],
  [' 7d ', 604_800_000],
  ['', undefined],
  ['5', undefined],
  ['1.5h', undefined],
  ['-1h', undefined],
  ['1h 30m', undefined],
  ['1M', undefined],
  ['5 minutes', undefined],
])('reads the duration %j as %s milliseconds', (text, milliseconds) => {
  expect(parseDuration(text)).toBe(milliseconds);
});

it.each([
  ['512B', 512],
  ['64KiB', 65_536],
  ['64 MiB', 67_108_864],
  ['1GiB', 1_073_741_824],
  ['64', undefined],
  ['64MB', undefined],
  ['1.5MiB', undefined],
])('reads the size %j as %s bytes', (text, bytes) => {
  expect(size('1B', '1GiB').safeParse(text).data).toBe(bytes);
});
