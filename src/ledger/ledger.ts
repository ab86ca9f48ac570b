import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { writeFailure } from '../files/write-failure.ts';
import { createFolder, syncFolder } from '../files/folders.ts';
import type { CoverageHour } from '../domain/coverage.ts';
import type { Loss } from '../domain/losses.ts';
import { LedgerError } from '../errors.ts';
import {
  fileNameOf,
  hourEntry,
  ledgerFolder,
  lossEntry,
  type LedgerEntry,
  type Subscription,
} from './entries.ts';

/** Hours that do not change any more, and losses, kept for longer than the state of a workflow can. */
export interface Ledger {
  /**
   * Resolves when all of it survives a loss of power. May be called again with the same: readers drop repeats. Throws
   * LedgerError `unavailable`.
   */
  append(
    subscription: Subscription,
    added: { readonly hours: readonly CoverageHour[]; readonly losses: readonly Loss[] },
  ): Promise<void>;
}

/** Files `<root>/<tenantId>/<contentType>/<yyyy-mm>.jsonl`, one JSON object a line; any number of processes may append. */
export function openLedger(root: string): Ledger {
  return {
    append: async (subscription, { hours, losses }) => {
      const folder = ledgerFolder(root, subscription);
      try {
        for (const [name, lines] of linesByFile([...hours.map(hourEntry), ...losses.map(lossEntry)])) {
          await createFolder(folder);
          await appendDurably(join(folder, name), lines);
          await syncFolder(folder);
        }
      } catch (error) {
        throw toLedgerError(error, root);
      }
    },
  };
}

function linesByFile(entries: readonly LedgerEntry[]): ReadonlyMap<string, readonly string[]> {
  const files = new Map<string, string[]>();
  for (const entry of entries) {
    const lines = files.get(fileNameOf(entry)) ?? [];
    lines.push(JSON.stringify(entry));
    files.set(fileNameOf(entry), lines);
  }
  return files;
}

/**
 * One write with O_APPEND, so that processes do not write into each other's lines. It begins with a line end: what a crash left
 * of an earlier write must not swallow the first line of this one.
 */
async function appendDurably(path: string, lines: readonly string[]): Promise<void> {
  const bytes = Buffer.from(`\n${lines.join('\n')}\n`);
  const handle = await open(path, 'a');
  try {
    const { bytesWritten } = await handle.write(bytes);
    if (bytesWritten < bytes.length) {
      throw new LedgerError('unavailable', `Cannot write all of ${path}: free some space on its disk`);
    }
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** An error of the operating system with the remedy; any other as it is. */
export function toLedgerError(error: unknown, root: string): unknown {
  const failure = writeFailure(error, root);
  if (failure === undefined) return error;
  return new LedgerError('unavailable', `The ledger cannot be used. ${failure.message}`, { cause: error });
}
