import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  acknowledge,
  advance,
  beginAt,
  isNew,
  maxDeliveredBytes,
  maxRememberedLosses,
  recordLosses,
  type Checkpoint,
} from '../../src/domain/checkpoint.ts';
import { isoTime, parseTime } from '../../src/domain/time-window.ts';

const start = '2026-11-22T00:00:00.000Z';
const counts = { records: 10, bytes: 1000, repeats: 0 };
const aBlob = (index: number, minutes = index) => ({
  contentId: `id$${index}`,
  contentCreated: isoTime(parseTime(start) + minutes * 60_000),
});

describe('checkpoint', () => {
  it('remembers what was acknowledged and nothing else', () => {
    const checkpoint = acknowledge(beginAt(start), [aBlob(1), aBlob(90)], counts);
    expect([aBlob(1), aBlob(90), aBlob(2)].map((blob) => isNew(checkpoint, blob))).toEqual([
      false,
      false,
      true,
    ]);
    expect(checkpoint.totals).toEqual({ blobs: 2, records: 10, bytes: 1000, repeats: 0, lost: 0 });
  });

  it('counts a blob that is acknowledged twice once', () => {
    const once = acknowledge(beginAt(start), [aBlob(1)], counts);
    const twice = acknowledge(once, [aBlob(1), aBlob(1)], { records: 0, bytes: 0, repeats: 1 });
    expect(twice.totals.blobs).toBe(1);
    expect(twice.delivered).toEqual(once.delivered);
  });

  it('refuses to move back', () => {
    const checkpoint = advance(beginAt(start), '2026-11-22T01:00:00Z');
    expect(() => advance(checkpoint, '2026-11-22T00:59:59.999Z')).toThrow('cannot move back');
  });

  it('forgets hours past the retention and keeps the ones inside', () => {
    const full = acknowledge(beginAt(start), [aBlob(1, 1), aBlob(2, 61)], counts);
    const later = advance(full, isoTime(parseTime(start) + (7 * 24 + 1) * 3_600_000));
    expect(Object.keys(later.delivered)).toEqual(['2026-11-22T01']);
  });

  it('forgets the oldest hours first when the fingerprints would not fit, and says how far back it remembers', () => {
    let checkpoint = beginAt(start);
    for (let hour = 0; hour < 24 * 7; hour++) {
      const blobs = Array.from({ length: 1000 }, (_, index) => aBlob(hour * 1000 + index, hour * 60));
      checkpoint = acknowledge(checkpoint, blobs, counts);
    }
    const encoded = JSON.stringify(checkpoint).length;
    expect(encoded).toBeLessThan(1_000_000);
    expect(encoded).toBeGreaterThan(maxDeliveredBytes * 0.98);
    expect(checkpoint.sweepHorizon).toBe(`${Object.keys(checkpoint.delivered).toSorted()[0]}:00:00.000Z`);
    expect(checkpoint.totals.blobs).toBe(168_000);
  });

  it('keeps the newest losses and counts all', () => {
    const loss = (index: number) => ({ startTime: start, endTime: start, reason: `${index}`, time: start });
    let checkpoint: Checkpoint = beginAt(start);
    for (let index = 0; index < maxRememberedLosses + 5; index++)
      checkpoint = recordLosses(checkpoint, [loss(index)]);
    expect(checkpoint.losses[0]?.reason).toBe('5');
    expect(checkpoint.totals.lost).toBe(maxRememberedLosses + 5);
  });

  it('survives the way through JSON, and transitions never touch the value they start from', () => {
    fc.assert(
      fc.property(fc.array(fc.array(fc.integer({ min: 0, max: 600 }), { maxLength: 8 })), (batches) => {
        let checkpoint = beginAt(start);
        const seen = new Set<number>();
        for (const batch of batches) {
          const before = JSON.stringify(checkpoint);
          const next = acknowledge(
            checkpoint,
            batch.map((index) => aBlob(index)),
            counts,
          );
          expect(JSON.stringify(checkpoint)).toBe(before);
          checkpoint = JSON.parse(JSON.stringify(next)) as Checkpoint;
          for (const index of batch) seen.add(index);
        }
        for (let index = 0; index <= 600; index += 7)
          expect(isNew(checkpoint, aBlob(index))).toBe(!seen.has(index));
        expect(checkpoint.totals.blobs).toBe(seen.size);
      }),
      { numRuns: 50 },
    );
  });
});
