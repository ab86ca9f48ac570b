import type { RecordsOfBlob } from '../destinations/destination.ts';
import type { Reservation } from '../http/byte-budget.ts';

type Batch = readonly Uint8Array[];

/**
 * The records of a blob on their way to a destination: their memory is given back and their body closed when they end, fail
 * or are returned. Not a generator: one that was never begun does nothing when it is returned, and one that was returned
 * looks as if it had come to its end.
 */
export class HandedRecords implements AsyncIterator<Batch, unknown> {
  readonly #batches: AsyncIterator<Batch, unknown>;
  readonly #reservation: Reservation;
  readonly #body: AsyncIterator<Uint8Array> | undefined;
  #isBegun = false;
  #isReturned = false;

  constructor(records: RecordsOfBlob['records'], reservation: Reservation, body?: AsyncIterator<Uint8Array>) {
    this.#batches = records[Symbol.asyncIterator]();
    this.#reservation = reservation;
    this.#body = body;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  get isBegun(): boolean {
    return this.#isBegun;
  }

  async next(): Promise<IteratorResult<Batch, unknown>> {
    this.#isBegun = true;
    let isOver = true;
    try {
      const batch = await this.#batches.next();
      isOver = batch.done === true;
      // Somebody else gave it up meanwhile: who reads it must not take it for complete.
      if (isOver && this.#isReturned) throw new Error('the records were given up before their end');
      return batch;
    } finally {
      if (isOver) this.#reservation.release();
    }
  }

  async return(): Promise<IteratorResult<Batch, unknown>> {
    this.#isReturned = true;
    this.#reservation.release();
    await this.#batches.return?.();
    await this.#body?.return?.();
    return { done: true, value: undefined };
  }
}
