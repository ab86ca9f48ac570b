import type { BlobOrigin, RecordsOfBlob } from '../destinations/destination.ts';

/** A blob up to this size is seen whole before the first record is handed on, so that a cut body never shows. */
export const wholeBlobBytes = 4 * 1024 * 1024;

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

async function* replay(
  head: RecordBatch[],
  rest?: AsyncIterator<RecordBatch>,
): AsyncGenerator<RecordBatch, void, undefined> {
  try {
    yield* head.splice(0);
    for (let next = await rest?.next(); next !== undefined && !next.done; next = await rest?.next())
      yield next.value;
  } finally {
    await rest?.return?.();
  }
}
