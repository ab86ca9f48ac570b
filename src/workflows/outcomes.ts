import type { ForwardedContent } from '../activities/forwarded-content.ts';
import type { BlobReference } from '../domain/content-blob.ts';
import type { BlobDelivery } from '../domain/deliveries.ts';
import type { DestinationCounts } from '../domain/delivery-counter.ts';

/** What a batch says, in the words of the checkpoint. */

export interface BatchOutcome {
  readonly deliveries: readonly BlobDelivery[];
  readonly counts: readonly DestinationCounts[];
  /** Destinations that failed as a whole. */
  readonly failures: readonly {
    readonly destination: string;
    readonly failureType: string;
    readonly message: string;
    /** Blobs of the batch that it does not have. */
    readonly lacks: readonly BlobReference[];
    /** Another destination of the batch is well, or took something before it failed. */
    readonly doOthersSucceed: boolean;
  }[];
}

/** Undefined when the result does not account for each blob, as one that an operator wrote by hand may not. */
export function readOutcome(
  blobs: readonly BlobReference[],
  destinations: readonly string[],
  result: ForwardedContent,
): BatchOutcome | undefined {
  if (!isComplete(result, blobs.length, destinations.length)) return undefined;
  const missing = result.destinations.map((outcome) => new Set(outcome.missing));
  const lost = new Map(result.lost.map(({ index, reason }) => [index, reason]));
  const failed = new Map(result.failed.map((failure) => [failure.index, failure]));

  const deliveries = blobs.map((blob, index): BlobDelivery => {
    const lacking = destinations.filter((_, which) => missing[which]!.has(index));
    const has = destinations.filter((_, which) => !missing[which]!.has(index));
    const reason = lost.get(index);
    if (reason !== undefined && lacking.length > 0)
      return { blob, has, lost: { destinations: lacking, reason } };
    const failure = failed.get(index);
    const refused = lacking.filter(
      (name) => result.destinations[destinations.indexOf(name)]!.failure === undefined,
    );
    if (failure === undefined || refused.length === 0) return { blob, has };
    const { failureType, message } = failure;
    return { blob, has, failed: { destinations: refused, failureType, message } };
  });

  const counts = result.destinations.map((outcome, which): DestinationCounts => {
    const hours = Object.entries(outcome.delivered);
    return {
      destination: destinations[which]!,
      records: Object.fromEntries(hours.map(([hour, [, records]]) => [hour, records])),
      bytes: hours.reduce((sum, [, [, , bytes]]) => sum + bytes, 0),
      repeats: outcome.repeats,
    };
  });

  const failures = result.destinations.flatMap(({ failure }, which) => {
    if (failure === undefined) return [];
    const others = result.destinations.filter((_, other) => other !== which);
    return [
      {
        destination: destinations[which]!,
        ...failure,
        lacks: blobs.filter((_, index) => missing[which]!.has(index)),
        doOthersSucceed: others.some(
          (other) => other.failure === undefined || other.missing.length < blobs.length,
        ),
      },
    ];
  });
  return { deliveries, counts, failures };
}

function isComplete({ destinations, failed, lost }: ForwardedContent, blobs: number, count: number): boolean {
  if (!Array.isArray(destinations) || !Array.isArray(failed) || !Array.isArray(lost)) return false;
  if (destinations.length !== count) return false;
  return destinations.every(({ missing, delivered }) => {
    if (!Array.isArray(missing) || typeof delivered !== 'object' || delivered === null) return false;
    const hours: readonly (readonly number[])[] = Object.values(delivered);
    if (!hours.every((counts) => Array.isArray(counts) && counts.every(Number.isFinite))) return false;
    return hours.reduce((sum, [taken]) => sum + (taken ?? 0), 0) + new Set(missing).size === blobs;
  });
}
