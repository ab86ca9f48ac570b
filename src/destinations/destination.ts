import type { BlobOrigin } from '../domain/content-blob.ts';
import type { DeadLetter } from '../dead-letter/dead-letter.ts';
import type { NetworkOptions } from '../http/dispatcher.ts';

/**
 * A blob on its way to a destination. `records` yields batches of records, each record the exact bytes between the
 * commas of Microsoft's array. It may be iterated once. It throws when the blob turns out to be incomplete; nothing
 * that was yielded before then counts. Blobs of up to 4 MiB are complete in memory before they are handed over.
 */
export interface RecordsOfBlob extends BlobOrigin {
  readonly records: AsyncIterable<readonly Uint8Array[]>;
}

/** What became of one blob. A blob that fails by itself is a result; trouble of the destination is thrown. */
export type DeliveryOutcome =
  | {
      readonly contentId: string;
      readonly status: 'delivered';
      /** Records in the blob, also when the destination had them already. */
      readonly records: number;
      /** Bytes of the records, without separators; 0 when the destination had the blob already. */
      readonly bytes: number;
      /** The destination had the blob already, from an attempt whose acknowledgement was lost. */
      readonly isRepeat: boolean;
    }
  /** The blob's `records` threw; the destination holds nothing of the blob. */
  | { readonly contentId: string; readonly status: 'failed'; readonly error: unknown };

/**
 * Takes audit records as bytes. The contract, checked by `test/contract/destination-contract.ts` for every implementation:
 *
 * - A blob is reported `delivered` only when all its records are acknowledged, or durably in the dead letter.
 * - `deliver` may be called again with the same blobs, and concurrently.
 * - Every blob taken from `blobs` gets exactly one outcome, in any order, unless `deliver` throws.
 * - A refused batch is split; otherwise it neither retries nor sleeps (Temporal does).
 * - Trouble of the whole destination throws `DestinationError` of `errors.ts` and nothing else, except `signal.reason` when
 *   `signal` aborts, which it does promptly.
 */
export interface Destination {
  readonly name: string;
  deliver(blobs: AsyncIterable<RecordsOfBlob>, signal: AbortSignal): AsyncIterable<DeliveryOutcome>;
  /** Makes sure that a delivery could work, without writing records. Throws `DestinationError` of `errors.ts` that says what to mend. */
  check(signal: AbortSignal): Promise<void>;
  /** Releases what the destination holds. */
  close(): Promise<void>;
}

/** What every destination is given of the process. */
export interface DestinationContext {
  /** For single records that the destination refuses for good. */
  readonly deadLetter: DeadLetter;
  readonly network: NetworkOptions;
  /** The text of a file without the line end at its end. Throws an Error whose message names the file and the remedy. */
  readonly readSecretFile: (path: string) => Promise<string>;
}
