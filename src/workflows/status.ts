import type { WorkflowSettings } from '../activities/dependencies.ts';
import { unrecorded } from '../domain/losses.ts';
import { isQuarantined, quarantineBy } from '../domain/quarantine.ts';
import type { FailingActivity } from '../activities/failing-signal.ts';
import type { IngestState, SubscriptionStatus } from './messages.ts';
import { maxUnrecordedLosses, type SubscriptionState } from './subscription-state.ts';

/** What a subscription shows of itself: in the `status` query, in the search attributes, and in the Temporal UI. */

export interface Subscription {
  readonly tenantId: string;
  readonly contentType: string;
}

/** What a run knows beside its state. */
export interface Activity {
  /** Blobs that are being forwarded. */
  readonly pending: number;
  /** Activities that have been failing for a while, newest last. */
  readonly failing: readonly FailingActivity[];
}

export function ingestState(
  state: Readonly<SubscriptionState>,
  failing: readonly FailingActivity[],
): IngestState {
  if (state.parked !== undefined || isClogged(state)) return 'blocked';
  if (state.paused !== undefined) return 'paused';
  if (failing.some(isThrottled)) return 'throttled';
  return state.isCatchingUp ? 'catchingUp' : 'running';
}

/** Losses wait for a ledger that cannot be written: nothing is ingested until it can. */
export function isClogged({ checkpoint }: Readonly<SubscriptionState>): boolean {
  return checkpoint !== undefined && unrecorded(checkpoint.losses).length > maxUnrecordedLosses;
}

export function statusOf(
  subscription: Subscription,
  state: Readonly<SubscriptionState>,
  { pending, failing }: Activity,
): SubscriptionStatus {
  const { checkpoint, parked, paused } = state;
  const setAside = quarantineBy(checkpoint?.quarantine ?? [], Date.now());
  const quarantined = setAside.filter(isQuarantined).length;
  const newest = failing.at(-1);
  return {
    ...subscription,
    state: ingestState(state, failing),
    reason: reasonOf(state, failing),
    checkpointTime: checkpoint?.position ?? null,
    sweepHorizon: checkpoint?.sweepHorizon ?? null,
    pending: pending + setAside.length - quarantined,
    quarantined,
    lost: checkpoint?.totals.lost ?? 0,
    delivered: { blobs: checkpoint?.totals.blobs ?? 0, records: checkpoint?.totals.records ?? 0 },
    lastFailure: state.lastFailure ?? null,
    nextAttemptTime: parked?.nextProbe ?? paused?.until ?? newest?.nextAttemptTime ?? null,
  };
}

/** The same for people, in Markdown, for the Temporal UI. */
export function detailsOf(
  status: SubscriptionStatus,
  state: Readonly<SubscriptionState>,
  settings: WorkflowSettings | undefined,
): string {
  const { checkpoint } = state;
  const rows: [string, string][] = [
    ['State', status.reason === null ? status.state : `**${status.state}**: ${status.reason}`],
    ['Delivered up to', status.checkpointTime ?? 'nothing listed yet'],
    [
      'Delivered',
      `${status.delivered.blobs} blobs, ${status.delivered.records} records` +
        ((checkpoint?.totals.late ?? 0) > 0 ? `, ${checkpoint!.totals.late} blobs found late` : ''),
    ],
    ['Pending', `${status.pending} blobs`],
    ['Quarantined', `${status.quarantined} blobs`],
    ['Lost', `${status.lost}`],
    ['Destinations', settings?.destinations.map(({ name }) => name).join(', ') ?? ''],
  ];
  for (const [name, { since, failureType, message }] of Object.entries(checkpoint?.detached ?? {}))
    rows.push([`Away: ${name}`, `since ${since}: ${failureType}: ${message}`]);
  for (const { id, startTime, endTime, isPaused } of checkpoint?.backfills ?? [])
    rows.push([`Backfill ${id}`, `${isPaused ? 'paused' : 'goes on'} at ${startTime}, ends at ${endTime}`]);
  if (status.sweepHorizon !== null) rows.push(['Sweeps reach back to', status.sweepHorizon]);
  if (status.nextAttemptTime !== null) rows.push(['Next attempt', status.nextAttemptTime]);
  const title = `${settings?.tenantName ?? status.tenantId} · ${status.contentType}`;
  return [
    `### ${title}`,
    '',
    '| | |',
    '| --- | --- |',
    ...rows.map(([key, value]) => `| ${key} | ${value} |`),
  ].join('\n');
}

function reasonOf(state: Readonly<SubscriptionState>, failing: readonly FailingActivity[]): string | null {
  const { parked, paused, checkpoint } = state;
  if (parked !== undefined) return parked.reason;
  if (isClogged(state)) return 'losses wait to be written to the ledger; make coverage_path writable';
  if (paused !== undefined) return paused.reason ?? 'paused by an operator';
  const throttled = failing.find(isThrottled) ?? failing.at(-1);
  if (throttled !== undefined) return throttled.message;
  const away = Object.keys(checkpoint?.detached ?? {});
  return away.length === 0 ? null : `away, and owed what it misses: ${away.join(', ')}`;
}

function isThrottled({ failureType }: FailingActivity): boolean {
  return failureType.endsWith('.throttled');
}
