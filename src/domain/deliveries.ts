import { oweBlobs } from './attachment.ts';
import { isForgotten, openMemory, type Checkpoint } from './checkpoint.ts';
import type { BlobReference } from './content-blob.ts';
import { addIds } from './delivered-ids.ts';
import { DeliveryCounter, type DestinationCounts } from './delivery-counter.ts';
import { gapAt, rememberInGap, type Gap } from './gaps.ts';
import { hourOf } from './hour.ts';
import { addLosses, type Loss } from './losses.ts';
import { failedAgain, maxQuarantined, setAside } from './quarantine.ts';
import { isoTime } from './time-window.ts';

/** Transitions of a checkpoint: what became of blobs. */

/** What became of one blob, for the destinations it was forwarded to. A destination that is named nowhere still lacks it. */
export interface BlobDelivery {
  readonly blob: BlobReference;
  /** Destinations that have it. */
  readonly has: readonly string[];
  /** Destinations that can never have it. */
  readonly lost?: { readonly destinations: readonly string[]; readonly reason: string };
  /** Destinations that do not have it because the blob fails by itself. */
  readonly failed?: {
    readonly destinations: readonly string[];
    readonly failureType: string;
    readonly message: string;
  };
}

interface Taking {
  readonly counts: readonly DestinationCounts[];
  readonly nowMs: number;
}

/**
 * Takes what became of blobs. A blob that some destinations have and others do not, although nothing is known to be wrong, is
 * set aside for these, so that nobody gets it twice. What a destination had before and gets again counts in no coverage.
 */
export function takeDeliveries(
  before: Checkpoint,
  delivered: readonly BlobDelivery[],
  taking: Taking & {
    /** Found by a sweep. */
    readonly isLate: boolean;
  },
): Checkpoint {
  const { checkpoint, deliveries } = withinRoom(before, delivered);
  const memory = openMemory(checkpoint);
  const accountedInGaps = new Map<Gap, Map<string, string[]>>();
  const accounted = new Map<string, string[]>();
  const counter = new DeliveryCounter();
  const quarantine = [...checkpoint.quarantine];
  const losses: Loss[] = [];

  for (const { blob, has, lost, failed } of deliveries) {
    const done = new Set([...has, ...(lost?.destinations ?? []), ...(failed?.destinations ?? [])]);
    if (done.size === 0) continue;
    const hour = hourOf(blob.contentCreated);
    const isNew = !memory.isDelivered(blob);
    const gapOf = (name: string) => gapAt(checkpoint.gaps, name, blob.contentCreated);
    const isResend = (name: string) => gapOf(name)?.isResend === true;
    const counted = !isNew && ({ isCounted: true } as const);
    const isAgain = (name: string) => isResend(name) && !isNew;
    // From now on the common memory knows the blob: who lacks it and has no other memory there would not get it any more.
    const isLeft = (name: string) =>
      !done.has(name) && (gapOf(name) === undefined || (isResend(name) && isNew));
    const left = memory.missing(blob).filter(isLeft);

    if (failed !== undefined) {
      const first = failed.destinations.filter((name) => !isAgain(name));
      const again = failed.destinations.filter(isAgain);
      const failure = { ...failed, attempts: 1 };
      if (first.length > 0) quarantine.push({ ...setAside(blob, first, failure, taking.nowMs), ...counted });
      if (again.length > 0)
        quarantine.push({ ...setAside(blob, again, failure, taking.nowMs), isResend: true });
    }
    if (left.length > 0) quarantine.push({ ...setAside(blob, left, notTriedYet, taking.nowMs), ...counted });
    if (lost !== undefined) losses.push(lossOf(checkpoint, blob, lost, taking.nowMs));

    if (!isForgotten(checkpoint, blob.contentCreated)) pushTo(accounted, hour, blob.contentId);
    for (const name of [...done, ...left]) {
      const gap = gapOf(name);
      if (gap !== undefined) pushTo(mapIn(accountedInGaps, gap), hour, blob.contentId);
    }
    for (const name of has) {
      if (isAgain(name)) counter.repeat(name, hour);
      else counter.deliver(name, hour, taking.isLate && isNew);
    }
    for (const name of lost?.destinations ?? []) if (!isAgain(name)) counter.lose(name, hour);
    const isSetAside = left.length > 0 || (failed?.destinations.length ?? 0) > 0;
    if (isNew && has.length > 0 && !isSetAside) counter.finish(taking.isLate);
  }

  let { gaps } = checkpoint;
  for (const [gap, ids] of accountedInGaps) gaps = rememberInGap(gaps, gap, ids);
  const memories = { ...checkpoint.delivered };
  for (const [hour, ids] of accounted) memories[hour] = addIds(memories[hour] ?? '', ids).memory;
  const next = recordLosses({ ...checkpoint, delivered: memories, gaps, quarantine }, losses);
  return counter.addTo(next, taking.counts);
}

/**
 * What is said of destinations that are gone is not taken. Where the quarantine is full, what fails by itself is not set aside: it
 * stays to be done, and those who lack what others have are owed it.
 */
function withinRoom(
  checkpoint: Checkpoint,
  deliveries: readonly BlobDelivery[],
): { readonly checkpoint: Checkpoint; readonly deliveries: readonly BlobDelivery[] } {
  let room = maxQuarantined - checkpoint.quarantine.length;
  let next = checkpoint;
  const isKnown = (name: string) => checkpoint.destinations.includes(name);
  const taken = deliveries.map(({ blob, has, lost, failed }): BlobDelivery => {
    const losing = lost?.destinations.filter(isKnown) ?? [];
    const delivery = {
      blob,
      has: has.filter(isKnown),
      ...(lost !== undefined && losing.length > 0 && { lost: { ...lost, destinations: losing } }),
    };
    const failing = failed?.destinations.filter(isKnown) ?? [];
    if (failed === undefined || failing.length === 0) return delivery;
    if (room-- > 0) return { ...delivery, failed: { ...failed, destinations: failing } };
    if (delivery.has.length > 0) for (const name of failing) next = oweBlobs(next, name, [blob]);
    return delivery;
  });
  return { checkpoint: next, deliveries: taken };
}

/** Takes what became of blobs that were set aside. What an outcome says of destinations that an entry does not name is not its. */
export function takeRetries(
  checkpoint: Checkpoint,
  deliveries: readonly BlobDelivery[],
  { counts, nowMs }: Taking,
): Checkpoint {
  const byId = new Map(deliveries.map((delivery) => [delivery.blob.contentId, delivery]));
  const counter = new DeliveryCounter();
  const losses: Loss[] = [];
  const quarantine = checkpoint.quarantine.flatMap((entry) => {
    const outcome = byId.get(entry.contentId);
    if (outcome === undefined) return [entry];
    const isOwn = (name: string) => entry.destinations.includes(name);
    const has = outcome.has.filter(isOwn);
    const lost = outcome.lost?.destinations.filter(isOwn) ?? [];
    const isFirst = entry.isResend !== true;
    const hour = hourOf(entry.contentCreated);
    for (const name of has) {
      if (isFirst) counter.deliver(name, hour, false);
      else counter.repeat(name, hour);
    }
    if (isFirst) for (const name of lost) counter.lose(name, hour);
    if (outcome.lost !== undefined && lost.length > 0)
      losses.push(lossOf(checkpoint, entry, { ...outcome.lost, destinations: lost }, nowMs));

    const destinations = entry.destinations.filter((name) => !has.includes(name) && !lost.includes(name));
    if (destinations.length === 0) {
      if (has.length > 0 && isFirst && entry.isCounted !== true) counter.finish(false);
      return [];
    }
    const left = { ...entry, destinations };
    const hasFailed = outcome.failed?.destinations.some((name) => destinations.includes(name)) ?? false;
    return [hasFailed ? failedAgain(left, outcome.failed!, nowMs) : left];
  });
  return counter.addTo(recordLosses({ ...checkpoint, quarantine }, losses), counts);
}

/** Writes down what cannot be had any more. */
export function recordLosses(checkpoint: Checkpoint, losses: readonly Loss[]): Checkpoint {
  if (losses.length === 0) return checkpoint;
  const { totals } = checkpoint;
  return {
    ...checkpoint,
    losses: addLosses(checkpoint.losses, losses),
    totals: { ...totals, lost: totals.lost + losses.length },
  };
}

const notTriedYet = { failureType: '', message: 'another destination has it already', attempts: 0 };

function lossOf(
  { destinations }: Checkpoint,
  { contentId, contentCreated }: BlobReference,
  lost: NonNullable<BlobDelivery['lost']>,
  nowMs: number,
): Loss {
  const isForAll = lost.destinations.length === destinations.length;
  return {
    startTime: contentCreated,
    endTime: contentCreated,
    contentId,
    ...(!isForAll && { destinations: lost.destinations }),
    reason: lost.reason,
    time: isoTime(nowMs),
  };
}

function mapIn<Outer, Inner, Value>(maps: Map<Outer, Map<Inner, Value>>, key: Outer): Map<Inner, Value> {
  const map = maps.get(key) ?? new Map<Inner, Value>();
  maps.set(key, map);
  return map;
}

function pushTo(lists: Map<string, string[]>, key: string, value: string): void {
  const list = lists.get(key);
  if (list === undefined) lists.set(key, [value]);
  else list.push(value);
}
