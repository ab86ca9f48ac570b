import type { TenantConfig } from '../config/config.ts';
import type { Destination } from '../destinations/destination.ts';
import { InputError } from '../errors.ts';
import type { ManagementApiClient } from '../office365/client.ts';

/** What the activities need of the world; made in `worker/dependencies.ts`, by hand in tests. */
export interface ActivityDependencies {
  /** A tenant of the worker's configuration by its id in lower case. */
  readonly tenant: (tenantId: string) => Tenant | undefined;
  /** Ids and names of all tenants, for messages. */
  readonly tenantNames: readonly string[];
  /** A destination by its key. */
  readonly destination: (key: string) => Destination | undefined;
  /** Aborts when the worker begins to shut down: listings that wait return at once. */
  readonly stopping: AbortSignal;
  /** Whether the server knows the four search attributes; without them workflows leave them alone. */
  readonly hasSearchAttributes: boolean;
}

export interface Tenant {
  readonly config: TenantConfig;
  readonly client: ManagementApiClient;
}

/** What a workflow learns of the worker's configuration, with each listing. */
export interface WorkflowSettings {
  readonly tenantName?: string;
  readonly destinations: readonly string[];
  readonly settleTimeMs: number;
  readonly hasSearchAttributes: boolean;
}

/** @throws InputError naming the tenants there are. */
export function requireTenant(dependencies: ActivityDependencies, tenantId: string): Tenant {
  const tenant = dependencies.tenant(tenantId);
  if (tenant !== undefined) return tenant;
  throw new InputError(
    'tenantId',
    `${tenantId} is not in this worker's configuration; it names ${dependencies.tenantNames.join(', ') || 'no tenant'}`,
  );
}

export function workflowSettings(dependencies: ActivityDependencies, { config }: Tenant): WorkflowSettings {
  return {
    ...(config.name !== undefined && { tenantName: config.name }),
    destinations: config.destinations,
    settleTimeMs: config.settings.settleTimeMs,
    hasSearchAttributes: dependencies.hasSearchAttributes,
  };
}
