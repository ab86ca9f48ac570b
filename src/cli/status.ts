import { Command } from 'commander';
import { parseTime } from '../domain/time-window.ts';
import { connectClient } from '../temporal/connection.ts';
import { configOption, contentTypeOption, findTemporal, jsonOption, readConfig } from './options.ts';
import { selectSubscriptions, tenantOption, type Selection } from './options.ts';
import { readRow, rowStates, type StatusRow } from './subscription-row.ts';
import { inParallel } from './subscriptions.ts';
import { formatTable } from './table.ts';

interface StatusOptions extends Selection {
  readonly config?: string;
  readonly json?: boolean;
}

export function statusCommand(): Command {
  return new Command('status')
    .description('Show what each subscription of the configuration is doing, problems first.')
    .addOption(configOption())
    .addOption(tenantOption())
    .addOption(contentTypeOption())
    .addOption(jsonOption())
    .addHelpText(
      'after',
      `
Examples:
  office365-ingest status
  office365-ingest status --tenant contoso --json`,
    )
    .action(async (options: StatusOptions) => {
      const config = await readConfig(options);
      const selected = selectSubscriptions(config, options);
      const client = await connectClient(await findTemporal());
      try {
        const rows = (await inParallel(selected, (subscription) => readRow(client, subscription))).toSorted(
          worstFirst,
        );
        const nameOf = (tenantId: string) =>
          config.tenants.find((tenant) => tenant.tenantId === tenantId)?.name ?? tenantId;
        process.stdout.write(
          options.json ? `${JSON.stringify(rows, null, 2)}\n` : formatStatus(rows, nameOf, Date.now()),
        );
      } finally {
        await client.connection.close();
      }
    });
}

function formatStatus(
  rows: readonly StatusRow[],
  nameOf: (tenantId: string) => string,
  nowMs: number,
): string {
  const headings = ['TENANT', 'CONTENT TYPE', 'STATE', 'LAG', 'PENDING', 'LOST', 'BLOBS', 'RECORDS', 'WHY'];
  return formatTable(
    headings,
    rows.map((row) => [
      nameOf(row.tenantId),
      row.contentType,
      row.state,
      row.checkpointTime === null ? '-' : formatSpan(nowMs - parseTime(row.checkpointTime)),
      String(row.pending),
      String(row.lost),
      String(row.delivered.blobs),
      String(row.delivered.records),
      why(row),
    ]),
  );
}

function why({ reason, lastFailure, nextAttemptTime, state }: StatusRow): string {
  if (reason !== null)
    return nextAttemptTime === null ? reason : `${reason} (next attempt ${nextAttemptTime})`;
  if (lastFailure === null || (nextAttemptTime === null && state === 'running')) return '';
  return `${lastFailure.type}: ${lastFailure.message}`;
}

function worstFirst(a: StatusRow, b: StatusRow): number {
  return (
    rowStates.indexOf(a.state) - rowStates.indexOf(b.state) ||
    a.tenantId.localeCompare(b.tenantId) ||
    a.contentType.localeCompare(b.contentType)
  );
}

/** `42s`, `3m`, `5h`, `6d`: the largest unit that fits. */
function formatSpan(ms: number): string {
  const units = [
    ['d', 86_400_000],
    ['h', 3_600_000],
    ['m', 60_000],
  ] as const;
  for (const [unit, length] of units) if (ms >= 2 * length) return `${Math.floor(ms / length)}${unit}`;
  return `${Math.max(0, Math.round(ms / 1000))}s`;
}
