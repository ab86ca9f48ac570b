import { RecordSplitter } from './record-splitter.ts';

/** Bounds that keep the memory of one blob's reader finite, whatever the body holds. */
interface RecordLimits {
  /** Size of one record. The largest real ones are some tens of kilobytes; a bigger one than this fails the blob. */
  readonly maxRecordBytes: number;
}

const defaultLimits: RecordLimits = { maxRecordBytes: 64 * 1024 * 1024 };

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
  limits: RecordLimits = defaultLimits,
): AsyncIterable<readonly Uint8Array[]> {
  const splitter = new RecordSplitter(limits.maxRecordBytes);
  for await (const chunk of body) {
    const records = splitter.push(chunk);
    if (records.length > 0) yield records;
  }
  splitter.end();
}
