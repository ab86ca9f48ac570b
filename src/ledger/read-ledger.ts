import { createReadStream } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { isSystemError } from '../files/write-failure.ts';
import { endOfHour, startOfHour } from '../domain/hour.ts';
import { parseTime } from '../domain/time-window.ts';
import { keyOf, ledgerFolder, type LedgerEntry, type Subscription } from './entries.ts';
import { toLedgerError } from './ledger.ts';

export interface LedgerQuery extends Subscription {
  /** Inclusive, ISO: hours and losses that end before it are left out. */
  readonly from?: string;
  /** Exclusive, ISO: hours and losses that begin at or after it are left out. */
  readonly to?: string;
}

/**
 * The entries of a subscription, month by month, oldest first. Of entries with the same key the last one counts. Lines that a
 * crash cut short are passed over: whoever wrote them has written them again. Nothing where there is no ledger yet.
 *
 * Throws LedgerError `unavailable`, and RangeError when `from` or `to` is no time.
 */
export async function* readLedger(
  root: string,
  { from, to, ...subscription }: LedgerQuery,
): AsyncGenerator<LedgerEntry, void, undefined> {
  const fromMs = from === undefined ? -Infinity : parseTime(from);
  const toMs = to === undefined ? Infinity : parseTime(to);
  const folder = ledgerFolder(root, subscription);
  try {
    // A loss stands in the month in which it began, however long it lasted, so that earlier months are read, too.
    for (const name of await filesIn(folder)) {
      if (parseTime(`${name.slice(0, 7)}-01`) >= toMs) break;
      for (const entry of await readMonth(join(folder, name))) {
        const { startMs, endMs } = spanOf(entry);
        if (startMs < toMs && (endMs > fromMs || startMs >= fromMs)) yield entry;
      }
    }
  } catch (error) {
    throw toLedgerError(error, root);
  }
}

async function filesIn(folder: string): Promise<string[]> {
  try {
    const names = await readdir(folder);
    return names.filter((name) => /^\d{4}-\d\d\.jsonl$/.test(name)).toSorted();
  } catch (error) {
    if (isSystemError(error) && error.code === 'ENOENT') return [];
    throw error;
  }
}

async function readMonth(path: string): Promise<LedgerEntry[]> {
  const entries = new Map<string, LedgerEntry>();
  for await (const line of createInterface({ input: createReadStream(path) })) {
    const entry = parseEntry(line);
    if (entry !== undefined) entries.set(keyOf(entry), entry);
  }
  return [...entries.values()].toSorted((a, b) => spanOf(a).startMs - spanOf(b).startMs);
}

/** Undefined for a blank line, or one that was cut short. */
function parseEntry(line: string): LedgerEntry | undefined {
  try {
    return JSON.parse(line) as LedgerEntry;
  } catch {
    return undefined;
  }
}

function spanOf(entry: LedgerEntry): { readonly startMs: number; readonly endMs: number } {
  const [start, end] =
    entry.kind === 'hour'
      ? [startOfHour(entry.hour), endOfHour(entry.hour)]
      : [entry.startTime, entry.endTime];
  return { startMs: parseTime(start), endMs: parseTime(end) };
}
