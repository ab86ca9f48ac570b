import type { BlobOrigin, RecordsOfBlob } from '../destinations/destination.ts';

/** A blob up to this size is seen whole before the first record is handed on, so that a cut body never shows. */
const wholeBlobBytes = 4 * 1024 * 1024;

type RecordBatch = readonly Uint8Array[];

/** What became of the attempt to fetch one blob. */
export type Fetched =
  { readonly blob: RecordsOfBlob } | { readonly origin: BlobOrigin; readonly error: unknown };

/**
 * Fetches blobs, at most `limit` at once, and yields each as soon as it can be handed on: whole, or, when it is larger
 * than {@link wholeBlobBytes}, with its beginning read and the rest still streaming.
 */
export async function* fetchAhead<Origin extends BlobOrigin>(
  origins: Iterable<Origin>,
  limit: number,
  retrieve: (origin: Origin) => Promise<AsyncIterable<RecordBatch>>,
): AsyncGenerator<Fetched, void, undefined> {
  const left = origins[Symbol.iterator]();
  const running = new Map<Origin, Promise<readonly [Origin, Fetched]>>();
  try {
    for (;;) {
      while (running.size < limit) {
        const next = left.next();
        if (next.done) break;
        const origin = next.value;
        running.set(
          origin,
          begin(origin, retrieve).then((fetched) => [origin, fetched] as const),
        );
      }
      if (running.size === 0) return;
      const [origin, fetched] = await Promise.race(running.values());
      running.delete(origin);
      yield fetched;
    }
  } finally {
    // Nobody wants what is still under way: the connections are given back.
    for (const begun of running.values()) void begun.then(([, fetched]) => discard(fetched));
  }
}

/** Ends the stream of a blob that nobody reads. */
async function discard(fetched: Fetched): Promise<void> {
  if ('blob' in fetched) await fetched.blob.records[Symbol.asyncIterator]().return?.();
}

async function begin<Origin extends BlobOrigin>(
  origin: Origin,
  retrieve: (origin: Origin) => Promise<AsyncIterable<RecordBatch>>,
): Promise<Fetched> {
  try {
    const iterator = (await retrieve(origin))[Symbol.asyncIterator]();
    const head: RecordBatch[] = [];
    let bytes = 0;
    while (bytes < wholeBlobBytes) {
      const next = await iterator.next();
      if (next.done) return { blob: { ...origin, records: replay(head) } };
      head.push(next.value);
      for (const record of next.value) bytes += record.length;
    }
    return { blob: { ...origin, records: replay(head, iterator) } };
  } catch (error) {
    return { origin, error };
  }
}

/**
 * First what was read ahead, then the rest. Not a generator: one that was never begun would not end `rest` when it is
 * returned, and the connection behind it would stay busy.
 */
function replay(head: RecordBatch[], rest?: AsyncIterator<RecordBatch>): AsyncIterable<RecordBatch> {
  const end = { done: true, value: undefined } as const;
  const iterator: AsyncIterator<RecordBatch> = {
    next: async () => {
      const value = head.shift();
      return value === undefined ? ((await rest?.next()) ?? end) : { done: false, value };
    },
    return: async () => {
      head.length = 0;
      await rest?.return?.();
      return end;
    },
  };
  return { [Symbol.asyncIterator]: () => iterator };
}
