import type { Checkpoint } from './checkpoint.ts';
import type { BlobReference } from './content-blob.ts';
import type { CoverageHour } from './coverage.ts';
import { overlaps } from './gaps.ts';
import { endOfHour, hourOf, hoursOf, startOfHour } from './hour.ts';
import { unrecorded } from './losses.ts';
import { isQuarantined } from './quarantine.ts';
import { isoTime, parseTime, retentionMs, type TimeWindow } from './time-window.ts';

/** The balance of hours, made of what a checkpoint counts. */

/** Hours are written to the ledger when so many are final: an activity for each would double the events of a quiet day. */
const gatheredMs = 6 * 3_600_000;

/** A blob that is being forwarded, with the destinations that do not have it yet. */
export interface PendingBlob extends BlobReference {
  readonly destinations: readonly string[];
}

/**
 * The hours of a span for all destinations, oldest first, and by destination within an hour. Blobs under way (`pending`) count
 * beside those that wait for another attempt.
 */
export function coverageOf(
  checkpoint: Checkpoint,
  span: TimeWindow,
  pending: readonly PendingBlob[] = [],
): CoverageHour[] {
  return hoursOf(span).flatMap(balanceOf(checkpoint, pending));
}

/** A function that gives the rows of an hour. */
function balanceOf(
  checkpoint: Checkpoint,
  pending: readonly PendingBlob[],
): (hour: string) => CoverageHour[] {
  const setAside = checkpoint.quarantine.filter(({ isResend }) => isResend !== true);
  const waiting = countsOf([...pending, ...setAside.filter((blob) => !isQuarantined(blob))]);
  const quarantined = countsOf(setAside.filter(isQuarantined));
  const positionMs = parseTime(checkpoint.position);
  const finalMs = sweptMs(checkpoint);
  return (hour) => {
    const span = { startTime: startOfHour(hour), endTime: endOfHour(hour) };
    const endMs = parseTime(span.endTime);
    const isOpen = endMs > positionMs || isBeingBackfilled(checkpoint, span);
    return checkpoint.destinations.map((destination): CoverageHour => {
      const [delivered, records, late, lost] = checkpoint.coverage[destination]?.[hour] ?? [0, 0, 0, 0];
      const key = keyOf(destination, hour);
      const counts = { pending: waiting.get(key) ?? 0, quarantined: quarantined.get(key) ?? 0 };
      const isDone =
        !isOpen && counts.pending + counts.quarantined === 0 && !isOwed(checkpoint, destination, span);
      const hasLosses = lost > 0 || isLostIn(checkpoint, destination, span);
      return {
        destination,
        hour,
        listed: delivered + counts.pending + counts.quarantined + lost,
        delivered,
        late,
        ...counts,
        lost,
        records,
        complete: isDone && !hasLosses,
        final: isDone && endMs <= finalMs,
        ...(isNotCollected(checkpoint, hour) && { notCollected: true }),
      };
    });
  };
}

/** The hours that a checkpoint speaks of: those within the retention since its begin, and older ones that are still counted. */
export function coveredSpan({ coverage, begin, position }: Checkpoint): TimeWindow {
  const first = hourOf(isoTime(Math.max(parseTime(begin), parseTime(position) - retentionMs)));
  const oldest = Object.values(coverage)
    .flatMap((hours) => Object.keys(hours))
    .reduce((least, hour) => (hour < least ? hour : least), first);
  return { startTime: startOfHour(oldest), endTime: isoTime(parseTime(position) + 1) };
}

/**
 * The hours that are due for the ledger: those that every sweep has been past, in their order, even with blobs in quarantine; and
 * those that have changed since, when they are final again. At most `limit` hours.
 */
export function dueForLedger(checkpoint: Checkpoint, limit: number): CoverageHour[] {
  const { recordedUntil, amendedHours } = checkpoint;
  const rowsOf = balanceOf(checkpoint, []);
  const amended = amendedHours.filter((hour) => rowsOf(hour).every(({ final }) => final));
  const swept = {
    startTime: startOfHour(recordedUntil),
    endTime: startOfHour(hourOf(isoTime(sweptMs(checkpoint)))),
  };
  const fresh = hoursOf(swept);
  const firstOpen = fresh.findIndex((hour) =>
    isBeingBackfilled(checkpoint, { startTime: startOfHour(hour), endTime: endOfHour(hour) }),
  );
  const ready = firstOpen === -1 ? fresh : fresh.slice(0, firstOpen);
  return [...amended, ...ready].slice(0, limit).flatMap(rowsOf);
}

/** Whether it is time to write to the ledger: for any loss, and for hours when some have gathered. */
export function isLedgerDue(checkpoint: Checkpoint): boolean {
  if (unrecorded(checkpoint.losses).length > 0) return true;
  const { recordedUntil, amendedHours } = checkpoint;
  const isGathered = sweptMs(checkpoint) - parseTime(startOfHour(recordedUntil)) >= gatheredMs;
  if (!isGathered && amendedHours.length === 0) return false;
  return dueForLedger(checkpoint, 1).length > 0;
}

/** Hours were written to the ledger. Those that were not final, or that have changed since, will be written again. */
export function markHoursRecorded(checkpoint: Checkpoint, rows: readonly CoverageHour[]): Checkpoint {
  let { recordedUntil } = checkpoint;
  const written = new Set(rows.map(({ hour }) => hour));
  const isCurrent = ({ destination, hour, delivered, records, late, lost }: CoverageHour) => {
    const counts = checkpoint.coverage[destination]?.[hour] ?? [0, 0, 0, 0];
    return [delivered, records, late, lost].every((count, which) => count === counts[which]);
  };
  const open = new Set(rows.filter((row) => !row.final || !isCurrent(row)).map(({ hour }) => hour));
  for (const hour of written) {
    const after = hourOf(endOfHour(hour));
    if (hour >= recordedUntil && after > recordedUntil) recordedUntil = after;
  }
  const amended = checkpoint.amendedHours.filter((hour) => !written.has(hour));
  return { ...checkpoint, recordedUntil, amendedHours: [...new Set([...amended, ...open])].toSorted() };
}

/** What lies before this time (ms) live work and every sweep have been past. */
function sweptMs({ sweeps, position }: Checkpoint): number {
  return Object.values(sweeps).reduce((least, time) => Math.min(least, parseTime(time)), parseTime(position));
}

function isBeingBackfilled({ backfills }: Checkpoint, span: TimeWindow): boolean {
  return backfills.some((backfill) => areOverlapping(backfill, span));
}

function isOwed({ gaps }: Checkpoint, destination: string, span: TimeWindow): boolean {
  return gaps.some((gap) => gap.destination === destination && gap.isWanted && overlaps(gap, span));
}

/** A loss of a whole span; those of single blobs are counted one by one. */
function isLostIn({ losses }: Checkpoint, destination: string, span: TimeWindow): boolean {
  return losses.some(
    (loss) =>
      loss.contentId === undefined &&
      (loss.destinations?.includes(destination) ?? true) &&
      areOverlapping(loss, span),
  );
}

function areOverlapping(one: TimeWindow, other: TimeWindow): boolean {
  return (
    parseTime(one.startTime) < parseTime(other.endTime) && parseTime(one.endTime) > parseTime(other.startTime)
  );
}

function countsOf(blobs: readonly PendingBlob[]): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const { contentCreated, destinations } of blobs) {
    for (const destination of destinations) {
      const key = keyOf(destination, hourOf(contentCreated));
      counts.set(key, (counts.get(key) ?? 0) + 1);
    }
  }
  return counts;
}

function keyOf(destination: string, hour: string): string {
  return `${hour} ${destination}`;
}

function isNotCollected({ collectedSince }: Checkpoint, hour: string): boolean {
  return collectedSince !== undefined && parseTime(endOfHour(hour)) <= parseTime(collectedSince);
}
