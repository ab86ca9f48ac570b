import { activityInfo } from '@temporalio/activity';
import type { TenantConfig } from '../config/config.ts';
import type { DeadLetter } from '../dead-letter/dead-letter.ts';
import type { Destination } from '../destinations/destination.ts';
import { InputError } from '../errors.ts';
import type { Ledger } from '../ledger/ledger.ts';
import type { ManagementApiClient } from '../office365/client.ts';
import type { StreamMemory } from './stream-memory.ts';

/** What the activities need of the world; made in `worker/dependencies.ts`, by hand in tests. */
export interface ActivityDependencies {
  /** A tenant of the worker's configuration by its id in lower case. */
  readonly tenant: (tenantId: string) => Tenant | undefined;
  /** Ids and names of all tenants, for messages. */
  readonly tenantNames: readonly string[];
  /** A destination by its key. */
  readonly destination: (key: string) => Destination | undefined;
  /** What all streams of the process may hold. */
  readonly memory: StreamMemory;
  readonly deadLetter: DeadLetter;
  /** How far back a destination that is added later is owed, in milliseconds, by its key. */
  readonly lookbackMs: (key: string) => number;
  /** Aborts when the worker begins to shut down: listings that wait return at once. */
  readonly stopping: AbortSignal;
  /** Whether the server knows the four search attributes; without them workflows leave them alone. */
  readonly hasSearchAttributes: boolean;
}

export interface Tenant {
  readonly config: TenantConfig;
  readonly client: ManagementApiClient;
  readonly ledger: Ledger;
}

/** The service's clock, in milliseconds since 1970. */
export function serverNowMs({ client }: Tenant): number {
  return Date.now() + client.clockOffsetMs;
}

/** What a workflow learns of the worker's configuration, with each listing. */
export interface WorkflowSettings {
  readonly tenantName?: string;
  /** Each with how far back it is owed when it is added later. */
  readonly destinations: readonly { readonly name: string; readonly lookbackMs: number }[];
  readonly settleTimeMs: number;
  readonly sweepAgesMs: readonly number[];
  /** Heartbeat time-out of waiting listings. */
  readonly listingHeartbeatMs: number;
  readonly hasSearchAttributes: boolean;
}

/** How long a tenant or content type may be unknown while a changed configuration reaches one worker after the other. */
const rollingChangeMs = 10 * 60_000;

/**
 * The tenant of an activity's input.
 *
 * @throws InputError naming the tenants there are; see {@link unknownName}.
 */
export function requireTenant(
  dependencies: ActivityDependencies,
  tenantId: string,
  options: { readonly isFirst?: boolean } = {},
): Tenant {
  const tenant = dependencies.tenant(tenantId);
  if (tenant !== undefined) return tenant;
  const names = dependencies.tenantNames.join(', ') || 'no tenant';
  throw unknownName(
    'tenantId',
    `${tenantId} is not in this worker's configuration; it names ${names}`,
    options,
  );
}

/**
 * The error for a name that the worker's configuration does not know: final at once where nothing was ever listed, as it is
 * probably misspelt; else after ten minutes, as another worker may have a newer configuration.
 */
export function unknownName(
  field: string,
  problem: string,
  { isFirst = false }: { readonly isFirst?: boolean },
): InputError {
  const mayPass = !isFirst && Date.now() - activityInfo().scheduledTimestampMs < rollingChangeMs;
  return new InputError(field, problem, { mayPass });
}

export function workflowSettings(dependencies: ActivityDependencies, { config }: Tenant): WorkflowSettings {
  const { settleTimeMs, sweepAgesMs, listingHeartbeatMs } = config.settings;
  return {
    ...(config.name !== undefined && { tenantName: config.name }),
    destinations: config.destinations.map((name) => ({ name, lookbackMs: dependencies.lookbackMs(name) })),
    settleTimeMs,
    sweepAgesMs,
    listingHeartbeatMs,
    hasSearchAttributes: dependencies.hasSearchAttributes,
  };
}
