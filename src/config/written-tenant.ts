import type { ConfigFile } from './config-file.ts';
import { isKeys } from './key-path.ts';
import type { KeyPath, Keys } from './key-path.ts';
import { network } from './network-keys.ts';

/** A tenant as it stands in a file: its values may still be of any kind. */
export interface WrittenTenant {
  readonly file: ConfigFile;
  /** Empty in the short form, where the top level is the tenant. */
  readonly path: KeyPath;
  readonly own: Keys;
  /** The top level around it, for what the tenant does not say itself; empty in the short form. */
  readonly inherited: Keys;
}

export function tenantsOf(file: ConfigFile): WrittenTenant[] {
  if (!isKeys(file.value)) return [];
  const { tenants, ...topLevel } = withoutNetwork(file.value);
  if (isShortForm(file)) return [{ file, path: [], own: topLevel, inherited: {} }];
  if (!Array.isArray(tenants)) return [];
  return tenants.flatMap((own: unknown, index) =>
    isKeys(own) ? [{ file, path: ['tenants', index], own, inherited: topLevel }] : [],
  );
}

/**
 * The short form has no `tenants`: the top level is the tenant. A file of nothing but destinations and what holds for the
 * whole process has no tenant at all.
 */
export function isShortForm({ value }: ConfigFile): boolean {
  if (!isKeys(value) || 'tenants' in value) return false;
  return Object.keys(withoutNetwork(value)).some((key) => key !== 'destinations');
}

function withoutNetwork(keys: Keys): Keys {
  return Object.fromEntries(Object.entries(keys).filter(([key]) => !(key in network)));
}

/** Lower-cased as in the resolved configuration; `undefined` where it is missing or no text. */
export function tenantIdOf({ own }: WrittenTenant): string | undefined {
  return typeof own.tenant_id === 'string' ? own.tenant_id.trim().toLowerCase() : undefined;
}
