import { abortable } from '../abortable.ts';
import { encodeLines } from '../ndjson.ts';

/** Reads the records of one blob as lines, in pieces of a chosen size, and counts them. */
export class RecordReader {
  readonly #batches: AsyncIterator<readonly Uint8Array[]>;
  #records = 0;
  #bytes = 0;
  #isAtEnd = false;

  constructor(records: AsyncIterable<readonly Uint8Array[]>) {
    this.#batches = records[Symbol.asyncIterator]();
  }

  /** Records read so far. */
  get records(): number {
    return this.#records;
  }

  /** Bytes of the records read so far, without line ends. */
  get bytes(): number {
    return this.#bytes;
  }

  get isAtEnd(): boolean {
    return this.#isAtEnd;
  }

  /**
   * The next lines: whole batches until they are more than `bytes`, or all that is left. Throws what the records
   * throw, and `signal.reason` as soon as `signal` aborts.
   */
  async read(bytes: number, signal: AbortSignal): Promise<Buffer> {
    const records: Uint8Array[] = [];
    const limit = this.#bytes + bytes;
    while (this.#bytes <= limit) {
      const batch = await abortable(this.#batches.next(), signal);
      if (batch.done === true) {
        this.#isAtEnd = true;
        break;
      }
      for (const record of batch.value) {
        records.push(record);
        this.#bytes += record.length;
      }
    }
    this.#records += records.length;
    return encodeLines(records);
  }

  /** Tells the source that no more is wanted. It may be stuck in a read, so nobody waits for it. */
  stop(): void {
    if (this.#isAtEnd) return;
    this.#batches.return?.().catch(() => undefined);
  }
}
