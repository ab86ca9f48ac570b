import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import {
  boundListing,
  isAccepted,
  isoTime,
  marginMs,
  maxAcceptedSpanMs,
  parseTime,
  planLiveListing,
  planOwedListing,
  retentionMs,
} from '../../src/domain/time-window.ts';

const now = Date.parse('2026-11-22T12:00:00Z');
const hours = (count: number) => count * 3_600_000;

describe('planLiveListing', () => {
  it('accepts from the position to a settle time before now and asks for a margin more on both sides', () => {
    expect(
      planLiveListing({ position: '2026-11-22T11:00:00.000Z', nowMs: now, settleTimeMs: 120_000 }),
    ).toEqual({
      accepted: { startTime: '2026-11-22T11:00:00.000Z', endTime: '2026-11-22T11:58:00.000Z' },
      requested: { startTime: '2026-11-22T10:30:00.000Z', endTime: '2026-11-22T12:28:00.000Z' },
    });
  });

  it('has nothing to list while the position has reached the settle time', () => {
    expect(
      planLiveListing({ position: '2026-11-22T11:58:00Z', nowMs: now, settleTimeMs: 120_000 }),
    ).toBeUndefined();
  });

  it('lists a single millisecond', () => {
    expect(
      planLiveListing({ position: '2026-11-22T11:57:59.999Z', nowMs: now, settleTimeMs: 120_000 })?.accepted,
    ).toEqual({ startTime: '2026-11-22T11:57:59.999Z', endTime: '2026-11-22T11:58:00.000Z' });
  });

  it('asks for whole seconds around what it accepts', () => {
    expect(
      planLiveListing({ position: '2026-11-22T11:00:00.001Z', nowMs: now + 1, settleTimeMs: 0 }),
    ).toEqual({
      accepted: { startTime: '2026-11-22T11:00:00.001Z', endTime: '2026-11-22T12:00:00.001Z' },
      requested: { startTime: '2026-11-22T10:30:00.000Z', endTime: '2026-11-22T12:30:01.000Z' },
    });
  });

  it('accepts 22 hours at most', () => {
    expect(
      planLiveListing({ position: '2026-11-20T00:00:00Z', nowMs: now, settleTimeMs: 0 })?.accepted,
    ).toEqual({ startTime: '2026-11-20T00:00:00.000Z', endTime: '2026-11-20T22:00:00.000Z' });
  });

  it('begins where margin and guard are still inside the retention when the position is older', () => {
    expect(planLiveListing({ position: '2026-11-01T00:00:00Z', nowMs: now, settleTimeMs: 0 })).toEqual({
      accepted: { startTime: '2026-11-15T12:35:00.000Z', endTime: '2026-11-16T10:35:00.000Z' },
      requested: { startTime: '2026-11-15T12:05:00.000Z', endTime: '2026-11-16T11:05:00.000Z' },
    });
  });

  it('reads a position without zone as UTC', () => {
    const plan = planLiveListing({ position: '2026-11-22T11:00:00', nowMs: now, settleTimeMs: 0 });
    expect(plan?.accepted.startTime).toBe('2026-11-22T11:00:00.000Z');
  });

  it('refuses a position that is no time', () => {
    expect(() => planLiveListing({ position: 'yesterday', nowMs: now, settleTimeMs: 0 })).toThrow(RangeError);
  });

  it('keeps every request in whole seconds, under 24 hours and inside the retention', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: -hours(24 * 12), max: hours(1) }),
        fc.integer({ min: 0, max: hours(1) }),
        fc.integer({ min: 0, max: hours(24 * 400) }),
        (age, settleTimeMs, later) => {
          const nowMs = now + later;
          const plan = planLiveListing({ position: isoTime(nowMs + age), nowMs, settleTimeMs });
          if (plan === undefined) return;
          const [start, end] = [parseTime(plan.requested.startTime), parseTime(plan.requested.endTime)];
          expect([start % 1000, end % 1000]).toEqual([0, 0]);
          expect(end - start).toBeLessThan(hours(24));
          expect(start).toBeGreaterThan(nowMs - retentionMs);
          expect(parseTime(plan.accepted.startTime) - start).toBeGreaterThanOrEqual(marginMs);
          expect(end - parseTime(plan.accepted.endTime)).toBeGreaterThanOrEqual(marginMs);
          expect(parseTime(plan.accepted.endTime) - parseTime(plan.accepted.startTime)).toBeLessThanOrEqual(
            maxAcceptedSpanMs,
          );
        },
      ),
    );
  });

  it('covers every instant exactly once when windows follow each other', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: hours(160) }),
        fc.array(fc.integer({ min: 0, max: hours(30) }), { minLength: 1, maxLength: 30 }),
        (lookback, pauses) => {
          let position = isoTime(now - lookback);
          let nowMs = now;
          for (const pause of pauses) {
            const plan = planLiveListing({ position, nowMs, settleTimeMs: 60_000 });
            if (plan !== undefined) {
              const lost = parseTime(plan.accepted.startTime) - parseTime(position);
              expect(lost).toBeGreaterThanOrEqual(0);
              if (nowMs - parseTime(position) < retentionMs - hours(1)) expect(lost).toBe(0);
              position = plan.accepted.endTime;
            }
            nowMs += pause;
          }
        },
      ),
    );
  });
});

describe('planOwedListing', () => {
  const planOf = (startTime: string, endTime: string) =>
    planOwedListing({ window: { startTime, endTime }, nowMs: now });

  it('accepts the span that is owed and asks for a margin more on both sides', () => {
    expect(planOf('2026-11-20T01:00:00Z', '2026-11-20T02:00:00.500Z')).toEqual({
      accepted: { startTime: '2026-11-20T01:00:00.000Z', endTime: '2026-11-20T02:00:00.500Z' },
      requested: { startTime: '2026-11-20T00:30:00.000Z', endTime: '2026-11-20T02:30:01.000Z' },
    });
  });

  it('accepts the first 22 hours of a longer span', () => {
    expect(planOf('2026-11-18T00:00:00Z', '2026-11-20T00:00:00Z')?.accepted).toEqual({
      startTime: '2026-11-18T00:00:00.000Z',
      endTime: '2026-11-18T22:00:00.000Z',
    });
  });

  it('leaves out what the service no longer lists', () => {
    expect(planOf('2026-11-15T12:00:00Z', '2026-11-15T13:00:00Z')?.accepted).toEqual({
      startTime: '2026-11-15T12:35:00.000Z',
      endTime: '2026-11-15T13:00:00.000Z',
    });
    expect(planOf('2026-11-15T12:00:00Z', '2026-11-15T12:35:00Z')).toBeUndefined();
  });

  it('has nothing to list in a span without length or with its ends exchanged', () => {
    expect(planOf('2026-11-20T01:00:00Z', '2026-11-20T01:00:00Z')).toBeUndefined();
    expect(planOf('2026-11-20T02:00:00Z', '2026-11-20T01:00:00Z')).toBeUndefined();
  });

  it('refuses ends that are no times', () => {
    expect(() => planOf('yesterday', '2026-11-20T01:00:00Z')).toThrow('not an ISO 8601 time: yesterday');
    expect(() => planOf('2026-11-20T01:00:00Z', 'today')).toThrow('not an ISO 8601 time: today');
  });
});

describe('isAccepted', () => {
  const plan = {
    accepted: { startTime: '2026-11-22T11:00:00.000Z', endTime: '2026-11-22T11:58:00.000Z' },
    requested: { startTime: '2026-11-22T10:30:00.000Z', endTime: '2026-11-22T12:28:00.000Z' },
  };
  it.each([
    ['2026-11-22T11:00:00.000Z', true, 'the start is inclusive'],
    ['2026-11-22T11:57:59.999Z', true, 'the last instant'],
    ['2026-11-22T11:58:00.000Z', false, 'the end is exclusive'],
    ['2026-11-22T10:59:59.999Z', false, 'the margin before'],
    ['2026-11-22T12:00:00', false, 'the margin after'],
    ['2026-11-22T10:30:00.000Z', false, 'the first instant that was asked for'],
    ['2026-11-22T10:29:59.999Z', true, 'just before what was asked for'],
    ['2026-11-22T12:28:00.000Z', true, 'just after what was asked for'],
    ['2026-11-20T00:00:00.000Z', true, 'what was not asked for at all'],
  ])('%s: %s (%s)', (contentCreated, expected) => {
    expect(isAccepted(contentCreated, plan)).toBe(expected);
  });
});

describe('boundListing', () => {
  const accepted = { startTime: '2026-11-22T00:00:00.000Z', endTime: '2026-11-22T01:00:00.000Z' };
  const blob = (second: number, more: { contentUri?: string } = {}) => ({
    contentId: `id$${second}`,
    contentCreated: isoTime(parseTime(accepted.startTime) + second * 1000),
    ...more,
  });
  /** Characters of one blob's id. */
  const idBytes = 'id$1'.length;
  const atMost = (blobs: number) => ({ blobs, bytes: 1_000_000 });

  it('is complete to the end of the window when all fits', () => {
    const listing = boundListing([blob(2), blob(1)], accepted, { blobs: 2, bytes: 2 * idBytes });
    expect(listing).toEqual({ blobs: [blob(1), blob(2)], completeUntil: accepted.endTime });
  });

  it('keeps the oldest and ends before the first one that it leaves', () => {
    const listing = boundListing([blob(3), blob(1), blob(2)], accepted, atMost(2));
    expect(listing).toEqual({ blobs: [blob(1), blob(2)], completeUntil: blob(3).contentCreated });
  });

  it('counts the characters of ids and of the URIs that are kept', () => {
    const bytes = 3 * idBytes;
    const contentUri = 'x'.repeat(idBytes);
    const blobs = [blob(1), blob(2), blob(3), blob(4)];
    expect(boundListing(blobs, accepted, { blobs: 9, bytes }).blobs).toHaveLength(3);
    expect(boundListing(blobs, accepted, { blobs: 9, bytes: bytes - 1 }).blobs).toHaveLength(2);
    const withUri = [blob(1, { contentUri }), ...blobs.slice(1)];
    expect(boundListing(withUri, accepted, { blobs: 9, bytes }).blobs).toHaveLength(2);
  });

  it('never separates blobs of one instant', () => {
    const listing = boundListing([blob(1), blob(2), blob(2), blob(2), blob(9)], accepted, atMost(2));
    expect(listing.blobs).toHaveLength(4);
    expect(listing.completeUntil).toBe(blob(9).contentCreated);
  });

  it('keeps the first blob, however small the bounds are', () => {
    const listing = boundListing([blob(2), blob(1)], accepted, { blobs: 0, bytes: 0 });
    expect(listing).toEqual({ blobs: [blob(1)], completeUntil: blob(2).contentCreated });
  });

  it('is complete within the window alone, where the service lists what was not asked for', () => {
    const before = boundListing([blob(-20), blob(-10), blob(5)], accepted, atMost(1));
    expect(before).toEqual({ blobs: [blob(-20)], completeUntil: accepted.startTime });
    const behind = boundListing([blob(5), blob(4000)], accepted, atMost(1));
    expect(behind).toEqual({ blobs: [blob(5)], completeUntil: accepted.endTime });
  });

  it('loses no blob when one listing after the other goes on from where it is complete', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 0, max: 40 }), { maxLength: 60 }),
        fc.integer({ min: 1, max: 7 }),
        fc.integer({ min: 1, max: 40 }),
        (seconds, limit, bytes) => {
          const all = seconds.map((second) => blob(second));
          const delivered: { contentCreated: string }[] = [];
          let from = accepted.startTime;
          while (from !== accepted.endTime) {
            const left = all.filter(({ contentCreated }) => contentCreated >= from);
            const window = { startTime: from, endTime: accepted.endTime };
            const listing = boundListing(left, window, { blobs: limit, bytes });
            delivered.push(...listing.blobs);
            expect(listing.completeUntil > from).toBe(true);
            from = listing.completeUntil;
          }
          expect(delivered).toEqual(all.toSorted((a, b) => (a.contentCreated < b.contentCreated ? -1 : 1)));
        },
      ),
    );
  });
});

describe('parseTime', () => {
  // Where local time is UTC, a time without zone would be read rightly by mistake.
  beforeEach(() => {
    vi.stubEnv('TZ', 'Asia/Kolkata');
  });
  afterEach(() => {
    vi.unstubAllEnvs();
  });

  it.each([
    ['2026-11-22T11:00:00Z', '2026-11-22T11:00:00.000Z'],
    ['2026-11-22T11:00:00z', '2026-11-22T11:00:00.000Z'],
    ['2026-11-22T11:00:00.123Z', '2026-11-22T11:00:00.123Z'],
    ['2026-11-22T11:00:00', '2026-11-22T11:00:00.000Z'],
    ['2026-11-22T11:00', '2026-11-22T11:00:00.000Z'],
    ['2026-11-22', '2026-11-22T00:00:00.000Z'],
    ['2026-11-22T11:00:00+01:00', '2026-11-22T10:00:00.000Z'],
    ['2026-11-22T11:00:00+0100', '2026-11-22T10:00:00.000Z'],
    ['2026-11-22T11:00:00-01:30', '2026-11-22T12:30:00.000Z'],
  ])('reads %s as %s', (time, expected) => {
    expect(isoTime(parseTime(time))).toBe(expected);
  });

  it.each(['', 'now', '2026-13-01T00:00:00Z', '2026-11-22T25:00:00'])('refuses %j by name', (time) => {
    expect(() => parseTime(time)).toThrow(new RangeError(`not an ISO 8601 time: ${time}`));
  });
});
