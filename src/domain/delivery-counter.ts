import type { Checkpoint } from './checkpoint.ts';
import { addCounts, type HourCounts } from './coverage.ts';

/** What one destination took. */
export interface DestinationCounts {
  readonly destination: string;
  readonly records: Readonly<Record<string, number>>;
  readonly bytes: number;
  readonly repeats: number;
}

/** Counts blobs while they are taken, then adds them to coverage and totals. */
export class DeliveryCounter {
  readonly #hours = new Map<string, Map<string, [blobs: number, late: number, lost: number]>>();
  /** Where something was sent again, the records of that hour and destination are not counted: nobody knows which are new. */
  readonly #repeated = new Map<string, Set<string>>();
  #finished = 0;
  #late = 0;

  deliver(destination: string, hour: string, isLate: boolean): void {
    const counts = this.#of(destination, hour);
    counts[0]++;
    if (isLate) counts[1]++;
  }

  /** Was sent again. */
  repeat(destination: string, hour: string): void {
    this.#repeated.set(destination, (this.#repeated.get(destination) ?? new Set()).add(hour));
  }

  lose(destination: string, hour: string): void {
    const counts = this.#of(destination, hour);
    counts[2]++;
  }

  /** A blob reached everybody who was to get it. */
  finish(isLate: boolean): void {
    this.#finished++;
    if (isLate) this.#late++;
  }

  /** The totals count a blob once: they take the records of the destination that took most. */
  addTo(checkpoint: Checkpoint, taken: readonly DestinationCounts[]): Checkpoint {
    let { coverage } = checkpoint;
    const recordsOf = new Map(taken.map(({ destination, records }) => [destination, records]));
    const isNew = (destination: string, hour: string) => this.#repeated.get(destination)?.has(hour) !== true;
    for (const [destination, hours] of this.#hours) {
      const added: Record<string, HourCounts> = {};
      for (const [hour, [blobs, late, lost]] of hours)
        added[hour] = [
          blobs,
          isNew(destination, hour) ? (recordsOf.get(destination)?.[hour] ?? 0) : 0,
          late,
          lost,
        ];
      coverage = addCounts(coverage, destination, added);
    }
    const { totals, recordedUntil } = checkpoint;
    const hours = [...this.#hours.values()].flatMap((counts) => [...counts.keys()]);
    const amended = hours.filter((hour) => hour < recordedUntil);
    const isFirst = this.#finished > 0;
    const first = taken.filter(({ destination }) => !this.#repeated.has(destination));
    const records = most(first.map((one) => Object.values(one.records).reduce((sum, n) => sum + n, 0)));
    return {
      ...checkpoint,
      coverage,
      ...(amended.length > 0 && {
        amendedHours: [...new Set([...checkpoint.amendedHours, ...amended])].toSorted(),
      }),
      totals: {
        blobs: totals.blobs + this.#finished,
        records: totals.records + (isFirst ? records : 0),
        bytes: totals.bytes + (isFirst ? most(first.map(({ bytes }) => bytes)) : 0),
        repeats: totals.repeats + taken.reduce((sum, { repeats }) => sum + repeats, 0),
        lost: totals.lost,
        late: totals.late + this.#late,
      },
    };
  }

  #of(destination: string, hour: string): [number, number, number] {
    const hours = this.#hours.get(destination) ?? new Map<string, [number, number, number]>();
    this.#hours.set(destination, hours);
    const counts = hours.get(hour) ?? [0, 0, 0];
    hours.set(hour, counts);
    return counts;
  }
}

function most(values: readonly number[]): number {
  return values.reduce((greatest, value) => Math.max(greatest, value), 0);
}
