import type { Reservation } from '../http/byte-budget.ts';
import { RecordSplitter, type OversizedPart, type Piece } from './record-splitter.ts';

/** What happens to records that are longer than real ones ever are (some tens of kilobytes). */
export interface RecordLimits {
  /** A longer record is not yielded but given to `onOversized`. */
  readonly maxRecordBytes: number;
  /**
   * Takes such a record as it arrives: its index in the blob, from 0, and its exact bytes, which have to be iterated to
   * their end. The next record is read when it resolves; what it throws ends the blob.
   */
  readonly onOversized: (index: number, bytes: AsyncIterable<Uint8Array>) => Promise<void>;
  /** Before more than this is held of one record, room for it is reserved. */
  readonly largeRecordBytes: number;
  /** Resolves when there is room for a record of `maxRecordBytes`. */
  readonly reserveLargeRecord: () => Promise<Reservation>;
}

/**
 * Cuts the body of a content blob into its records without parsing them: each is the exact bytes of one element of the
 * top-level array, without the white space around it. Yields a batch for each chunk in which records end. Records are
 * slices of the chunks, copied only where one spans chunks. A byte order mark is skipped, and a body that is a single
 * object counts as one record.
 *
 * What it checks is what it takes to neither invent nor lose a record: one array, single commas between its elements,
 * brackets that match, strings that end, scalar elements spelt as JSON has them, nothing behind the end. Inside an
 * object or a nested array it checks no commas, colons, literals, escapes or UTF-8.
 *
 * Nothing that was yielded counts when it throws: ManagementApiError `unavailable` for a body that ends early (an empty
 * one, too), `unexpectedResponse` for one that is not an array of JSON values, and for an object that is the API's error
 * envelope the kind of its code.
 */
export async function* splitRecords(
  body: AsyncIterable<Uint8Array>,
  limits: RecordLimits,
): AsyncGenerator<readonly Uint8Array[], void, undefined> {
  const pieces = readPieces(body, limits);
  for await (const piece of pieces) {
    if ('records' in piece) yield piece.records;
    else await limits.onOversized(piece.index, bytesOf(piece, pieces));
  }
}

async function* readPieces(
  body: AsyncIterable<Uint8Array>,
  { maxRecordBytes, largeRecordBytes, reserveLargeRecord }: RecordLimits,
): AsyncGenerator<Piece, void, undefined> {
  const splitter = new RecordSplitter(maxRecordBytes);
  let reservation: Reservation | undefined;
  try {
    for await (const chunk of body) {
      const pieces = splitter.push(chunk);
      // Of a record above the limit no more than the limit is held.
      const isLarge = Math.min(splitter.openBytes, maxRecordBytes) > largeRecordBytes;
      if (!isLarge) {
        // Before the record is handed on: whoever takes it may wait for a large record of another blob next.
        reservation?.release();
        reservation = undefined;
      }
      yield* pieces;
      if (isLarge) reservation ??= await reserveLargeRecord();
    }
    splitter.end();
  } finally {
    reservation?.release();
  }
}

/** The bytes of one oversized record, of which `first` has come: reads on until its end. */
async function* bytesOf(
  first: OversizedPart,
  pieces: AsyncGenerator<Piece, void, undefined>,
): AsyncGenerator<Uint8Array, void, undefined> {
  let part = first;
  yield* part.bytes;
  while (!part.isEnd) {
    const next = await pieces.next();
    // Pieces end with the end of the array, and so never inside a record.
    part = next.value as OversizedPart;
    yield* part.bytes;
  }
}
