import type { DeadLetter } from '../dead-letter/dead-letter.ts';
import type { BlobOrigin } from '../domain/content-blob.ts';
import type { RecordsOfBlob } from '../destinations/destination.ts';
import { splitRecords } from '../office365/record-reader.ts';
import { type StreamMemory, wholeBlobBytes } from './stream-memory.ts';

/**
 * Cuts bodies into records. One above the tenant's `max_record_size` goes to the dead letter on the way, so that a blob whose
 * records have all been read holds nothing that is not safe.
 */
export function splitBlobs(options: {
  readonly maxRecordBytes: number;
  readonly deadLetter: DeadLetter;
  readonly memory: StreamMemory;
  readonly signal: AbortSignal;
}): (body: AsyncIterable<Uint8Array>, origin: BlobOrigin) => RecordsOfBlob['records'] {
  const { maxRecordBytes, deadLetter, memory, signal } = options;
  return (body, origin) =>
    splitRecords(body, {
      maxRecordBytes,
      largeRecordBytes: wholeBlobBytes,
      // Once in its parts and once in one piece.
      reserveLargeRecord: () => memory.largeRecords.reserve(2 * maxRecordBytes, signal),
      onOversized: (index, bytes) =>
        deadLetter.write(
          {
            origin,
            index,
            reason: 'tooLarge',
            detail: `larger than max_record_size, ${maxRecordBytes} bytes`,
          },
          bytes,
        ),
    });
}
