import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { checkReading, cutPositions, damagedBody, recordLimit, validBody } from './splitter-oracle.ts';

/** The same, for longer and with other seeds: `npm run fuzz`. */
describe('the record reader, against JSON.parse', () => {
  it('yields exactly the bytes between the commas of any array', async () => {
    await fc.assert(
      fc.asyncProperty(validBody, cutPositions, recordLimit, async (body, cuts, limit) => {
        expect(await checkReading(Buffer.from(body), cuts, limit)).toBe(true);
      }),
      { numRuns: 500, seed: 7 },
    );
  });

  it('takes no damaged array for complete, unless the damage is inside a record', async () => {
    let completed = 0;
    await fc.assert(
      fc.asyncProperty(damagedBody, cutPositions, recordLimit, async (body, cuts, limit) => {
        if (await checkReading(body, cuts, limit)) completed++;
      }),
      { numRuns: 1500, seed: 11 },
    );
    expect(completed).toBeGreaterThan(100);
  });

  it('takes no bytes at all for complete that are not an array or object', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 40 }), cutPositions, async (body, cuts) => {
        await checkReading(body, cuts);
      }),
      { numRuns: 500, seed: 13 },
    );
  });

  it('takes no beginning of an array for complete', async () => {
    await fc.assert(
      fc.asyncProperty(validBody, fc.nat(10_000), cutPositions, async (valid, length, cuts) => {
        const body = Buffer.from(valid.trimEnd());
        expect(await checkReading(body.subarray(0, length % body.length), cuts)).toBe(false);
      }),
      { numRuns: 500, seed: 17 },
    );
  });
});
