import type { DeliveryOutcome } from '../destinations/destination.ts';

/** Heartbeat details of a `forwardContent`: what destinations acknowledged, by index into the batch, and counts. */
export interface ForwardingDetails {
  /** Indexes per destination, in the order of the input's destinations. */
  readonly delivered: readonly (readonly number[])[];
  readonly records: number;
  readonly bytes: number;
  readonly repeats: number;
}

/** What is known of each blob of a batch, over all attempts of its activity. */
export class ForwardingProgress {
  readonly #blobs: number;
  readonly #deliveredTo: readonly Set<number>[];
  readonly #failed = new Map<number, unknown>();
  readonly #lost = new Map<number, string>();
  #totals = { records: 0, bytes: 0, repeats: 0 };

  constructor(blobs: number, destinations: number, earlier: ForwardingDetails | undefined) {
    this.#blobs = blobs;
    this.#deliveredTo = Array.from(
      { length: destinations },
      (_, which) => new Set(earlier?.delivered[which]),
    );
    if (earlier !== undefined) {
      this.#totals = { records: earlier.records, bytes: earlier.bytes, repeats: earlier.repeats };
    }
  }

  deliver(index: number, which: number, outcome: Extract<DeliveryOutcome, { status: 'delivered' }>): void {
    this.#deliveredTo[which]?.add(index);
    if (!this.isDelivered(index)) return;
    // Counted when the last destination has it, with that destination's figures.
    this.#totals = {
      records: this.#totals.records + outcome.records,
      bytes: this.#totals.bytes + outcome.bytes,
      repeats: this.#totals.repeats + (outcome.isRepeat ? 1 : 0),
    };
  }

  fail(index: number, error: unknown): void {
    if (!this.#failed.has(index)) this.#failed.set(index, error);
  }

  lose(index: number, reason: string): void {
    this.#lost.set(index, reason);
  }

  /** Everything that is neither delivered nor accounted for failed for this reason. */
  failRest(error: unknown): void {
    for (let index = 0; index < this.#blobs; index++) {
      if (!this.isDelivered(index) && !this.#lost.has(index)) this.fail(index, error);
    }
  }

  isDelivered(index: number): boolean {
    return this.#deliveredTo.every((delivered) => delivered.has(index));
  }

  isDeliveredTo(index: number, which: number): boolean {
    return this.#deliveredTo[which]?.has(index) ?? false;
  }

  deliveredCount(): number {
    return Array.from({ length: this.#blobs }, (_, index) => index).filter((index) => this.isDelivered(index))
      .length;
  }

  /** Whether there is anything that a later attempt must not do again. */
  hasAny(): boolean {
    return this.#lost.size > 0 || this.deliveredCount() > 0;
  }

  totals(): { readonly records: number; readonly bytes: number; readonly repeats: number } {
    return this.#totals;
  }

  /** Blobs that are not delivered and not lost, with the reason. */
  failures(): ReadonlyMap<number, unknown> {
    const failures = new Map<number, unknown>();
    for (let index = 0; index < this.#blobs; index++) {
      if (this.isDelivered(index) || this.#lost.has(index)) continue;
      failures.set(index, this.#failed.get(index) ?? new Error('not attempted yet'));
    }
    return failures;
  }

  losses(): ReadonlyMap<number, string> {
    return this.#lost;
  }

  details(): ForwardingDetails {
    return { delivered: this.#deliveredTo.map((indexes) => [...indexes]), ...this.#totals };
  }
}
