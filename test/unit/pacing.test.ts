import { describe, expect, it } from 'vitest';
import { canonicalContentType, nearestKnownContentType } from '../../src/domain/content-type.ts';
import { jitter, parkedDelayMs, pollDelayMs } from '../../src/domain/pacing.ts';

describe('pacing', () => {
  const settings = { intervalMs: 60_000, maxIntervalMs: 300_000 };

  it('lists at the interval while busy and doubles the pause while quiet, up to the longest', () => {
    expect([0, 4, 5, 6, 7, 8, 1000].map((quiet) => pollDelayMs(quiet, settings))).toEqual([
      60_000, 60_000, 120_000, 240_000, 300_000, 300_000, 300_000,
    ]);
  });

  it('never lists more often than the interval, even when the longest pause is shorter', () => {
    expect(pollDelayMs(9, { intervalMs: 60_000, maxIntervalMs: 1_000 })).toBe(60_000);
  });

  it('spreads subscriptions by a tenth to both sides, the same way each time', () => {
    const factors = Array.from({ length: 1000 }, (_, index) => jitter(`office365/${index}`));
    expect(Math.min(...factors)).toBeGreaterThanOrEqual(0.9);
    expect(Math.max(...factors)).toBeLessThan(1.1);
    expect(new Set(factors).size).toBeGreaterThan(990);
    expect(jitter('a')).toBe(jitter('a'));
  });

  it('probes a parked subscription after 30 seconds, then ever more seldom, at last each hour', () => {
    expect([0, 1, 2, 7, 99].map(parkedDelayMs)).toEqual([30_000, 60_000, 120_000, 3_600_000, 3_600_000]);
  });
});

describe('content types', () => {
  it('are normalised to the documented spelling in any letter case', () => {
    expect(canonicalContentType(' dlp.ALL ')).toBe('DLP.All');
    expect(canonicalContentType('Audit.Teams')).toBe('Audit.Teams');
  });

  it.each([
    ['Audit.Exchnage', 'Audit.Exchange'],
    ['Audit.AzureActiveDirectry', 'Audit.AzureActiveDirectory'],
    ['DLP.Al', 'DLP.All'],
    ['Audit.Exchange', undefined],
    ['Audit.Power', undefined],
  ])('%s is probably meant to be %s', (written, meant) => {
    expect(nearestKnownContentType(written)).toBe(meant);
  });
});
