import type { Checkpoint } from './checkpoint.ts';
import { dropHours } from './coverage.ts';
import { settleIds } from './delivered-ids.ts';
import { recordLosses } from './deliveries.ts';
import { forgetGaps, startsIn, workOffGaps } from './gaps.ts';
import { endOfHour, hourOf } from './hour.ts';
import type { Loss } from './losses.ts';
import { sweepFloorMs } from './owed-work.ts';
import { isoTime, parseTime, retentionMs, type TimeWindow } from './time-window.ts';

/** Transitions of a checkpoint: windows that are worked through, and what is forgotten. */

/**
 * Upper bound of a checkpoint as JSON, in characters: an argument above 2 MiB would wedge its workflow for ever, 1.4 MB has been
 * seen to pass.
 */
export const maxCheckpointSize = 1_000_000;

const tooOld = 'owed to the destination until it was older than what the service lists (7 days)';

/**
 * All of a live window is accounted for: the position moves to its end, and the memory of hours that are over is packed.
 *
 * @throws RangeError when the position would move back.
 */
export function advance(checkpoint: Checkpoint, position: string): Checkpoint {
  if (parseTime(position) < parseTime(checkpoint.position)) {
    throw new RangeError(`the position ${checkpoint.position} cannot move back to ${position}`);
  }
  const current = hourOf(position);
  const delivered =
    hourOf(checkpoint.position) === current
      ? checkpoint.delivered
      : Object.fromEntries(
          Object.entries(checkpoint.delivered).map(([hour, ids]) => [
            hour,
            hour < current ? settleIds(ids) : ids,
          ]),
        );
  return { ...checkpoint, delivered, position: isoTime(parseTime(position)) };
}

/**
 * All of a window is accounted for, for the destinations that took part from its beginning to its end: their gaps that start in
 * it, and the sweeps whose age it has reached, go on at its end.
 */
export function finishWindow(
  checkpoint: Checkpoint,
  window: TimeWindow,
  { nowMs, destinations }: { readonly nowMs: number; readonly destinations: readonly string[] },
): Checkpoint {
  let { gaps } = checkpoint;
  for (const destination of destinations) gaps = workOffGaps(gaps, destination, window);
  const floorMs = sweepFloorMs(checkpoint, nowMs);
  const sweeps = Object.entries(checkpoint.sweeps).map(([age, cursor]) => {
    const fromMs = Math.max(parseTime(cursor), floorMs);
    const endMs = Math.min(parseTime(window.endTime), nowMs - Number(age));
    const isReached = parseTime(window.startTime) <= fromMs && fromMs < endMs;
    return [age, isoTime(isReached ? endMs : fromMs)];
  });
  return { ...checkpoint, gaps, sweeps: Object.fromEntries(sweeps) };
}

/**
 * What destinations were owed of a window (from `startTime`) before the time that its listing could reach back to: it cannot be
 * had any more.
 */
export function lostBefore(
  { gaps }: Checkpoint,
  startTime: string,
  listedFrom: string,
  { nowMs, destinations }: { readonly nowMs: number; readonly destinations: readonly string[] },
): readonly Loss[] {
  if (parseTime(listedFrom) <= parseTime(startTime)) return [];
  const unlisted = { startTime, endTime: listedFrom };
  return gaps
    .filter((gap) => gap.isWanted && destinations.includes(gap.destination) && startsIn(gap, unlisted))
    .map((gap) => ({
      startTime: gap.startTime,
      endTime:
        gap.endTime !== undefined && parseTime(gap.endTime) < parseTime(listedFrom)
          ? gap.endTime
          : listedFrom,
      destinations: [gap.destination],
      reason: tooOld,
      time: isoTime(nowMs),
    }));
}

/** Takes the configured ages (ms) of sweeps. One that is new begins at the oldest content that the subscription remembers. */
export function takeSweepAges(checkpoint: Checkpoint, agesMs: readonly number[]): Checkpoint {
  const isSame =
    Object.keys(checkpoint.sweeps).length === agesMs.length &&
    agesMs.every((age) => checkpoint.sweeps[age] !== undefined);
  if (isSame) return checkpoint;
  const start = checkpoint.sweepHorizon ?? checkpoint.begin;
  return {
    ...checkpoint,
    sweeps: Object.fromEntries(agesMs.map((age) => [age, checkpoint.sweeps[age] ?? start])),
  };
}

/**
 * Forgets what the service does not list any more: memory and gaps that are past the retention. What a destination was still
 * owed of it is lost to it. Windows under way were listed before, and still ask for what is remembered.
 */
export function forget(
  checkpoint: Checkpoint,
  nowMs: number,
  underWay: readonly TimeWindow[] = [],
): Checkpoint {
  const needed = underWay.map(({ startTime }) => parseTime(startTime));
  const oldest = isoTime(needed.reduce((least, ms) => Math.min(least, ms), nowMs - retentionMs));
  const isOver = (time: string) => parseTime(time) <= parseTime(oldest);
  const losses = checkpoint.gaps
    .filter((gap) => gap.isWanted && parseTime(gap.startTime) < parseTime(oldest))
    .map((gap): Loss => ({
      startTime: gap.startTime,
      endTime: gap.endTime !== undefined && isOver(gap.endTime) ? gap.endTime : oldest,
      destinations: [gap.destination],
      reason: tooOld,
      time: isoTime(nowMs),
    }));
  const hours = Object.entries(checkpoint.delivered).filter(([hour]) => !isOver(endOfHour(hour)));
  const { sweepHorizon, recordedUntil, ...rest } = checkpoint;
  const mayChange = new Set([
    ...checkpoint.amendedHours,
    ...checkpoint.quarantine.map(({ contentCreated }) => hourOf(contentCreated)),
  ]);
  const next = {
    ...rest,
    recordedUntil,
    coverage: dropHours(
      checkpoint.coverage,
      (hour) => hour < recordedUntil && isOver(endOfHour(hour)) && !mayChange.has(hour),
    ),
    ...(sweepHorizon !== undefined && !isOver(sweepHorizon) && { sweepHorizon }),
    delivered: Object.fromEntries(hours),
    gaps: forgetGaps(checkpoint.gaps, oldest),
  };
  return recordLosses(next, losses);
}

/**
 * Where a checkpoint is too large, the memory of the oldest hours goes first, and `sweepHorizon` says so; then what destinations
 * are known to have in their gaps, which they get again. The hour of the position is always remembered.
 */
export function bound(checkpoint: Checkpoint, maxSize = maxCheckpointSize): Checkpoint {
  const sizeOf = ([hour, ids]: readonly [string, string]) => hour.length + ids.length + '"":"",'.length;
  const hours = Object.entries(checkpoint.delivered).toSorted(([a], [b]) => (a < b ? -1 : 1));
  const current = hourOf(checkpoint.position);
  const rest = JSON.stringify({ ...checkpoint, delivered: {} }).length;
  let size = hours.reduce((sum, hour) => sum + sizeOf(hour), rest);
  if (size <= maxSize) return checkpoint;
  let { sweepHorizon } = checkpoint;
  let forgotten = 0;
  for (const [hour, ids] of hours) {
    if (size <= maxSize || hour >= current) break;
    size -= sizeOf([hour, ids]);
    forgotten++;
    const end = endOfHour(hour);
    if (end > checkpoint.begin && end > (sweepHorizon ?? '')) sweepHorizon = end;
  }
  const gapHours = checkpoint.gaps
    .flatMap(({ has }) => Object.entries(has))
    .toSorted(([a], [b]) => (a < b ? -1 : 1));
  let forgottenUntil = '';
  for (const [hour, ids] of gapHours) {
    if (size <= maxSize) break;
    size -= sizeOf([hour, ids]);
    forgottenUntil = hour;
  }
  return {
    ...checkpoint,
    delivered: Object.fromEntries(hours.slice(forgotten)),
    gaps: checkpoint.gaps.map((gap) => ({
      ...gap,
      has: Object.fromEntries(Object.entries(gap.has).filter(([hour]) => hour > forgottenUntil)),
    })),
    ...(sweepHorizon !== undefined && { sweepHorizon }),
  };
}
