import { createHash } from 'node:crypto';
import { destinationTypes } from '../destinations/registry.ts';
import type { DestinationTypeName } from '../destinations/registry.ts';
import type { Config, DestinationConfig } from './config.ts';
import { isKeys } from './key-path.ts';
import { mapStrings } from './schema-walk.ts';

/** SHA-256 (hex) over network, tenants and destinations, independent of the order of keys and of every secret. */
export function hashConfig(config: Pick<Config, 'network' | 'tenants' | 'destinations'>): string {
  const { network, tenants } = config;
  const destinations = config.destinations.map(withoutSecrets);
  const text = JSON.stringify({ network, tenants, destinations }, sortKeys);
  return createHash('sha256').update(text).digest('hex');
}

/** A `Secret` hides itself in JSON; those of destinations are known by their schema. */
function withoutSecrets(destination: DestinationConfig): DestinationConfig {
  const { options } = destinationTypes[destination.type as DestinationTypeName];
  const hidden = mapStrings(options, destination.options, (text, { isSecret }) =>
    isSecret === true ? '[secret]' : text,
  );
  return { ...destination, options: hidden as DestinationConfig['options'] };
}

function sortKeys(_key: string, value: unknown): unknown {
  if (!isKeys(value)) return value;
  return Object.fromEntries(Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1)));
}
