import type { BlobOrigin } from '../domain/content-blob.ts';

/** Bounds of a batch. A single record may be above `maxBytes`: then it is a batch by itself. */
export interface BatchLimits {
  readonly maxRecords: number;
  /** Bytes of the records, and one for each: what stands between it and the next. */
  readonly maxBytes: number;
}

/** Records of one blob that follow each other, at least one. */
export interface Slice {
  readonly origin: BlobOrigin;
  /** Position of the first among the records of the blob, from 0. */
  readonly start: number;
  readonly records: readonly Uint8Array[];
}

/** What a destination is sent at once, at least one record. */
export type Batch = readonly Slice[];

interface Size {
  readonly records: number;
  readonly bytes: number;
}

const nothing: Size = { records: 0, bytes: 0 };

/**
 * Cuts the records of one blob into slices, each as large as the limits allow. Where it cuts depends on this blob alone, so
 * that a repeat is cut in the same places, whatever else is sent.
 */
export class Slicer {
  readonly #origin: BlobOrigin;
  readonly #limits: BatchLimits;
  #start = 0;
  #records: Uint8Array[] = [];
  #size = nothing;

  constructor(origin: BlobOrigin, limits: BatchLimits) {
    this.#origin = origin;
    this.#limits = limits;
  }

  /** Takes the next record. Returns the slice that has no room for it, if that is so. */
  push(record: Uint8Array): Slice | undefined {
    const size = sizeOf([record]);
    const full = isWithin(this.#limits, this.#size, size) ? undefined : this.rest();
    this.#records.push(record);
    this.#size = sum(this.#size, size);
    return full;
  }

  /** What no slice that was returned holds, if there is any. */
  rest(): Slice | undefined {
    if (this.#records.length === 0) return undefined;
    const slice = { origin: this.#origin, start: this.#start, records: this.#records };
    this.#start += this.#records.length;
    this.#records = [];
    this.#size = nothing;
    return slice;
  }
}

/** A batch that slices of several blobs are put into. */
export class OpenBatch {
  readonly #limits: BatchLimits;
  #slices: Slice[] = [];
  #size = nothing;

  constructor(limits: BatchLimits) {
    this.#limits = limits;
  }

  get isFull(): boolean {
    return this.#size.records >= this.#limits.maxRecords || this.#size.bytes >= this.#limits.maxBytes;
  }

  /** An empty batch has room for every slice. */
  hasRoomFor({ records }: Slice): boolean {
    return this.#slices.length === 0 || isWithin(this.#limits, this.#size, sizeOf(records));
  }

  add(slice: Slice): void {
    this.#slices.push(slice);
    this.#size = sum(this.#size, sizeOf(slice.records));
  }

  /** Returns what is in it, if there is anything, and leaves it empty. */
  take(): Batch | undefined {
    const slices = this.#slices;
    this.#slices = [];
    this.#size = nothing;
    return slices.length === 0 ? undefined : slices;
  }
}

/** The two halves, by number of records, of a batch of two records or more. */
export function halve(batch: Batch): readonly [Batch, Batch] {
  const first: Slice[] = [];
  const second: Slice[] = [];
  let left = Math.floor(countRecords(batch) / 2);
  for (const { origin, start, records } of batch) {
    const count = Math.min(left, records.length);
    left -= count;
    if (count > 0) first.push({ origin, start, records: records.slice(0, count) });
    if (count < records.length) second.push({ origin, start: start + count, records: records.slice(count) });
  }
  return [first, second];
}

export function countRecords(batch: Batch): number {
  return batch.reduce((total, { records }) => total + records.length, 0);
}

export function recordsOf(batch: Batch): readonly Uint8Array[] {
  return batch.flatMap(({ records }) => records);
}

function isWithin({ maxRecords, maxBytes }: BatchLimits, one: Size, other: Size): boolean {
  const { records, bytes } = sum(one, other);
  return records <= maxRecords && bytes <= maxBytes;
}

function sum(one: Size, other: Size): Size {
  return { records: one.records + other.records, bytes: one.bytes + other.bytes };
}

function sizeOf(records: readonly Uint8Array[]): Size {
  return {
    records: records.length,
    bytes: records.reduce((total, { length }) => total + length + 1, 0),
  };
}
