import type { Checkpoint, Detached } from './checkpoint.ts';
import type { BlobReference } from './content-blob.ts';
import { closeGap, gapAt, openGap, type Gap } from './gaps.ts';
import { isoTime, parseTime, retentionMs } from './time-window.ts';

/** Transitions of a checkpoint: destinations that come, go, are away and come back. */

/** How far the service's clock, which dates content, may be ahead of the one that says what is now. */
const clockToleranceMs = 5 * 60_000;

/** A destination fails where others succeed: from the position on it is owed everything. What it has is remembered. */
export function detach(
  checkpoint: Checkpoint,
  destination: string,
  failure: Pick<Detached, 'failureType' | 'message'>,
  nowMs: number,
): Checkpoint {
  const { position, destinations } = checkpoint;
  if (!destinations.includes(destination)) return checkpoint;
  const detached = { ...checkpoint.detached, [destination]: { ...failure, since: isoTime(nowMs), position } };
  return owe({ ...checkpoint, detached }, destination, { startTime: position });
}

/** A destination that is away lacks blobs that others get: it is owed their span, unless it is owed it already. */
export function oweBlobs(
  checkpoint: Checkpoint,
  destination: string,
  blobs: readonly BlobReference[],
): Checkpoint {
  if (!checkpoint.destinations.includes(destination)) return checkpoint;
  const times = blobs
    .filter(({ contentCreated }) => gapAt(checkpoint.gaps, destination, contentCreated) === undefined)
    .map(({ contentCreated }) => parseTime(contentCreated));
  if (times.length === 0) return checkpoint;
  return owe(checkpoint, destination, {
    startTime: isoTime(times.reduce((least, ms) => Math.min(least, ms))),
    endTime: isoTime(times.reduce((greatest, ms) => Math.max(greatest, ms)) + 1),
  });
}

/**
 * Whether a destination that is away has got all that it was owed up to the position. Not before the position has moved: until
 * then the live window that it failed in is under way, and nothing of it was tried again.
 */
export function hasCaughtUp({ gaps, position, detached }: Checkpoint, destination: string): boolean {
  const positionMs = parseTime(position);
  const leftMs = parseTime(detached[destination]?.position ?? position);
  const isOwed = gaps.some(
    (gap) => gap.destination === destination && gap.isWanted && parseTime(gap.startTime) < positionMs,
  );
  return !isOwed && positionMs > leftMs;
}

/**
 * A destination that was away is back. What is created from now on (ISO) reaches it with the others. Up to now others may have
 * blobs that it lacks, even beyond the position: it stays owed that.
 */
export function attach(checkpoint: Checkpoint, destination: string, now: string): Checkpoint {
  const { [destination]: _, ...detached } = checkpoint.detached;
  const until = isoTime(parseTime(now) + clockToleranceMs);
  return { ...checkpoint, detached, gaps: closeGap(checkpoint.gaps, destination, until) };
}

/**
 * Takes the destinations as the configuration names them now. One that was added is owed as far back as its `lookback` says, and
 * nothing before; one that is gone is owed nothing any more.
 */
export function takeDestinations(
  checkpoint: Checkpoint,
  configured: readonly { readonly name: string; readonly lookbackMs: number }[],
  nowMs: number,
): Checkpoint {
  const names = configured.map(({ name }) => name);
  const known = new Set(checkpoint.destinations);
  const added = configured.filter(({ name }) => !known.has(name));
  const isKept = (name: string) => names.includes(name);
  const kept = <Value>(byName: Readonly<Record<string, Value>>) =>
    Object.fromEntries(Object.entries(byName).filter(([name]) => isKept(name)));
  if (added.length === 0 && checkpoint.destinations.every(isKept)) return checkpoint;

  let gaps: readonly Gap[] = checkpoint.gaps.filter(({ destination }) => isKept(destination));
  const oldest = isoTime(nowMs - retentionMs);
  for (const { name, lookbackMs } of added) {
    const owedFrom = isoTime(nowMs - lookbackMs);
    // Others may have blobs from beyond the position, too: up to now the common memory does not speak for it.
    const gap = { destination: name, endTime: isoTime(nowMs + clockToleranceMs), has: {} };
    gaps = openGap(gaps, { ...gap, startTime: owedFrom, isWanted: true });
    gaps = openGap(gaps, { ...gap, startTime: oldest, isWanted: false });
  }
  return {
    ...checkpoint,
    destinations: names,
    gaps,
    coverage: kept(checkpoint.coverage),
    detached: kept(checkpoint.detached),
    backfills: checkpoint.backfills.map((backfill) => ({
      ...backfill,
      destinations: backfill.destinations.filter(isKept),
      outcomes: kept(backfill.outcomes),
    })),
    quarantine: checkpoint.quarantine.flatMap((entry) => {
      const destinations = entry.destinations.filter(isKept);
      return destinations.length === 0 ? [] : [{ ...entry, destinations }];
    }),
  };
}

/** A wanted gap for a span, with what the destination has of it. */
function owe(
  checkpoint: Checkpoint,
  destination: string,
  span: { readonly startTime: string; readonly endTime?: string },
): Checkpoint {
  const gap: Gap = { destination, ...span, isWanted: true, has: checkpoint.delivered };
  return { ...checkpoint, gaps: openGap(checkpoint.gaps, gap) };
}
