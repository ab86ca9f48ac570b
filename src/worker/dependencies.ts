import type { ActivityDependencies, Tenant } from '../activities/dependencies.ts';
import { countDeadLetter } from '../activities/dead-letter-count.ts';
import type { Config, TenantConfig } from '../config/config.ts';
import { readSecretFile } from '../config/secret-file.ts';
import { createDeadLetter, type DeadLetter } from '../dead-letter/dead-letter.ts';
import type { Destination } from '../destinations/destination.ts';
import { openDestination } from '../destinations/registry.ts';
import { createHttpDispatcher } from '../http/dispatcher.ts';
import { openLedger } from '../ledger/ledger.ts';
import { createManagementApiClient } from '../office365/client.ts';
import { createTokenProvider } from '../office365/token-provider.ts';
import { createStreamMemory } from './stream-memory.ts';

export interface Adapters {
  readonly tenant: (tenantId: string) => Tenant | undefined;
  readonly destination: (key: string) => Destination | undefined;
  readonly deadLetter: DeadLetter;
  readonly close: () => Promise<void>;
}

/** The composition root: everything the activities touch, made of the configuration, each once per process and when first used. */
export function createAdapters(config: Config): Adapters {
  const { proxyUrl, caPath } = config.network;
  const network = { proxyUrl: proxyUrl?.reveal(), caPath };
  const dispatcher = createHttpDispatcher(network);
  const deadLetter = createDeadLetter({ folderOf: deadLetterPaths(config), onWritten: countDeadLetter });
  const tenants = lazily(
    config.tenants,
    ({ tenantId }) => tenantId,
    (tenant) => createTenant(tenant, dispatcher),
  );
  const destinations = lazily(
    config.destinations,
    ({ key }) => key,
    (destination) => openDestination(destination, { deadLetter, network, readSecretFile }),
  );
  return {
    tenant: tenants.get,
    destination: destinations.get,
    deadLetter,
    close: async () => {
      await Promise.all(destinations.made().map((destination) => destination.close()));
      await dispatcher.close();
    },
  };
}

export function createActivityDependencies(
  config: Config,
  adapters: Adapters,
  rest: Pick<ActivityDependencies, 'stopping' | 'hasSearchAttributes'>,
): ActivityDependencies {
  return {
    ...rest,
    tenant: adapters.tenant,
    destination: adapters.destination,
    lookbackMs: (key) => config.destinations.find((destination) => destination.key === key)?.lookbackMs ?? 0,
    deadLetter: adapters.deadLetter,
    memory: createStreamMemory(),
    tenantNames: config.tenants.map(({ tenantId, name }) =>
      name === undefined ? tenantId : `${tenantId} (${name})`,
    ),
  };
}

/** The folder of each tenant, as it may have one of its own. */
function deadLetterPaths({ tenants }: Config): (tenantId: string) => string {
  const paths = new Map(tenants.map(({ tenantId, settings }) => [tenantId, settings.deadLetterPath]));
  return (tenantId) => {
    const path = paths.get(tenantId);
    if (path === undefined) throw new Error(`tenant ${tenantId} is not in this worker's configuration`);
    return path;
  };
}

function createTenant(config: TenantConfig, dispatcher: ReturnType<typeof createHttpDispatcher>): Tenant {
  const tokens = createTokenProvider(config, { dispatcher, readSecretFile });
  return {
    config,
    ledger: openLedger(config.settings.coveragePath),
    client: createManagementApiClient({
      tenantId: config.tenantId,
      publisherIdentifier: config.publisherIdentifier,
      apiUrl: config.apiUrl,
      tokens,
      dispatcher,
      requestsPerMinute: config.settings.requestsPerMinute,
    }),
  };
}

function lazily<Description, Made>(
  descriptions: readonly Description[],
  keyOf: (description: Description) => string,
  make: (description: Description) => Made,
) {
  const byKey = new Map(descriptions.map((description) => [keyOf(description), description]));
  const made = new Map<string, Made>();
  return {
    get: (key: string): Made | undefined => {
      const description = byKey.get(key);
      if (description === undefined) return undefined;
      const value = made.get(key) ?? make(description);
      made.set(key, value);
      return value;
    },
    made: (): Made[] => [...made.values()],
  };
}
