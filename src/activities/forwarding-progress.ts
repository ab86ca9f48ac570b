import type { BlobReference } from '../domain/content-blob.ts';
import { hourOf } from '../domain/hour.ts';
import type { DeliveryOutcome } from '../destinations/destination.ts';
import { describeFailure } from './failures.ts';
import type { DestinationOutcome, ForwardedContent } from './forwarded-content.ts';

/** Heartbeat details of a `forwardContent`: what destinations acknowledged, so that a later attempt does not send it again. */
export interface ForwardingDetails {
  /** One for each destination, in the order of the input's. */
  readonly destinations: readonly DestinationDetails[];
}

interface DestinationDetails extends Pick<DestinationOutcome, 'delivered' | 'repeats'> {
  /** Indexes into the batch. */
  readonly acknowledged: readonly number[];
}

/** What is known of a batch, over all attempts of its activity. */
export class ForwardingProgress {
  readonly #blobs: readonly BlobReference[];
  readonly #destinations: readonly DestinationProgress[];
  readonly #failed = new Map<number, unknown>();
  readonly #lost = new Map<number, string>();
  #stopCause: unknown;

  constructor(
    blobs: readonly BlobReference[],
    destinations: readonly string[],
    earlier: ForwardingDetails | undefined,
  ) {
    this.#blobs = blobs;
    this.#destinations = destinations.map(
      (_, which) => new DestinationProgress(earlier?.destinations?.[which]),
    );
  }

  deliver(index: number, which: number, outcome: Extract<DeliveryOutcome, { status: 'delivered' }>): void {
    this.#destinations[which]!.deliver(index, hourOf(this.#blobs[index]!.contentCreated), outcome);
  }

  /** The blob failed by itself; of several failures the first counts. */
  failBlob(index: number, error: unknown): void {
    if (!this.#failed.has(index)) this.#failed.set(index, error);
  }

  /** The blob cannot be had any more. */
  loseBlob(index: number, reason: string): void {
    this.#lost.set(index, reason);
  }

  /** The destination as a whole has trouble. */
  failDestination(which: number, error: unknown): void {
    this.#destinations[which]!.failure ??= { error };
  }

  /** The whole batch has trouble: nothing more is fetched. */
  stop(error: unknown): void {
    this.#stopCause ??= error;
  }

  get stopCause(): unknown {
    return this.#stopCause;
  }

  isDeliveredTo(index: number, which: number): boolean {
    return this.#destinations[which]!.acknowledged.has(index);
  }

  /** Whether a destination that is well does not have the blob. */
  isWanted(index: number): boolean {
    return this.#destinations.some(
      ({ acknowledged, failure }) => failure === undefined && !acknowledged.has(index),
    );
  }

  /** Whether there is anything that a later attempt must not do again. */
  hasAny(): boolean {
    return this.#lost.size > 0 || this.#destinations.some(({ acknowledged }) => acknowledged.size > 0);
  }

  /** Whether a destination has no trouble as a whole. */
  isAnyWell(): boolean {
    return this.#destinations.some(({ failure }) => failure === undefined);
  }

  /** Blobs that failed by themselves and that a destination still lacks, by index. */
  blobFailures(): ReadonlyMap<number, unknown> {
    const failures = [...this.#failed].filter(
      ([index]) =>
        !this.#lost.has(index) && this.#destinations.some(({ acknowledged }) => !acknowledged.has(index)),
    );
    return new Map(failures);
  }

  /** One for each destination that has trouble as a whole. */
  destinationFailures(): readonly unknown[] {
    return this.#destinations.flatMap(({ failure }) => (failure === undefined ? [] : [failure.error]));
  }

  details(): ForwardingDetails {
    return { destinations: this.#destinations.map((destination) => destination.details()) };
  }

  outcome(): ForwardedContent {
    return {
      destinations: this.#destinations.map((destination) => destination.outcome(this.#blobs.length)),
      failed: [...this.blobFailures()].map(([index, error]) => ({ index, ...describeFailure(error) })),
      lost: [...this.#lost].map(([index, reason]) => ({ index, reason })),
    };
  }
}

class DestinationProgress {
  readonly acknowledged: Set<number>;
  failure: { readonly error: unknown } | undefined;
  readonly #delivered: Record<string, readonly [number, number, number]>;
  #repeats: number;

  constructor(earlier: DestinationDetails | undefined) {
    this.acknowledged = new Set(earlier?.acknowledged);
    this.#delivered = { ...earlier?.delivered };
    this.#repeats = earlier?.repeats ?? 0;
  }

  deliver(
    index: number,
    hour: string,
    { records, bytes, isRepeat }: Extract<DeliveryOutcome, { status: 'delivered' }>,
  ): void {
    if (this.acknowledged.has(index)) return;
    this.acknowledged.add(index);
    const [blobsBefore, recordsBefore, bytesBefore] = this.#delivered[hour] ?? [0, 0, 0];
    this.#delivered[hour] = [blobsBefore + 1, recordsBefore + records, bytesBefore + bytes];
    if (isRepeat) this.#repeats++;
  }

  details(): DestinationDetails {
    return {
      acknowledged: [...this.acknowledged],
      delivered: { ...this.#delivered },
      repeats: this.#repeats,
    };
  }

  outcome(blobs: number): DestinationOutcome {
    const indexes = Array.from({ length: blobs }, (_, index) => index);
    return {
      missing: indexes.filter((index) => !this.acknowledged.has(index)),
      delivered: { ...this.#delivered },
      repeats: this.#repeats,
      ...(this.failure !== undefined && { failure: describeFailure(this.failure.error) }),
    };
  }
}
