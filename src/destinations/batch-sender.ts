import { setMaxListeners } from 'node:events';
import type { DeadLetter } from '../dead-letter/dead-letter.ts';
import { DestinationError } from '../errors.ts';
import { countRecords, halve, OpenBatch, type Batch, type BatchLimits, type Slice } from './batching.ts';
import type { BlobOrigin } from '../domain/content-blob.ts';
import { Receipt } from './receipt.ts';
import type { Slots } from './slots.ts';

export interface SendingOptions {
  /** Key of the destination, for the dead letter. */
  readonly name: string;
  readonly limits: BatchLimits;
  /** How long a batch that is not full waits for more. */
  readonly maxAgeMs: number;
  readonly deadLetter: DeadLetter;
  /**
   * Resolves when the destination has stored the whole batch. Throws DestinationError: `tooLarge` and `rejected` when it has
   * stored nothing of it and another cut may be taken, all else for trouble of the whole destination.
   */
  readonly send: (batch: Batch, signal: AbortSignal) => Promise<void>;
}

/**
 * Sends the slices of one delivery, joined to batches, and splits what is refused down to the single record, which goes to
 * the dead letter. After trouble of the whole destination nothing more is begun; what is under way may still come to its end,
 * since nobody knows what has arrived of a request that is cut off.
 */
export class BatchSender {
  /** Aborts when nothing more is sent: the reason says why. */
  readonly halted: AbortSignal;
  readonly #options: SendingOptions;
  readonly #slots: Slots;
  readonly #open: OpenBatch;
  readonly #receipts = new Map<BlobOrigin, Receipt>();
  /** Aborts when the destination is in trouble. */
  readonly #trouble = new AbortController();
  /** Aborts when nobody waits for receipts any more. */
  readonly #abandoned = new AbortController();
  /** Aborts when what is under way is to be cut off. */
  readonly #cancelled: AbortSignal;
  #age: NodeJS.Timeout | undefined;
  /** Settles when the last batch that was closed has its turn. */
  #lastTurn: Promise<unknown> = Promise.resolve();

  constructor(options: SendingOptions, slots: Slots, signal: AbortSignal) {
    this.#options = options;
    this.#slots = slots;
    this.#open = new OpenBatch(options.limits);
    this.#cancelled = AbortSignal.any([signal, this.#abandoned.signal]);
    this.halted = AbortSignal.any([this.#cancelled, this.#trouble.signal]);
    // Each batch that waits or is on its way listens.
    setMaxListeners(0, this.#cancelled, this.halted);
  }

  /** The receipt for all slices of this blob. */
  receiptFor(origin: BlobOrigin): Receipt {
    const receipt = new Receipt();
    this.#receipts.set(origin, receipt);
    return receipt;
  }

  /** Takes a slice that is sent by itself. Resolves when no batch waits for its turn. */
  async send(slice: Slice): Promise<void> {
    this.#expect(slice);
    this.#dispatch([slice]);
    await this.#lastTurn;
  }

  /** Takes a slice that may share a batch with those of other blobs. Resolves when no batch waits for its turn. */
  async join(slice: Slice): Promise<void> {
    this.#expect(slice);
    if (!this.#open.hasRoomFor(slice)) this.flush();
    this.#open.add(slice);
    if (this.#open.isFull || this.halted.aborted) this.flush();
    else this.#age ??= setTimeout(() => this.flush(), this.#options.maxAgeMs);
    await this.#lastTurn;
  }

  /** Sends what waits for more. */
  flush(): void {
    const batch = this.#takeOpen();
    if (batch !== undefined) this.#dispatch(batch);
  }

  /** Cancels what is under way. */
  close(): void {
    clearTimeout(this.#age);
    this.#abandoned.abort();
  }

  #expect({ origin, records }: Slice): void {
    this.#receipts.get(origin)?.expect(records.length);
  }

  #takeOpen(): Batch | undefined {
    clearTimeout(this.#age);
    this.#age = undefined;
    return this.#open.take();
  }

  #dispatch(batch: Batch): void {
    const turn = this.#slots.acquire(this.halted);
    this.#lastTurn = turn.catch(() => undefined);
    void this.#sendInTurn(batch, turn);
  }

  async #sendInTurn(batch: Batch, turn: Promise<() => void>): Promise<void> {
    let endTurn = (): void => undefined;
    try {
      endTurn = await turn;
      await this.#sendAll(batch);
    } catch (error) {
      // Before the next one has its turn, as that is not to begin.
      this.#fail(batch, error);
    } finally {
      endTurn();
    }
  }

  #fail(batch: Batch, error: unknown): void {
    for (const { origin } of batch) this.#receipts.get(origin)?.fail(error);
    this.#trouble.abort(error);
    const waiting = this.#takeOpen();
    if (waiting !== undefined) this.#fail(waiting, error);
  }

  async #sendAll(batch: Batch): Promise<void> {
    this.halted.throwIfAborted();
    try {
      await this.#options.send(batch, this.#cancelled);
    } catch (error) {
      if (!isRefusal(error)) throw error;
      if (countRecords(batch) > 1) {
        for (const half of halve(batch)) await this.#sendAll(half);
        return;
      }
      await this.#setAside(batch, error);
    }
    for (const { origin, records } of batch) this.#receipts.get(origin)?.confirm(records.length);
  }

  async #setAside(batch: Batch, { kind, message }: Refusal): Promise<void> {
    for (const { origin, start, records } of batch) {
      const record = { origin, index: start, reason: kind, detail: message, destination: this.#options.name };
      for (const bytes of records) await this.#options.deadLetter.write(record, bytes);
    }
  }
}

type Refusal = DestinationError & { readonly kind: 'tooLarge' | 'rejected' };

function isRefusal(error: unknown): error is Refusal {
  return error instanceof DestinationError && (error.kind === 'tooLarge' || error.kind === 'rejected');
}
