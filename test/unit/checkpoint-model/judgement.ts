import { openMemory } from '../../../src/domain/checkpoint.ts';
import { coverageOf, coveredSpan } from '../../../src/domain/coverage-report.ts';
import { nextOwed } from '../../../src/domain/owed-work.ts';
import { hourOf } from '../../../src/domain/hour.ts';
import { maxCheckpointSize } from '../../../src/domain/progress.ts';
import { isoTime, parseTime } from '../../../src/domain/time-window.ts';
import type { Subscription } from './subscription.ts';
import { pairOf } from './world.ts';

/** What is wrong with a checkpoint, in words; an empty list if nothing is. Call it while nothing is under way. */
export function faultsOf({ checkpoint, world }: Subscription): string[] {
  const faults = world.sentTwice.map((pair) => `sent twice: ${pair}`);
  const { missing } = openMemory(checkpoint);
  const setAside = new Set<string>();
  for (const { contentId, destinations } of checkpoint.quarantine) {
    for (const name of destinations) {
      const pair = pairOf(name, contentId);
      if (setAside.has(pair)) faults.push(`set aside twice: ${pair}`);
      setAside.add(pair);
    }
  }
  for (const [contentId, { createdMs }] of world.service.blobs) {
    const lacking = missing({ contentId, contentCreated: isoTime(createdMs) });
    for (const name of checkpoint.destinations) {
      const isSafe =
        world.holds(name, contentId) ||
        lacking.includes(name) ||
        setAside.has(pairOf(name, contentId)) ||
        world.isLost(name, contentId);
      if (world.isDue(name, contentId) && !isSafe)
        faults.push(`neither held, owed, set aside nor lost: ${pairOf(name, contentId)}`);
    }
  }
  for (const { startTime, endTime, destination, has } of checkpoint.gaps) {
    if (endTime !== undefined && endTime <= startTime) faults.push(`an empty gap of ${destination}`);
    if (!checkpoint.destinations.includes(destination)) faults.push(`a gap of ${destination}, which is gone`);
    if (Object.keys(has).some((hour) => hour < hourOf(startTime)))
      faults.push('a gap remembers what is before it');
  }
  if (JSON.stringify(checkpoint).length > maxCheckpointSize) faults.push('too large');
  return [...faults, ...coverageFaults({ checkpoint, world })];
}

/** The balance of every hour that is still counted, and of those in the ledger, against what the destinations hold. */
function coverageFaults({ checkpoint, world }: Pick<Subscription, 'checkpoint' | 'world'>): string[] {
  const faults: string[] = [];
  const truth = new Map<string, { delivered: number; records: number }>();
  for (const name of checkpoint.destinations) {
    for (const [contentId] of world.destinations.get(name)?.held ?? []) {
      const pair = pairOf(name, contentId);
      if (world.uncounted.has(pair) || world.discarded.has(pair)) continue;
      const { createdMs, records } = world.service.blobs.get(contentId)!;
      const key = `${name} ${hourOf(isoTime(createdMs))}`;
      const counts = truth.get(key) ?? { delivered: 0, records: 0 };
      truth.set(key, { delivered: counts.delivered + 1, records: counts.records + records });
    }
  }
  // What was sent again, or was discarded while it was under way, is known by its blobs, not by its records.
  const areRecordsExact = world.discarded.size === 0 && world.asked.every(({ isResend }) => !isResend);
  const compare = (where: string, row: { delivered: number; records: number } & Record<string, unknown>) => {
    const key = `${String(row.destination)} ${String(row.hour)}`;
    const held = truth.get(key) ?? { delivered: 0, records: 0 };
    if (row.delivered !== held.delivered)
      faults.push(`${where} says ${row.delivered} of ${key}, it holds ${held.delivered}`);
    else if (areRecordsExact && row.records !== held.records)
      faults.push(`${where} says ${row.records} records of ${key}, it holds ${held.records}`);
  };
  for (const row of coverageOf(checkpoint, coveredSpan(checkpoint))) {
    if (row.listed !== row.delivered + row.pending + row.quarantined + row.lost)
      faults.push(`coverage does not balance: ${JSON.stringify(row)}`);
    if (
      checkpoint.coverage[row.destination]?.[row.hour] !== undefined ||
      row.hour >= checkpoint.recordedUntil
    )
      compare('coverage', { ...row });
  }
  for (const [key, row] of world.ledger) {
    if (!checkpoint.amendedHours.includes(row.hour) && checkpoint.destinations.includes(row.destination))
      compare(`the ledger (${key})`, { ...row });
  }
  return faults;
}

/** What is wrong once the world has been well for longer than the service lists anything, and nothing happens any more. */
export function leftovers({ checkpoint, world }: Subscription): string[] {
  const faults: string[] = [];
  const names = (what: string, items: readonly unknown[]) => {
    if (items.length > 0) faults.push(`${what}: ${JSON.stringify(items)}`);
  };
  names(
    'owed for ever',
    [nextOwed(checkpoint, world.nowMs)].filter((owed) => owed !== undefined),
  );
  names(
    'wanted gaps',
    checkpoint.gaps.filter(({ isWanted }) => isWanted),
  );
  names('away', Object.keys(checkpoint.detached));
  names('backfills', checkpoint.backfills);
  names('set aside', checkpoint.quarantine);
  names('amended hours', checkpoint.amendedHours);
  names(
    'unrecorded',
    checkpoint.losses.filter(({ isRecorded }) => isRecorded !== true),
  );
  if (parseTime(checkpoint.position) < world.nowMs - 3_600_000)
    faults.push(`position ${checkpoint.position}`);
  if (parseTime(`${checkpoint.recordedUntil}:00:00Z`) < world.nowMs - 8 * 24 * 3_600_000)
    faults.push(`the ledger ends at ${checkpoint.recordedUntil}`);
  for (const [contentId] of world.service.blobs)
    for (const name of checkpoint.destinations)
      if (world.isDue(name, contentId) && !world.holds(name, contentId) && !world.isLost(name, contentId))
        faults.push(`neither held nor lost: ${pairOf(name, contentId)}`);
  for (const { id, listed, doneUntil, window, destinations } of world.reports) {
    if (doneUntil !== window.endTime) faults.push(`the backfill ${id} ended at ${doneUntil}`);
    for (const [name, { delivered, quarantined, lost, had }] of Object.entries(destinations))
      if (listed !== delivered + quarantined + lost + had)
        faults.push(
          `the report of ${id} does not balance for ${name}: ${listed}, ${delivered}, ${quarantined}, ${lost}, ${had}`,
        );
  }
  return faults;
}
