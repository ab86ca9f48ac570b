import { describe, expect, it } from 'vitest';
import { ServiceClock } from '../../src/office365/service-clock.ts';

const nowMs = Date.parse('2026-11-22T12:00:00.900Z');

/** The offset after an answer whose `Date` was written when the service's clock was that far from the local one. */
function measured(offsetMs: number, tookMs = 100, clock = new ServiceClock()): number {
  const date = new Date(nowMs + tookMs / 2 + offsetMs).toUTCString();
  clock.observe({ date, sentMs: nowMs, receivedMs: nowMs + tookMs });
  return clock.offsetMs;
}

describe('ServiceClock', () => {
  it('knows no offset before the first answer', () => {
    expect(new ServiceClock().offsetMs).toBe(0);
  });

  it.each([600_000, -600_000, 5_000, -5_000])('measures %i ms to half a second', (offsetMs) => {
    for (let part = 0; part < 1000; part += 50) {
      expect(Math.abs(measured(offsetMs + part) - offsetMs - part)).toBeLessThanOrEqual(500);
    }
  });

  it.each([0, 1_400, -1_400])('takes %i ms for none', (offsetMs) => {
    for (let part = -100; part <= 100; part += 10) expect(measured(offsetMs + part)).toBe(0);
  });

  it('takes for none what the duration of the exchange may explain', () => {
    expect(measured(4_000, 8_000)).toBe(0);
    expect(measured(60_000, 8_000)).toBeGreaterThan(59_000);
  });

  it('learns nothing from a slow answer, an unreadable date or a local clock that was set in between', () => {
    const clock = new ServiceClock();
    const known = measured(600_000, 100, clock);
    expect(measured(0, 60_000, clock)).toBe(known);
    expect(measured(0, -60_000, clock)).toBe(known);
    clock.observe({ date: 'soon', sentMs: nowMs, receivedMs: nowMs });
    expect(clock.offsetMs).toBe(known);
  });

  it('forgets an offset that is gone', () => {
    const clock = new ServiceClock();
    measured(600_000, 100, clock);
    expect(measured(0, 100, clock)).toBe(0);
  });
});
