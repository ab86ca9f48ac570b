import { join } from 'node:path';
import { pathComponent } from '../files/path-component.ts';
import type { CoverageHour } from '../domain/coverage.ts';
import type { Loss } from '../domain/losses.ts';
import { isoTime, parseTime } from '../domain/time-window.ts';

/** Whose ledger it is. */
export interface Subscription {
  readonly tenantId: string;
  readonly contentType: string;
}

/** One line of the ledger: the balance of an hour for one destination, or a loss. Times are ISO. */
export type LedgerEntry =
  ({ readonly kind: 'hour' } & CoverageHour) | ({ readonly kind: 'loss' } & Omit<Loss, 'isRecorded'>);

export function hourEntry(hour: CoverageHour): LedgerEntry {
  return { kind: 'hour', ...hour };
}

export function lossEntry(loss: Loss): LedgerEntry {
  const { isRecorded: _isRecorded, ...rest } = loss;
  return { kind: 'loss', ...rest };
}

/** What makes two entries the same: of these the later one counts. */
export function keyOf(entry: LedgerEntry): string {
  if (entry.kind === 'hour') return JSON.stringify(['hour', entry.hour, entry.destination]);
  const { startTime, endTime, contentId = '', destinations = [] } = entry;
  return JSON.stringify(['loss', startTime, endTime, contentId, destinations]);
}

/** `<root>/<tenantId>/<contentType>` */
export function ledgerFolder(root: string, { tenantId, contentType }: Subscription): string {
  return join(root, pathComponent(tenantId), pathComponent(contentType));
}

/** `<yyyy-mm>.jsonl`, by the month in which an entry begins (UTC). */
export function fileNameOf(entry: LedgerEntry): string {
  const start = entry.kind === 'hour' ? entry.hour : isoTime(parseTime(entry.startTime));
  return `${start.slice(0, 7)}.jsonl`;
}
