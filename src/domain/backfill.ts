import type { Backfill, BackfillOutcome, Checkpoint } from './checkpoint.ts';
import { addIds, type DeliveredIds } from './delivered-ids.ts';
import type { BlobDelivery } from './deliveries.ts';
import type { DestinationCounts } from './delivery-counter.ts';
import { openGap, wantGaps, type Gap } from './gaps.ts';
import { hourOf } from './hour.ts';
import { isoTime, oldestListedMs, parseTime, type TimeWindow } from './time-window.ts';

/** Transitions of a checkpoint: spans that operators ask for. */

export interface BackfillRequest {
  /** ISO. */
  readonly startTime: string;
  readonly endTime: string;
  /** Default: all. */
  readonly destinations?: readonly string[];
  /** Sends also what a destination has already. */
  readonly resend?: boolean;
  /** Id of a workflow that is told of the progress and the end. */
  readonly follower?: string;
}

/** What a backfill has come to. `listed` = for each destination delivered + quarantined + lost + had already. */
export interface BackfillReport {
  readonly id: string;
  readonly window: TimeWindow;
  /** Where it goes on, equal to the end of the window when it is done. ISO. */
  readonly doneUntil: string;
  readonly listed: number;
  readonly destinations: Readonly<Record<string, BackfillOutcome & { readonly had: number }>>;
}

/** A span is cut by this much more than the service does now: until it is listed, some time passes. */
const begunWithinMs = 60_000;

/** Backfills that wait or run at once. */
export const maxBackfills = 20;

/** Names a request by its content, so that the same request twice is one. */
export function backfillId({ startTime, endTime, destinations, resend }: BackfillRequest): string {
  const to = destinations === undefined ? '' : `_${destinations.toSorted().join('+')}`;
  return `${startTime}_${endTime}${to}${resend === true ? '_resend' : ''}`;
}

/** The part of a request that the service still lists, and that has happened; undefined if that is nothing. */
export function obtainable({ startTime, endTime }: TimeWindow, nowMs: number): TimeWindow | undefined {
  const startMs = Math.max(parseTime(startTime), oldestListedMs(nowMs) + begunWithinMs);
  const endMs = Math.min(parseTime(endTime), nowMs);
  return startMs < endMs ? { startTime: isoTime(startMs), endTime: isoTime(endMs) } : undefined;
}

/**
 * Takes a request: its span is listed again, and its destinations are owed what they do not have there, or everything; what they
 * are owed already stays as it is.
 */
export function addBackfill(
  checkpoint: Checkpoint,
  request: BackfillRequest,
  window: TimeWindow,
): Checkpoint {
  const id = backfillId(request);
  if (checkpoint.backfills.some((backfill) => backfill.id === id)) return checkpoint;
  const isResend = request.resend === true;
  const destinations = checkpoint.destinations.filter((name) => request.destinations?.includes(name) ?? true);
  const { gaps } = ask(checkpoint, { id, ...window, destinations, isResend });
  const backfill: Backfill = {
    id,
    ...window,
    requested: window,
    destinations,
    isResend,
    isPaused: false,
    ...(request.follower !== undefined && { follower: request.follower }),
    listed: 0,
    outcomes: Object.fromEntries(destinations.map((destination) => [destination, nothing])),
  };
  return { ...checkpoint, gaps, backfills: [...checkpoint.backfills, backfill] };
}

/** Counts what became of blobs of a backfill. */
export function countBackfill(
  checkpoint: Checkpoint,
  id: string,
  deliveries: readonly BlobDelivery[],
  counts: readonly DestinationCounts[],
): Checkpoint {
  return changed(checkpoint, id, (backfill) => {
    const outcomes = backfill.destinations.map((destination): [string, BackfillOutcome] => {
      const before = backfill.outcomes[destination] ?? nothing;
      const isIn = (names: readonly string[] | undefined) => names?.includes(destination) ?? false;
      const records = counts.find((one) => one.destination === destination)?.records ?? {};
      return [
        destination,
        {
          delivered: before.delivered + deliveries.filter(({ has }) => isIn(has)).length,
          records: before.records + Object.values(records).reduce((sum, n) => sum + n, 0),
          quarantined:
            before.quarantined + deliveries.filter(({ failed }) => isIn(failed?.destinations)).length,
          lost: before.lost + deliveries.filter(({ lost }) => isIn(lost?.destinations)).length,
        },
      ];
    });
    return { ...backfill, outcomes: Object.fromEntries(outcomes) };
  });
}

/** A part of a backfill is done: it goes on at `until`. */
export function workOffBackfill(
  checkpoint: Checkpoint,
  id: string,
  { until, listed }: { readonly until: string; readonly listed: number },
): Checkpoint {
  return changed(checkpoint, id, (backfill) => ({
    ...backfill,
    startTime: until,
    listed: backfill.listed + listed,
  }));
}

export function pauseBackfill(checkpoint: Checkpoint, id: string, isPaused: boolean): Checkpoint {
  return changed(checkpoint, id, (backfill) => ({ ...backfill, isPaused }));
}

/**
 * Ends a backfill. What is left of one that is not done is owed no more; of one that is done, a destination that was away meanwhile
 * stays owed its part.
 */
export function endBackfill(checkpoint: Checkpoint, id: string): Checkpoint {
  const ended = checkpoint.backfills.find((backfill) => backfill.id === id);
  if (ended === undefined) return checkpoint;
  const backfills = checkpoint.backfills.filter((backfill) => backfill !== ended);
  const gaps = checkpoint.gaps.flatMap((gap): Gap[] => {
    if (gap.backfill !== id) return [gap];
    const { backfill: _, ...rest } = gap;
    if (isDone(ended)) return [rest];
    return gap.isResend === true ? [] : [{ ...rest, isWanted: false }];
  });
  // What another backfill asks for, too, is owed on its account from now on.
  return backfills.reduce<Checkpoint>(ask, { ...checkpoint, backfills, gaps });
}

export function isDone({ startTime, endTime }: Backfill): boolean {
  return parseTime(startTime) >= parseTime(endTime);
}

export function reportOf({ id, requested, startTime, listed, outcomes }: Backfill): BackfillReport {
  const destinations = Object.entries(outcomes).map(([destination, outcome]) => {
    const had = listed - outcome.delivered - outcome.quarantined - outcome.lost;
    return [destination, { ...outcome, had: Math.max(0, had) }];
  });
  return {
    id,
    window: requested,
    doneUntil: startTime,
    listed,
    destinations: Object.fromEntries(destinations),
  };
}

/**
 * Owes a span to the destinations of a backfill, as far as they are not owed it already. What was set aside for them they get
 * anyway, and beyond the position nothing is sent again: it reaches them for the first time.
 */
function ask(
  checkpoint: Checkpoint,
  asked: Pick<Backfill, 'id' | 'startTime' | 'endTime' | 'destinations' | 'isResend'>,
): Checkpoint {
  const again = asked.isResend ? endingBy(asked, checkpoint.position) : undefined;
  let { gaps } = checkpoint;
  for (const destination of asked.destinations) {
    gaps = wantGaps(gaps, destination, asked, asked.id);
    if (again === undefined) continue;
    const has = setAsideFor(checkpoint, destination);
    const gap: Gap = { destination, ...again, isWanted: true, backfill: asked.id, isResend: true, has };
    gaps = openGap(gaps, gap);
  }
  return { ...checkpoint, gaps };
}

/** What was set aside for a destination, per hour. */
function setAsideFor({ quarantine }: Checkpoint, destination: string): Gap['has'] {
  const has: Record<string, DeliveredIds> = {};
  for (const { contentId, contentCreated, destinations } of quarantine) {
    if (!destinations.includes(destination)) continue;
    const hour = hourOf(contentCreated);
    has[hour] = addIds(has[hour] ?? '', [contentId]).memory;
  }
  return has;
}

const nothing: BackfillOutcome = { delivered: 0, records: 0, quarantined: 0, lost: 0 };

function changed(checkpoint: Checkpoint, id: string, change: (backfill: Backfill) => Backfill): Checkpoint {
  const backfills = checkpoint.backfills.map((backfill) =>
    backfill.id === id ? change(backfill) : backfill,
  );
  return { ...checkpoint, backfills };
}

function endingBy({ startTime, endTime }: TimeWindow, end: string): TimeWindow | undefined {
  const endMs = Math.min(parseTime(endTime), parseTime(end));
  return parseTime(startTime) < endMs ? { startTime, endTime: isoTime(endMs) } : undefined;
}
