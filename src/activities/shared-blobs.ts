import type { RecordsOfBlob } from '../destinations/destination.ts';
import { tee } from './tee.ts';

type Records = RecordsOfBlob['records'];

/**
 * Fetched blobs for several destinations: each blob and each of its records is read once and handed to all, at the pace of
 * the slowest that is still there.
 */
export class SharedBlobs {
  readonly #count: number;
  readonly #streams: readonly AsyncIterable<RecordsOfBlob>[];
  /** Each destination's view of the records, by blob. */
  readonly #views = new Map<RecordsOfBlob, readonly Records[]>();
  readonly #hasLeft = new Set<number>();

  constructor(blobs: AsyncIterable<RecordsOfBlob>, count: number) {
    this.#count = count;
    this.#streams = tee(blobs, count);
  }

  /** The blobs as one destination sees them. */
  async *of(which: number): AsyncGenerator<RecordsOfBlob, void, undefined> {
    for await (const blob of this.#streams[which]!) {
      yield { ...blob, records: (await this.#viewsOf(blob))[which]! };
    }
  }

  /** A destination that has ended, well or not, keeps the others waiting no longer. */
  async leave(which: number): Promise<void> {
    this.#hasLeft.add(which);
    await end(this.#streams[which]!);
    for (const views of this.#views.values()) await end(views[which]!);
  }

  async #viewsOf(blob: RecordsOfBlob): Promise<readonly Records[]> {
    const known = this.#views.get(blob);
    if (known !== undefined) return known;
    const views = tee(blob.records, this.#count);
    this.#views.set(blob, views);
    for (const which of this.#hasLeft) await end(views[which]!);
    return views;
  }
}

async function end(stream: AsyncIterable<unknown>): Promise<void> {
  await stream[Symbol.asyncIterator]().return?.();
}
