import type { StreamMemory } from '../activities/stream-memory.ts';
import { ByteBudget } from '../http/byte-budget.ts';

const mebibyte = 1024 * 1024;

/** Room for 32 bodies that are being read, 4 MiB each; blobs that are complete need no more than their size. */
const lookAheadBytes = 128 * mebibyte;

/** Room for one record of the default `max_record_size`, in its parts and in one piece. */
const largeRecordBytes = 128 * mebibyte;

/** What the streams of one process may hold. Destinations come on top, with what they have been handed. */
export function createStreamMemory(): StreamMemory {
  return { lookAhead: new ByteBudget(lookAheadBytes), largeRecords: new ByteBudget(largeRecordBytes) };
}
