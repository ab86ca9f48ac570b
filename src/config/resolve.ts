import { canonicalContentType } from '../domain/content-type.ts';
import { clouds } from './clouds.ts';
import type { ConfigFile } from './config-file.ts';
import { Secret } from './config.ts';
import type { DestinationConfig, NetworkConfig, SubscriptionSettings, TenantConfig } from './config.ts';
import { hasCredential, resolveCredential } from './credential.ts';
import { absolutePaths } from './paths.ts';
import { defaultDestination } from './destinations.ts';
import type { WrittenDestination } from './destinations.ts';
import { networkSchema } from './network-keys.ts';
import { metaOf } from './schema-walk.ts';
import { destinationSchema, settings, settingsSchema, tenantSchema } from './schema.ts';
import type { SettingsKeys, TenantKeys } from './schema.ts';
import type { WrittenTenant } from './written-tenant.ts';

/** Completes a tenant that has passed the schema and the rules: what it does not say comes from the top level, then from the defaults. */
export function resolveTenant(
  tenant: WrittenTenant,
  folder: string,
  destinations: readonly string[],
): TenantConfig {
  const own = tenantSchema.parse(tenant.own);
  const { destinations: _shared, ...inherited } = tenant.inherited;
  const all = { ...defaults(folder), ...tenantSchema.parse(inherited), ...own };
  const { tenant_id: tenantId } = all;
  const subscriptions = subscriptionsOf(own) ?? subscriptionsOf(all);
  if (tenantId === undefined || subscriptions === undefined) {
    throw new Error('An incomplete tenant came past the check for it');
  }
  const credential = resolveCredential(hasCredential(own) ? own : all);
  const cloud = clouds[all.api_type ?? 'commercial'];
  return {
    tenantId,
    name: own.name,
    clientId: credential.type === 'managedIdentity' ? undefined : all.client_id,
    credential,
    apiUrl: all.api_url ?? cloud.apiUrl,
    loginUrl: all.login_url ?? cloud.loginUrl,
    scope: cloud.scope,
    publisherIdentifier: all.publisher_id ?? tenantId,
    subscriptions: [...new Set(subscriptions.map(canonicalContentType))],
    startTime: own.lookback === undefined ? all.start_time : own.start_time,
    settings: resolveSettings(all),
    destinations,
  };
}

/** What the files say of the network; `rules.ts` has made sure that they do not contradict each other. */
export function resolveNetwork(files: readonly ConfigFile[]): NetworkConfig {
  const keys = files.map(({ value }) => networkSchema.parse(value));
  const proxyUrl = keys.find(({ proxy_url }) => proxy_url !== undefined)?.proxy_url;
  return {
    proxyUrl: proxyUrl === undefined ? undefined : new Secret(proxyUrl),
    caPath: keys.find(({ ca_path }) => ca_path !== undefined)?.ca_path,
  };
}

/** The destinations that tenants get, each once, by their keys. */
export function resolveDestinations(
  written: readonly WrittenDestination[],
  usedKeys: ReadonlySet<string>,
  folder: string,
): DestinationConfig[] {
  const used = written.filter(({ key }) => usedKeys.has(key));
  const isDefaultUsed =
    usedKeys.has(defaultDestination.name) && !used.some(({ key }) => key === defaultDestination.name);
  return [
    ...used.map(({ key, definition }) => resolveDestination(key, definition)),
    ...(isDefaultUsed
      ? [
          resolveDestination(
            defaultDestination.name,
            absolutePaths(destinationSchema, defaultDestination, folder),
          ),
        ]
      : []),
  ];
}

function resolveDestination(key: string, definition: unknown): DestinationConfig {
  const { name, type, lookback, deduplicate_by, ...options } = destinationSchema.parse(definition);
  return { key, name, type, lookbackMs: lookback, deduplicateBy: deduplicate_by, options };
}

function subscriptionsOf(keys: TenantKeys): readonly string[] | undefined {
  return keys.subscriptions ?? keys.Subscriptions;
}

function resolveSettings(keys: SettingsKeys): SubscriptionSettings {
  return {
    intervalMs: keys.interval,
    maxIntervalMs: Math.max(keys.interval, keys.max_interval),
    settleTimeMs: keys.settle_time,
    lookbackMs: keys.lookback,
    sweepAgesMs: [...new Set(keys.sweep_ages)].toSorted((a, b) => a - b),
    listingHeartbeatMs: keys.listing_heartbeat,
    requestsPerMinute: keys.requests_per_minute,
    coveragePath: keys.coverage_path,
    deadLetterPath: keys.dead_letter_path,
    maxRecordBytes: keys.max_record_size,
  };
}

/** The defaults that the schema states, read as if they stood in the file. */
function defaults(folder: string): SettingsKeys {
  const written = Object.entries(settings).map(([key, schema]) => [key, metaOf(schema).default]);
  return settingsSchema.parse(absolutePaths(settingsSchema, Object.fromEntries(written), folder));
}
