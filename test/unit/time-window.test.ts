import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  boundListing,
  isAccepted,
  isoTime,
  marginMs,
  maxAcceptedSpanMs,
  parseTime,
  planLiveListing,
  retentionMs,
} from '../../src/domain/time-window.ts';

const now = parseTime('2026-11-22T12:00:00Z');
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
    ['2026-11-20T00:00:00.000Z', true, 'what was not asked for at all'],
  ])('%s: %s (%s)', (contentCreated, expected) => {
    expect(isAccepted(contentCreated, plan)).toBe(expected);
  });
});

describe('boundListing', () => {
  const accepted = { startTime: '2026-11-22T00:00:00.000Z', endTime: '2026-11-22T01:00:00.000Z' };
  const blob = (second: number) => ({
    contentCreated: isoTime(parseTime(accepted.startTime) + second * 1000),
  });

  it('is complete to the end of the window when all fits', () => {
    const listing = boundListing([blob(2), blob(1)], accepted, 2);
    expect(listing).toEqual({ blobs: [blob(1), blob(2)], completeUntil: accepted.endTime });
  });

  it('keeps the oldest and ends before the first one that it leaves', () => {
    const listing = boundListing([blob(3), blob(1), blob(2)], accepted, 2);
    expect(listing.blobs).toEqual([blob(1), blob(2)]);
    expect(listing.completeUntil).toBe(blob(3).contentCreated);
  });

  it('never separates blobs of one instant', () => {
    const listing = boundListing([blob(1), blob(2), blob(2), blob(2), blob(9)], accepted, 2);
    expect(listing.blobs).toHaveLength(4);
    expect(listing.completeUntil).toBe(blob(9).contentCreated);
  });

  it('loses no blob when one listing after the other goes on from where it is complete', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 0, max: 40 }), { maxLength: 60 }),
        fc.integer({ min: 1, max: 7 }),
        (seconds, limit) => {
          const all = seconds.map(blob);
          const delivered: { contentCreated: string }[] = [];
          let from = accepted.startTime;
          while (from !== accepted.endTime) {
            const left = all.filter(({ contentCreated }) => contentCreated >= from);
            const listing = boundListing(left, { startTime: from, endTime: accepted.endTime }, limit);
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
