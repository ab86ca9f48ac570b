import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseTime } from '../../src/domain/time-window.ts';
import { histories, liveThrough, liveWithout } from './checkpoint-model/history.ts';

/** Histories of one run: many more by `CHECKPOINT_HISTORIES`, the same again by `CHECKPOINT_SEED`. */
const numRuns = Number(process.env['CHECKPOINT_HISTORIES'] ?? 2_000);
const seed = Number(process.env['CHECKPOINT_SEED'] ?? 20261122);

describe('a checkpoint', { timeout: 24 * 3_600_000 }, () => {
  it('loses nothing, repeats nothing, comes to rest and balances, whatever happens', () => {
    process.stdout.write(`checkpoint histories: ${numRuns}, seed ${seed}\n`);
    fc.assert(
      fc.property(histories, (history) => void liveThrough(history)),
      { numRuns, seed },
    );
  });

  it('is not held up by a destination that does not answer', () => {
    const property = fc.property(histories, (history) => {
      const { world, subscription } = liveWithout('siem', history);
      expect(parseTime(subscription.checkpoint.position)).toBeGreaterThan(world.nowMs - 3_600_000);
      for (const [contentId, { createdMs, isGone }] of world.service.blobs)
        if (!isGone && world.isDue('archive', contentId) && createdMs > world.nowMs - 6 * 24 * 3_600_000)
          expect(world.holds('archive', contentId)).toBe(true);
    });
    fc.assert(property, { numRuns: Math.ceil(numRuns / 20), seed });
  });
});
