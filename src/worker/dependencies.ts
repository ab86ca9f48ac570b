import type { ActivityDependencies, Tenant } from '../activities/dependencies.ts';
import type { Config, TenantConfig } from '../config/config.ts';
import { readSecretFile } from '../config/secret-file.ts';
import type { Destination } from '../destinations/destination.ts';
import { openDestination } from '../destinations/registry.ts';
import { createHttpDispatcher } from '../http/dispatcher.ts';
import { createManagementApiClient } from '../office365/client.ts';
import { createTokenProvider } from '../office365/token-provider.ts';

export interface Adapters {
  readonly tenant: (tenantId: string) => Tenant | undefined;
  readonly destination: (key: string) => Destination | undefined;
  readonly close: () => Promise<void>;
}

/** The composition root: everything the activities touch, made of the configuration, each once per process and when first used. */
export function createAdapters(config: Config): Adapters {
  const dispatcher = createHttpDispatcher();
  const tenants = lazily(
    config.tenants,
    ({ tenantId }) => tenantId,
    (tenant) => createTenant(tenant, dispatcher),
  );
  const destinations = lazily(
    config.destinations,
    ({ key }) => key,
    ({ type, key, options }) => openDestination(type, key, options),
  );
  return {
    tenant: tenants.get,
    destination: destinations.get,
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
    tenantNames: config.tenants.map(({ tenantId, name }) =>
      name === undefined ? tenantId : `${tenantId} (${name})`,
    ),
  };
}

function createTenant(config: TenantConfig, dispatcher: ReturnType<typeof createHttpDispatcher>): Tenant {
  const tokens = createTokenProvider(config, { dispatcher, readSecretFile });
  return {
    config,
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
