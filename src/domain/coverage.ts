/** Coverage: the balance of an hour of `contentCreated` for one destination, in blobs. It speaks of what Microsoft listed, no more. */

/** What a checkpoint counts for one hour and destination: blobs delivered, their records, blobs of these found by a sweep, blobs lost. */
export type HourCounts = readonly [delivered: number, records: number, late: number, lost: number];

/** Counts per destination and hour. */
export type Coverage = Readonly<Record<string, Readonly<Record<string, HourCounts>>>>;

/** One row of `office365-ingest coverage`: listed = delivered + pending + quarantined + lost. */
export interface CoverageHour {
  readonly destination: string;
  /** `2026-11-22T10`. */
  readonly hour: string;
  readonly listed: number;
  readonly delivered: number;
  /** Part of `delivered`: found by a sweep only. */
  readonly late: number;
  /** Listed, and neither delivered nor in quarantine yet. */
  readonly pending: number;
  readonly quarantined: number;
  readonly lost: number;
  /** Records of the delivered blobs. */
  readonly records: number;
  /** All that was listed so far is delivered, and all of the hour was listed. */
  readonly complete: boolean;
  /** Microsoft did not collect yet: the subscription was started later. Decides nothing. */
  readonly notCollected?: true;
  /** After the last sweep, with nothing pending, quarantined or owed: it does not change any more. */
  readonly final: boolean;
}

/** Adds to the counts of one destination, per hour. */
export function addCounts(
  coverage: Coverage,
  destination: string,
  added: Readonly<Record<string, HourCounts>>,
): Coverage {
  const hours: Record<string, HourCounts> = { ...coverage[destination] };
  for (const [hour, [delivered, records, late, lost]] of Object.entries(added)) {
    const known = hours[hour] ?? [0, 0, 0, 0];
    hours[hour] = [known[0] + delivered, known[1] + records, known[2] + late, known[3] + lost];
  }
  return { ...coverage, [destination]: hours };
}

/** Forgets hours. */
export function dropHours(coverage: Coverage, isDropped: (hour: string) => boolean): Coverage {
  return Object.fromEntries(
    Object.entries(coverage).map(([destination, hours]) => [
      destination,
      Object.fromEntries(Object.entries(hours).filter(([hour]) => !isDropped(hour))),
    ]),
  );
}
