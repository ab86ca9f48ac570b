import { canonicalContentType, knownContentTypes, nearestKnownContentType } from '../domain/content-type.ts';
import type { ConfigProblem } from '../errors.ts';
import { problemAt } from './config-file.ts';
import type { ConfigFile } from './config-file.ts';
import { credentialIssues, credentialKeys, hasCredential } from './credential.ts';
import { isKeys } from './key-path.ts';
import type { KeyPath, Keys } from './key-path.ts';
import { network } from './network-keys.ts';
import { identity } from './schema.ts';
import { isShortForm, tenantIdOf } from './written-tenant.ts';
import type { WrittenTenant } from './written-tenant.ts';

/**
 * Rules between keys. They look at values of any kind, so that they also speak where the schema has something to say: every
 * problem of a file is reported at once.
 */

/** Rules within one file. `tenants` are those of the file. */
export function fileProblems(
  file: ConfigFile,
  tenants: readonly WrittenTenant[],
  now: Date,
): ConfigProblem[] {
  return [
    ...formProblems(file),
    ...levelsOf(file, tenants).flatMap(({ keys, path }) => levelProblems(file, keys, path, now)),
    ...tenants.flatMap(missingKeys),
  ];
}

/** Rules between all tenants of all files. */
export function duplicateTenants(tenants: readonly WrittenTenant[]): ConfigProblem[] {
  return [
    ...repeated(tenants, 'tenant_id', tenantIdOf, 'remove one of the two'),
    ...repeated(tenants, 'name', ({ own }) => own.name, 'give each tenant a name of its own'),
  ];
}

/** What holds for the whole process stands in one file. */
export function duplicateNetwork(files: readonly ConfigFile[]): ConfigProblem[] {
  return Object.keys(network).flatMap((key) => {
    const [first, ...further] = files.filter(({ value }) => isKeys(value) && key in value);
    const problem = `stands in ${first?.where([key])}, too; it holds for all tenants, so keep one of the two`;
    return further.map((file) => problemAt(file, [key], problem));
  });
}

/** Content types that work, but look like a slip of the pen. */
export function contentTypeWarnings(file: ConfigFile, tenants: readonly WrittenTenant[]): string[] {
  return levelsOf(file, tenants).flatMap(({ keys, path }) =>
    (['subscriptions', 'Subscriptions'] as const).flatMap((key) =>
      listOf(keys[key]).flatMap((contentType, index) => {
        const nearest =
          typeof contentType === 'string' && nearestKnownContentType(canonicalContentType(contentType));
        if (!nearest) return [];
        const { where, key: keyPath } = problemAt(file, [...path, key, index], '');
        return [
          `${where} ${keyPath} is none of Microsoft's documented content types; did you mean ${nearest}?`,
        ];
      }),
    ),
  );
}

function formProblems(file: ConfigFile): ConfigProblem[] {
  const keys = isKeys(file.value) ? file.value : {};
  if (isShortForm(file) || !('tenants' in keys)) return [];
  return Object.keys(identity)
    .filter((key) => key in keys)
    .map((key) =>
      problemAt(
        file,
        [key],
        'cannot stand beside tenants; move it into an entry of tenants, or remove tenants',
      ),
    );
}

/** The maps that can hold settings and credentials: the top level and each tenant in it. */
function levelsOf(file: ConfigFile, tenants: readonly WrittenTenant[]): { keys: Keys; path: KeyPath }[] {
  const inTenants = tenants
    .filter(({ path }) => path.length > 0)
    .map(({ own, path }) => ({ keys: own, path }));
  return isKeys(file.value) ? [{ keys: file.value, path: [] }, ...inTenants] : inTenants;
}

function levelProblems(file: ConfigFile, keys: Keys, path: KeyPath, now: Date): ConfigProblem[] {
  const problems = credentialIssues(keys, path).map((issue) => problemAt(file, issue.path, issue.problem));
  if ('subscriptions' in keys && 'Subscriptions' in keys) {
    problems.push(
      problemAt(file, [...path, 'Subscriptions'], 'is the same as subscriptions; keep one of the two'),
    );
  }
  if (typeof keys.start_time === 'string' && Date.parse(keys.start_time) > now.getTime()) {
    problems.push(problemAt(file, [...path, 'start_time'], 'is in the future; name a time that is past'));
  }
  return problems;
}

function missingKeys({ file, path, own, inherited }: WrittenTenant): ConfigProblem[] {
  const has = (key: string) => key in own || key in inherited;
  const missing = (key: string, remedy: string) => problemAt(file, [...path, key], `is missing; ${remedy}`);
  const problems: ConfigProblem[] = [];
  if (!('tenant_id' in own)) problems.push(missing('tenant_id', 'name the directory to collect from'));
  const credentials = hasCredential(own) ? own : inherited;
  const isManagedIdentity = credentialKeys.filter((key) => key in credentials).join() === 'managed_identity';
  if (isManagedIdentity && 'client_id' in own) {
    const problem =
      'belongs to an application, but managed_identity signs in as itself; remove this key, or write the client id of a user-assigned identity as the value of managed_identity';
    problems.push(problemAt(file, [...path, 'client_id'], problem));
  }
  if (!isManagedIdentity && !has('client_id')) {
    problems.push(missing('client_id', 'name the application to sign in as'));
  }
  if (!hasCredential(credentials)) {
    problems.push(missing('client_secret_path', `a tenant needs one of ${credentialKeys.join(', ')}`));
  }
  if (!has('subscriptions') && !has('Subscriptions')) {
    problems.push(
      missing('subscriptions', `list content types; Microsoft documents ${knownContentTypes.join(', ')}`),
    );
  }
  return problems;
}

function repeated(
  tenants: readonly WrittenTenant[],
  key: string,
  valueOf: (tenant: WrittenTenant) => unknown,
  remedy: string,
): ConfigProblem[] {
  const firstPlaces = new Map<unknown, string>();
  return tenants.flatMap((tenant) => {
    const path = [...tenant.path, key];
    const value = valueOf(tenant);
    const first = firstPlaces.get(value);
    if (typeof value !== 'string') return [];
    if (first !== undefined) return [problemAt(tenant.file, path, `stands in ${first}, too; ${remedy}`)];
    firstPlaces.set(value, tenant.file.where(path));
    return [];
  });
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}
