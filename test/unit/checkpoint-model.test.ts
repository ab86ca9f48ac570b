import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { histories, liveThrough } from './checkpoint-model/history.ts';

/** Histories of one run: many more by `CHECKPOINT_HISTORIES`, the same again by `CHECKPOINT_SEED`. */
const numRuns = Number(process.env.CHECKPOINT_HISTORIES ?? 2_000);
const seed = Number(process.env.CHECKPOINT_SEED ?? 20261122);

describe('a checkpoint', () => {
  it(
    'loses nothing, repeats nothing, comes to rest and balances, whatever happens',
    { timeout: 3_600_000 },
    () => {
      process.stdout.write(`checkpoint histories: ${numRuns}, seed ${seed}\n`);
      fc.assert(
        fc.property(histories, (history) => void liveThrough(history)),
        { numRuns, seed },
      );
      expect(numRuns).toBeGreaterThan(0);
    },
  );
});
