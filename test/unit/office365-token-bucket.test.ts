import { describe, expect, it } from 'vitest';
import { TokenBucket } from '../../src/office365/token-bucket.ts';

const minuteMs = 60_000;

/** Requests that go out in a minute when each goes out as soon as it may. */
function requestsInAMinute(bucket: TokenBucket, fromMs: number): number {
  let count = 0;
  for (let nowMs = fromMs; nowMs < fromMs + minuteMs;) {
    const delayMs = bucket.delayMs(nowMs);
    nowMs += delayMs;
    if (delayMs > 0) continue;
    bucket.take();
    count++;
  }
  return count;
}

describe('TokenBucket', () => {
  it('lets the rate pass and a burst of five seconds above it, no more', () => {
    const count = requestsInAMinute(new TokenBucket(600, 0), 0);
    expect(count).toBeGreaterThanOrEqual(600);
    expect(count).toBeLessThanOrEqual(600 * 1.04 + 50);
  });

  it('spaces the requests that wait', () => {
    const bucket = new TokenBucket(60, 0);
    for (let at = 0; at < 5; at++) {
      expect(bucket.delayMs(0)).toBe(0);
      bucket.take();
    }
    expect(bucket.delayMs(0)).toBe(1000);
    // The rate has grown by a hair since.
    expect(bucket.delayMs(500)).toBeCloseTo(500, -1);
    expect(bucket.delayMs(1000)).toBe(0);
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
    expect(bucket.delayMs(0)).toBe(200);
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
    bucket.delayMs(15 * minuteMs);
    expect(bucket.perMinute).toBeCloseTo(1500);
    bucket.delayMs(300 * minuteMs);
    expect(bucket.perMinute).toBe(2000);
  });

  it('never makes anybody wait when unlimited', () => {
    const bucket = new TokenBucket(Infinity, 0);
    bucket.throttle(0);
    for (let at = 0; at < 1000; at++) {
      expect(bucket.delayMs(0)).toBe(0);
      bucket.take();
    }
  });
});
