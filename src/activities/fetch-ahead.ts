import type { BlobOrigin } from '../domain/content-blob.ts';
import type { RecordsOfBlob } from '../destinations/destination.ts';
import type { Reservation } from '../http/byte-budget.ts';
import { HandedRecords } from './handed-records.ts';
import { type StreamMemory, wholeBlobBytes } from './stream-memory.ts';

type Body = AsyncIterable<Uint8Array>;
type Records = RecordsOfBlob['records'];

/** What became of the attempt to fetch one blob. */
export type Fetched =
  { readonly blob: RecordsOfBlob } | { readonly origin: BlobOrigin; readonly error: unknown };

interface FetchOptions<Origin> {
  /** Blobs that are fetched at once. */
  readonly limit: number;
  readonly memory: StreamMemory;
  /** Resolves with the head of the answer. */
  readonly retrieve: (origin: Origin) => Promise<Body>;
  readonly split: (body: Body, origin: Origin) => Records;
  readonly signal: AbortSignal;
}

/**
 * Fetches blobs and yields each as soon as it can be handed on: whole, or, when it is larger than {@link wholeBlobBytes},
 * with its beginning read and the rest still streaming. A body is read once there is room for it in the memory that the
 * process shares; the room is given back when the records have been iterated or are returned, so one of the two has to
 * happen to each blob.
 */
export async function* fetchAhead<Origin extends BlobOrigin>(
  origins: Iterable<Origin>,
  { limit, signal, ...options }: FetchOptions<Origin>,
): AsyncGenerator<Fetched, void, undefined> {
  const left = origins[Symbol.iterator]();
  const running = new Map<Origin, Promise<readonly [Origin, Fetched]>>();
  const stop = new AbortController();
  /** Yielded last, until somebody asks for the next one. */
  let unclaimed: Fetched | undefined;
  const beginOptions = { ...options, signal: AbortSignal.any([signal, stop.signal]) };
  try {
    for (;;) {
      while (running.size < limit) {
        const next = left.next();
        if (next.done) break;
        const origin = next.value;
        running.set(
          origin,
          begin(origin, beginOptions).then((fetched) => [origin, fetched] as const),
        );
      }
      if (running.size === 0) return;
      const [origin, fetched] = await Promise.race(running.values());
      running.delete(origin);
      unclaimed = fetched;
      yield fetched;
      unclaimed = undefined;
    }
  } finally {
    // Nobody wants what is still under way: connections and memory are given back.
    stop.abort();
    for (const begun of running.values()) void begun.then(([, fetched]) => discardUnread(fetched));
    if (unclaimed !== undefined) await discardUnread(unclaimed);
  }
}

/** Ends the stream of a blob that nobody has begun to read. */
async function discardUnread(fetched: Fetched): Promise<void> {
  if (!('blob' in fetched)) return;
  const { records } = fetched.blob;
  if (records instanceof HandedRecords && !records.isBegun) await records.return().catch(() => undefined);
}

async function begin<Origin extends BlobOrigin>(
  origin: Origin,
  { memory, retrieve, split, signal }: Omit<FetchOptions<Origin>, 'limit'>,
): Promise<Fetched> {
  let body: AsyncIterator<Uint8Array> | undefined;
  let reservation: Reservation | undefined;
  try {
    body = (await retrieve(origin))[Symbol.asyncIterator]();
    // The wait for the tenant's turn and for an answer holds no memory. A body that was never read could not be closed.
    const first = await body.next();
    reservation = await memory.lookAhead.reserve(wholeBlobBytes, signal);
    const { chunks, bytes, isWhole } = await readAhead(first, body);
    if (!isWhole) {
      const records = split(following(chunks, body), origin);
      return { blob: { ...origin, records: new HandedRecords(records, reservation, body) } };
    }
    const records = await collect(split(following(chunks), origin));
    reservation.shrinkTo(bytes);
    return { blob: { ...origin, records: new HandedRecords(following(records), reservation) } };
  } catch (error) {
    reservation?.release();
    await body?.return?.().catch(() => undefined);
    return { origin, error };
  }
}

/** Reads a body to its end, or until it is larger than {@link wholeBlobBytes}. */
async function readAhead(first: IteratorResult<Uint8Array>, body: AsyncIterator<Uint8Array>) {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  let next = first;
  while (next.done !== true) {
    chunks.push(next.value);
    bytes += next.value.length;
    if (bytes > wholeBlobBytes) return { chunks, bytes, isWhole: false };
    next = await body.next();
  }
  return { chunks, bytes, isWhole: true };
}

/** First what was read ahead, and given away it is not kept; then the rest. */
async function* following<Item>(
  head: Item[],
  rest?: AsyncIterator<Item>,
): AsyncGenerator<Item, void, undefined> {
  for (let item = head.shift(); item !== undefined; item = head.shift()) yield item;
  if (rest !== undefined) yield* { [Symbol.asyncIterator]: () => rest };
}

async function collect<Item>(items: AsyncIterable<Item>): Promise<Item[]> {
  const collected: Item[] = [];
  for await (const item of items) collected.push(item);
  return collected;
}
