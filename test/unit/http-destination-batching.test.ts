import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  countRecords,
  halve,
  OpenBatch,
  recordsOf,
  Slicer,
  type Slice,
} from '../../src/destinations/batching.ts';
import { encodeBody, limitsFor, type BodyForm } from '../../src/destinations/http/encode.ts';
import { aBlob } from '../contract/blobs.ts';

const blobs = fc.array(
  fc.array(
    fc.nat(40).map((length) => Buffer.alloc(length, 'x')),
    { maxLength: 30 },
  ),
  { minLength: 1, maxLength: 8 },
);
const anyLimits = fc.record({
  maxRecords: fc.integer({ min: 1, max: 9 }),
  maxBytes: fc.integer({ min: 2, max: 90 }),
});
type Limits = { maxRecords: number; maxBytes: number };

function slice(records: readonly Buffer[], limits: Limits, contentId = 'blob'): Slice[] {
  const slicer = new Slicer(aBlob(contentId), limits);
  const full = records.flatMap((record) => slicer.push(record) ?? []);
  const rest = slicer.rest();
  return rest === undefined ? full : [...full, rest];
}

/** What one request after the other holds when the slices of all blobs may share them. */
function join(slices: readonly Slice[], limits: Limits): (readonly Slice[])[] {
  const open = new OpenBatch(limits);
  const batches: (readonly Slice[])[] = [];
  for (const one of slices) {
    if (!open.hasRoomFor(one)) batches.push(open.take() ?? []);
    open.add(one);
  }
  return [...batches, open.take() ?? []];
}

describe('a slicer', () => {
  it('hands on every record once, in order, with its position', () => {
    fc.assert(
      fc.property(blobs, anyLimits, ([records = []], limits) => {
        const slices = slice(records, limits);
        expect(recordsOf(slices)).toEqual(records);
        let start = 0;
        for (const one of slices) {
          expect(one.records.length).toBeGreaterThan(0);
          expect(one.start).toBe(start);
          start += one.records.length;
        }
      }),
    );
  });

  it('fills a slice as far as the limits allow', () => {
    const limits = { maxRecords: 3, maxBytes: 10 };
    const lengths = (records: string[]) =>
      slice(
        records.map((record) => Buffer.from(record)),
        limits,
      ).map((one) => one.records.length);
    expect(lengths(['1', '2', '3', '4'])).toEqual([3, 1]);
    expect(lengths(['1234', '5678', '9'])).toEqual([2, 1]);
    expect(lengths(['1234', '56789', '0'])).toEqual([1, 2]);
    expect(lengths(['longer than ten', '1'])).toEqual([1, 1]);
  });
});

describe.each(['ndjson', 'array', 'single'] satisfies BodyForm[])('batches of the form %s', (form) => {
  it('stay within the limits, single records apart that are above them', () => {
    fc.assert(
      fc.property(blobs, anyLimits, (all, configured) => {
        const limits = limitsFor(form, configured);
        const slices = all.flatMap((records, index) => slice(records, limits, `blob ${index}`));
        const batches = join(slices, limits).filter((batch) => batch.length > 0);
        expect(batches.flatMap(recordsOf)).toEqual(all.flat());
        for (const batch of batches) {
          const records = countRecords(batch);
          expect(records).toBeLessThanOrEqual(configured.maxRecords);
          if (records > 1) expect(encodeBody(form, batch).length).toBeLessThanOrEqual(configured.maxBytes);
        }
      }),
    );
  });
});

it('a batch is halved without losing, doubling or moving a record', () => {
  fc.assert(
    fc.property(blobs, anyLimits, (all, limits) => {
      const batch = all.flatMap((records, index) => slice(records, limits, `blob ${index}`));
      fc.pre(countRecords(batch) > 1);
      const halves = halve(batch);
      expect(halves.map(countRecords)).toEqual([
        Math.floor(countRecords(batch) / 2),
        Math.ceil(countRecords(batch) / 2),
      ]);
      const positions = (slices: readonly Slice[]) =>
        slices.flatMap(({ origin, start, records }) =>
          records.map((record, index) => [origin.contentId, start + index, record]),
        );
      expect(positions(halves.flat())).toEqual(positions(batch));
    }),
  );
});
