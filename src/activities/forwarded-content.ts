import type { BlobReference } from '../domain/content-blob.ts';

/** What goes into `forwardContent` and comes out of it. */

export interface ForwardContentInput {
  readonly tenantId: string;
  readonly contentType: string;
  readonly blobs: readonly BlobReference[];
  /** Keys of the destinations. */
  readonly destinations: readonly string[];
  /** Live work passes owed ranges and quarantine in the tenant's request budget. */
  readonly priority: 'live' | 'owed';
  /** The blobs failed before and were set aside: they are tried until any of them is accounted for, in plain sight. */
  readonly setAside?: SetAside;
}

/** Why blobs were set aside, and when (ISO) they are tried next. */
export interface SetAside extends FailureDescription {
  readonly notBefore: string;
}

/** A blob that is in no list but `missing` was not tried: the tenant was throttled, or the attempt was cancelled. */
export interface ForwardedContent {
  /** One for each destination, in the input's order. */
  readonly destinations: readonly DestinationOutcome[];
  /** Blobs that failed by themselves: they could not be fetched, or a destination refused them; index into the input. */
  readonly failed: readonly BlobFailure[];
  /** Blobs that cannot be had any more; index into the input. */
  readonly lost: readonly { readonly index: number; readonly reason: string }[];
}

/** The blobs in `delivered` and those in `missing` are together all of the input. */
export interface DestinationOutcome {
  /** Indexes of the blobs that it does not have, the lost ones included. */
  readonly missing: readonly number[];
  /** What it has now, per hour of contentCreated (`2026-11-22T10`): blobs, records, bytes of records. */
  readonly delivered: Readonly<Record<string, readonly [number, number, number]>>;
  /** Blobs that it had already, from an attempt whose acknowledgement was lost. */
  readonly repeats: number;
  /** Trouble of the destination as a whole. */
  readonly failure?: FailureDescription;
}

export interface FailureDescription {
  readonly failureType: string;
  readonly message: string;
}

interface BlobFailure extends FailureDescription {
  readonly index: number;
}
