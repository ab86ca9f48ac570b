import { describe, expect, it } from 'vitest';
import { jitter, parkedDelayMs, pollDelayMs } from '../../src/domain/pacing.ts';

describe('pollDelayMs', () => {
  const settings = { intervalMs: 60_000, maxIntervalMs: 300_000 };

  it('lists at the interval while busy and doubles the pause while quiet, up to the longest', () => {
    expect([0, 4, 5, 6, 7, 8, 1000].map((quiet) => pollDelayMs(quiet, settings))).toEqual([
      60_000, 60_000, 120_000, 240_000, 300_000, 300_000, 300_000,
    ]);
  });

  it('never lists more often than the interval, even when the longest pause is shorter', () => {
    expect([0, 9].map((quiet) => pollDelayMs(quiet, { intervalMs: 60_000, maxIntervalMs: 1_000 }))).toEqual([
      60_000, 60_000,
    ]);
  });

  it('stays a number of milliseconds after years of quiet', () => {
    const unlimited = { intervalMs: 1, maxIntervalMs: Number.MAX_SAFE_INTEGER };
    expect([34, 35, 1_000_000].map((quiet) => pollDelayMs(quiet, unlimited))).toEqual([
      2 ** 30,
      2 ** 30,
      2 ** 30,
    ]);
  });
});

describe('jitter', () => {
  it('spreads subscriptions by a tenth to both sides', () => {
    const factors = Array.from({ length: 1000 }, (_, index) => jitter(`office365/${index}`));
    expect(Math.min(...factors)).toBeGreaterThanOrEqual(0.9);
    expect(Math.min(...factors)).toBeLessThan(0.901);
    expect(Math.max(...factors)).toBeGreaterThan(1.099);
    expect(Math.max(...factors)).toBeLessThan(1.1);
    expect(new Set(factors).size).toBeGreaterThan(990);
  });

  it('is the same for a seed each time, on each worker and in each release', () => {
    expect(jitter('office365/contoso/DLP.All')).toBe(0.9 + (0.2 * 0xb71a0f25) / 2 ** 32);
  });
});

describe('parkedDelayMs', () => {
  it('probes a parked subscription after 30 seconds, then ever more seldom, at last each hour', () => {
    expect([0, 1, 2, 6, 7, 99, 5000].map(parkedDelayMs)).toEqual([
      30_000, 60_000, 120_000, 1_920_000, 3_600_000, 3_600_000, 3_600_000,
    ]);
  });
});
