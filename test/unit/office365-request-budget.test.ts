import { describe, expect, it } from 'vitest';
import { createRequestBudget, TokenBucket } from '../../src/office365/request-budget.ts';

const minuteMs = 60_000;
const reason = new Error('shut down');

/** Requests that go out in a minute when each next one is taken as soon as the one before may go. */
function requestsInAMinute(bucket: TokenBucket, fromMs: number): number {
  let count = 0;
  let nowMs = fromMs;
  for (;;) {
    nowMs += bucket.take(nowMs);
    if (nowMs >= fromMs + minuteMs) return count;
    count++;
  }
}

describe('TokenBucket', () => {
  it('lets the rate pass and a burst of five seconds above it, no more', () => {
    const count = requestsInAMinute(new TokenBucket(600, 0), 0);
    expect(count).toBeGreaterThanOrEqual(600);
    expect(count).toBeLessThanOrEqual(600 * 1.04 + 50);
  });

  it('spaces the requests that wait', () => {
    const bucket = new TokenBucket(60, 0);
    const waits = Array.from({ length: 8 }, () => bucket.take(0));
    expect(waits).toEqual([0, 0, 0, 0, 0, 1000, 2000, 3000]);
  });

  it('halves when throttled, at most once in ten seconds', () => {
    const bucket = new TokenBucket(1000, 0);
    bucket.throttle(0);
    bucket.throttle(9_999);
    expect(bucket.perMinute).toBe(500);
    bucket.throttle(10_000);
    expect(bucket.perMinute).toBeCloseTo(250, -1);
  });

  it('makes the next request wait after throttling, whatever had been saved up', () => {
    const bucket = new TokenBucket(600, 0);
    bucket.throttle(0);
    expect(bucket.take(0)).toBe(200);
  });

  it('never falls below 60 a minute, nor below its start where that is lower', () => {
    for (const [start, floor] of [
      [1000, 60],
      [30, 30],
    ] as const) {
      const bucket = new TokenBucket(start, 0);
      for (let at = 0; at < 20; at++) bucket.throttle(at * 10_000);
      expect(bucket.perMinute).toBeGreaterThanOrEqual(floor);
      expect(bucket.perMinute).toBeLessThan(floor + start / 100);
    }
  });

  it('grows to twice its start within half an hour and no further', () => {
    const bucket = new TokenBucket(1000, 0);
    bucket.take(15 * minuteMs);
    expect(bucket.perMinute).toBeCloseTo(1500);
    bucket.take(300 * minuteMs);
    expect(bucket.perMinute).toBe(2000);
  });

  it('counts a token that was put back as never taken', () => {
    const bucket = new TokenBucket(60, 0);
    for (let at = 0; at < 6; at++) bucket.take(0);
    bucket.putBack();
    expect(bucket.take(0)).toBe(1000);
  });

  it('never makes anybody wait when unlimited', () => {
    const bucket = new TokenBucket(Infinity, 0);
    bucket.throttle(0);
    expect(Array.from({ length: 100_000 }, () => bucket.take(0)).every((wait) => wait === 0)).toBe(true);
  });
});

describe('createRequestBudget', () => {
  it('lets eight requests be in flight and the next ones in their order', async () => {
    const budget = createRequestBudget(Infinity);
    const { signal } = new AbortController();
    const places = await Promise.all(Array.from({ length: 8 }, () => budget.acquire(signal)));
    const entered: number[] = [];
    const waiting = [9, 10].map((name) =>
      budget.acquire(signal).then((giveBack) => {
        entered.push(name);
        return giveBack;
      }),
    );
    await new Promise(setImmediate);
    expect(entered).toEqual([]);
    places[3]?.();
    await waiting[0];
    expect(entered).toEqual([9]);
    places[5]?.();
    await waiting[1];
    expect(entered).toEqual([9, 10]);
  });

  it('takes nothing for requests that were given up while they waited for the rate', async () => {
    const budget = createRequestBudget(600);
    const { signal } = new AbortController();
    for (let at = 0; at < 50; at++) (await budget.acquire(signal))();
    for (let round = 0; round < 100; round++) {
      const abort = new AbortController();
      const waiting = Array.from({ length: 8 }, () => budget.acquire(abort.signal));
      await Promise.resolve();
      abort.abort(reason);
      for (const result of await Promise.allSettled(waiting)) {
        // On a slow machine one may have got its turn.
        if (result.status === 'fulfilled') result.value();
        else expect(result.reason).toBe(reason);
      }
    }
    // Eight places and at most a second of the rate; with what was given up it would be minutes.
    await Promise.all(Array.from({ length: 8 }, () => budget.acquire(signal)));
  }, 10_000);

  it('takes nothing for requests that were given up while they waited for a place', async () => {
    const budget = createRequestBudget(Infinity);
    const { signal } = new AbortController();
    const held = await Promise.all(Array.from({ length: 8 }, () => budget.acquire(signal)));
    const abort = new AbortController();
    const givenUp = budget.acquire(abort.signal);
    abort.abort(reason);
    await expect(givenUp).rejects.toBe(reason);
    for (const giveBack of held) giveBack();
    await Promise.all(Array.from({ length: 8 }, () => budget.acquire(signal)));
  });
});
