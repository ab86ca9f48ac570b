import type { Checkpoint } from './checkpoint.ts';
import { requireIds } from './delivered-ids.ts';
import { maxCheckpointSize } from './progress.ts';
import { parseTime } from './time-window.ts';

/**
 * Reads a checkpoint that the run before, an older release, or a person hands over, and checks its shape: a wrong one would lose
 * or repeat content long after it was taken.
 *
 * @throws RangeError that names what is wrong.
 */
export function readCheckpoint(value: unknown): Checkpoint {
  const fields = withLists(requireObject('it', value));
  if (fields.version !== 1)
    throw new RangeError(`its version is ${String(fields.version)}; this release reads 1`);
  const size = JSON.stringify(value).length;
  if (size > 1.2 * maxCheckpointSize)
    throw new RangeError(`it has ${size} characters; at most ${maxCheckpointSize} are written`);

  requireTime('begin', fields.begin);
  requireTime('position', fields.position);
  requireTexts('destinations', fields.destinations);
  requireText('recordedUntil', fields.recordedUntil);
  requireTexts('amendedHours', fields.amendedHours);
  for (const name of ['sweepHorizon', 'collectedSince'])
    if (fields[name] !== undefined) requireTime(name, fields[name]);
  requireMemory('delivered', fields.delivered);
  for (const [age, cursor] of entriesOf('sweeps', fields.sweeps)) requireTime(`sweeps.${age}`, cursor);
  for (const [name, absent] of entriesOf('detached', fields.detached)) {
    const { since, position } = requireObject(`detached.${name}`, absent);
    requireTime(`detached.${name}.since`, since);
    requireTime(`detached.${name}.position`, position);
  }
  entriesOf('coverage', fields.coverage);
  entriesOf('totals', fields.totals);
  for (const [at, gap] of itemsOf('gaps', fields.gaps)) {
    requireText(`${at}.destination`, gap.destination);
    requireTime(`${at}.startTime`, gap.startTime);
    if (gap.endTime !== undefined) requireTime(`${at}.endTime`, gap.endTime);
    if (typeof gap.isWanted !== 'boolean') throw new RangeError(`${at}.isWanted is not true or false`);
    requireMemory(`${at}.has`, gap.has);
  }
  for (const [at, backfill] of itemsOf('backfills', fields.backfills)) {
    requireText(`${at}.id`, backfill.id);
    requireTime(`${at}.startTime`, backfill.startTime);
    requireTime(`${at}.endTime`, backfill.endTime);
    requireTexts(`${at}.destinations`, backfill.destinations);
  }
  for (const [at, blob] of itemsOf('quarantine', fields.quarantine)) {
    requireText(`${at}.contentId`, blob.contentId);
    requireTime(`${at}.contentCreated`, blob.contentCreated);
    requireTime(`${at}.nextAttempt`, blob.nextAttempt);
    requireTexts(`${at}.destinations`, blob.destinations);
  }
  for (const [at, loss] of itemsOf('losses', fields.losses)) {
    requireTime(`${at}.startTime`, loss.startTime);
    requireTime(`${at}.endTime`, loss.endTime);
  }
  return fields as unknown as Checkpoint;
}

type Fields = Readonly<Record<string, unknown>>;

/** The Temporal CLI prints an empty list as null. */
function withLists(fields: Fields): Fields {
  const lists = ['destinations', 'amendedHours', 'gaps', 'backfills', 'quarantine', 'losses'];
  const empty = lists.filter((name) => fields[name] === null);
  return { ...fields, ...Object.fromEntries(empty.map((name) => [name, []])) };
}

function requireObject(name: string, value: unknown): Fields {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new RangeError(`${name} is not an object`);
  return value as Fields;
}

function entriesOf(name: string, value: unknown): [string, unknown][] {
  return Object.entries(requireObject(name, value));
}

function itemsOf(name: string, value: unknown): [string, Fields][] {
  if (!Array.isArray(value)) throw new RangeError(`${name} is not a list`);
  return value.map((item, index) => [`${name}[${index}]`, requireObject(`${name}[${index}]`, item)]);
}

function requireMemory(name: string, value: unknown): void {
  for (const [hour, ids] of entriesOf(name, value)) {
    requireTime(`${name}.${hour}`, `${hour}:00:00Z`);
    try {
      requireIds(ids);
    } catch (error) {
      throw new RangeError(`${name}.${hour}: ${(error as Error).message}`, { cause: error });
    }
  }
}

function requireTime(name: string, value: unknown): void {
  requireText(name, value);
  try {
    parseTime(value as string);
  } catch {
    throw new RangeError(`${name} is not a time in ISO 8601`);
  }
}

function requireText(name: string, value: unknown): void {
  if (typeof value !== 'string' || value === '') throw new RangeError(`${name} is not a text`);
}

function requireTexts(name: string, value: unknown): void {
  if (!Array.isArray(value) || !value.every((item) => typeof item === 'string'))
    throw new RangeError(`${name} is not a list of texts`);
}
