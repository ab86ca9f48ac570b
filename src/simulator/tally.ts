export interface Verification {
  /** What was made available to the subscriptions that were started. `bytes` are those of the records alone. */
  readonly blobs: number;
  readonly records: number;
  readonly bytes: number;
  /** Records found less often than they were served; an altered record is missing, too. */
  readonly missing: number;
  /** Records found more often than they were served. */
  readonly doubled: number;
  /** Lines that were never served, but carry the `Id` of a record that was. */
  readonly altered: number;
  /** Other lines that were never served to this subscription. */
  readonly unexpected: number;
  /** Records that stand in the feed once more, by design: no fault of the collector. */
  readonly servedTwice: number;
  /** Up to three of each kind, in words, without the records themselves. */
  readonly examples: readonly string[];
}

type Finding = 'missing' | 'doubled' | 'altered' | 'unexpected';

/** Counts what was found. */
export class Tally {
  blobs = 0;
  records = 0;
  bytes = 0;
  servedTwice = 0;
  readonly #counts: Record<Finding, number> = { missing: 0, doubled: 0, altered: 0, unexpected: 0 };
  readonly #shown = new Map<Finding, number>();
  readonly #examples: string[] = [];

  found(finding: Finding, example: string, times = 1): void {
    this.#counts[finding] += times;
    const shown = this.#shown.get(finding) ?? 0;
    if (shown < 3) this.#examples.push(`${finding}: ${example}`);
    this.#shown.set(finding, shown + 1);
  }

  result(): Verification {
    const { blobs, records, bytes, servedTwice } = this;
    return { blobs, records, bytes, ...this.#counts, servedTwice, examples: this.#examples };
  }
}
