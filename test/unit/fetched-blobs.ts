import { fetchAhead, type Fetched } from '../../src/activities/fetch-ahead.ts';
import { splitBlobs } from '../../src/activities/split-blob.ts';
import type { StreamMemory } from '../../src/activities/stream-memory.ts';
import type { DeadLetter } from '../../src/dead-letter/dead-letter.ts';
import type { BlobOrigin } from '../../src/domain/content-blob.ts';
import type { RecordsOfBlob } from '../../src/destinations/destination.ts';
import { ByteBudget } from '../../src/http/byte-budget.ts';
import { aBlob } from '../contract/blobs.ts';

export const mebibyte = 1024 * 1024;
export const never = new AbortController().signal;

export const origins = (count: number) => Array.from({ length: count }, (_, index) => aBlob(`${index}`));
export const aMemory = (lookAhead = 64 * mebibyte, largeRecords = 64 * mebibyte): StreamMemory => ({
  lookAhead: new ByteBudget(lookAhead),
  largeRecords: new ByteBudget(largeRecords),
});

const noDeadLetter: DeadLetter = { write: () => Promise.reject(new Error('nothing is oversized')) };

interface Settings {
  readonly limit?: number;
  readonly memory?: StreamMemory;
  readonly signal?: AbortSignal;
  readonly maxRecordBytes?: number;
}

export function fetchAll(
  wanted: Iterable<BlobOrigin>,
  retrieve: (origin: BlobOrigin) => Promise<AsyncIterable<Uint8Array>>,
  { limit = 8, memory = aMemory(), signal = never, maxRecordBytes = 32 * mebibyte }: Settings = {},
) {
  const split = splitBlobs({ maxRecordBytes, deadLetter: noDeadLetter, memory, signal });
  return fetchAhead(wanted, { limit, memory, signal, retrieve, split });
}

/** An array of records of a MiB each, in chunks of one record; tells when its stream is ended. */
export async function* aBody(records: number, onEnd: () => void = () => undefined) {
  const record = `"${'x'.repeat(mebibyte - 2)}"`;
  try {
    for (let index = 0; index < records; index++) yield Buffer.from(`${index === 0 ? '[' : ','}${record}`);
    yield Buffer.from(']');
  } finally {
    onEnd();
  }
}

export async function collect(fetched: AsyncIterable<Fetched>): Promise<Fetched[]> {
  const all: Fetched[] = [];
  for await (const one of fetched) all.push(one);
  return all;
}

export function blobOf(fetched: Fetched | undefined): RecordsOfBlob {
  if (fetched !== undefined && 'blob' in fetched) return fetched.blob;
  throw new Error('not fetched', { cause: fetched?.error });
}

export async function readAll({ records }: RecordsOfBlob): Promise<number> {
  let bytes = 0;
  for await (const batch of records) for (const record of batch) bytes += record.length;
  return bytes;
}

export async function* inChunks(body: string): AsyncGenerator<Uint8Array, void, undefined> {
  const bytes = Buffer.from(body);
  for (let start = 0; start < bytes.length; start += 64 * 1024)
    yield bytes.subarray(start, start + 64 * 1024);
}
