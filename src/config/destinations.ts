import { editDistance } from '../domain/content-type.ts';
import type { ConfigProblem } from '../errors.ts';
import { problemAt } from './config-file.ts';
import type { ConfigFile } from './config-file.ts';
import { isKeys } from './key-path.ts';
import type { KeyPath } from './key-path.ts';
import { isShortForm, tenantIdOf } from './written-tenant.ts';
import type { WrittenTenant } from './written-tenant.ts';

/** The destination of a configuration that defines none. Its path starts at the folder of the configuration. */
export const defaultDestination = { name: 'events', type: 'file', path: './events' };

/** A destination as it stands in a file, defined where a name can be given to it. */
export interface WrittenDestination {
  readonly key: string;
  readonly name: string;
  readonly definition: unknown;
  readonly file: ConfigFile;
  readonly path: KeyPath;
  /** Whether tenants that name no destination may get it. Those of a short form are its tenant's. */
  readonly isForAll: boolean;
}

/** Which destinations there are, and by their keys which tenant gets which. */
export interface Assignment {
  readonly problems: readonly ConfigProblem[];
  readonly written: readonly WrittenDestination[];
  /** In the order of the tenants. */
  readonly keysOfTenants: readonly (readonly string[])[];
}

/**
 * Finds the destinations of each tenant: those that it names or defines, else the shared ones. The data of one tenant never
 * reaches what may be another's by default: with several of both, each tenant has to name its own.
 */
export function assignDestinations(
  files: readonly ConfigFile[],
  tenants: readonly WrittenTenant[],
): Assignment {
  const shared = files.flatMap(sharedDestinations);
  const owned = tenants.filter(({ path }) => path.length > 0).map(ownDestinations);
  const results = tenants.map((tenant) =>
    'destinations' in tenant.own ? namedKeys(tenant, shared) : inheritedKeys(tenant, shared, tenants.length),
  );
  return {
    problems: [
      ...files.flatMap(misplacedNames),
      ...[shared, ...owned].flatMap(repeatedNames),
      ...results.flatMap(({ problems }) => problems),
    ],
    written: [...shared, ...owned.flat()],
    keysOfTenants: results.map(({ keys }) => keys),
  };
}

function sharedDestinations(file: ConfigFile): WrittenDestination[] {
  const isForAll = !isShortForm(file);
  return entriesOf(isKeys(file.value) ? file.value.destinations : undefined).flatMap(({ entry, index }) => {
    const name = nameOf(entry);
    const path = ['destinations', index];
    return name === undefined ? [] : [{ key: name, name, definition: entry, file, path, isForAll }];
  });
}

function ownDestinations(tenant: WrittenTenant): WrittenDestination[] {
  return entriesOf(tenant.own.destinations).flatMap(({ entry, index }) => {
    const name = nameOf(entry);
    const path = [...tenant.path, 'destinations', index];
    if (name === undefined) return [];
    return [{ key: ownKey(tenant, name), name, definition: entry, file: tenant.file, path, isForAll: false }];
  });
}

interface TenantResult {
  readonly keys: readonly string[];
  readonly problems: readonly ConfigProblem[];
}

function namedKeys(tenant: WrittenTenant, shared: readonly WrittenDestination[]): TenantResult {
  const problems: ConfigProblem[] = [];
  const named = new Set<string>();
  const defined = new Set<string>();
  const keys = entriesOf(tenant.own.destinations).flatMap(({ entry, index }) => {
    const path = [...tenant.path, 'destinations', index];
    const isName = typeof entry === 'string';
    const name = isName ? entry : nameOf(entry);
    if (name === undefined) return [];
    // Two definitions of one name are the business of `repeatedNames`.
    if (named.has(name) || (isName && defined.has(name))) {
      const problem = `stands for ${name}, which is in this list already; remove or rename one of the two`;
      problems.push(problemAt(tenant.file, path, problem));
    }
    if (isName && !shared.some((destination) => destination.name === name)) {
      problems.push(problemAt(tenant.file, path, describeUnknownName(name, shared)));
    }
    (isName ? named : defined).add(name);
    return [isName || tenant.path.length === 0 ? name : ownKey(tenant, name)];
  });
  return { keys, problems };
}

function inheritedKeys(
  tenant: WrittenTenant,
  shared: readonly WrittenDestination[],
  numberOfTenants: number,
): TenantResult {
  if (shared.length === 0) return { keys: [defaultDestination.name], problems: [] };
  const forAll = shared.filter(({ isForAll }) => isForAll);
  if (forAll.length === 1 || (forAll.length > 1 && numberOfTenants === 1)) {
    return { keys: forAll.map(({ key }) => key), problems: [] };
  }
  const names = shared.map(({ name }) => name).join(', ');
  const problem = `is missing, and it is not plain which of ${names} this tenant's events may go to; list the names of its own`;
  return { keys: [], problems: [problemAt(tenant.file, [...tenant.path, 'destinations'], problem)] };
}

function misplacedNames(file: ConfigFile): ConfigProblem[] {
  if (isShortForm(file)) return [];
  return entriesOf(isKeys(file.value) ? file.value.destinations : undefined)
    .filter(({ entry }) => typeof entry === 'string')
    .map(({ index }) =>
      problemAt(
        file,
        ['destinations', index],
        'is a name, but destinations are defined here: write name, type and the options of the type',
      ),
    );
}

function repeatedNames(destinations: readonly WrittenDestination[]): ConfigProblem[] {
  const firstPlaces = new Map<string, string>();
  return destinations.flatMap(({ name, file, path }) => {
    const first = firstPlaces.get(name);
    const namePath = [...path, 'name'];
    if (first !== undefined) {
      return [problemAt(file, namePath, `stands in ${first}, too; give each destination a name of its own`)];
    }
    firstPlaces.set(name, file.where(namePath));
    return [];
  });
}

function describeUnknownName(name: string, shared: readonly WrittenDestination[]): string {
  const names = shared.map((destination) => destination.name);
  if (names.length === 0) return `names ${name}, but the top level defines no destinations; define it there`;
  const nearest = names.find((known) => editDistance(known, name) <= 2);
  const remedy = nearest === undefined ? `defined are ${names.join(', ')}` : `did you mean ${nearest}?`;
  return `names ${name}, which is not defined at the top level; ${remedy}`;
}

function ownKey(tenant: WrittenTenant, name: string): string {
  return `${tenantIdOf(tenant)}/${name}`;
}

function nameOf(entry: unknown): string | undefined {
  return isKeys(entry) && typeof entry.name === 'string' ? entry.name : undefined;
}

function entriesOf(list: unknown): { entry: unknown; index: number }[] {
  return Array.isArray(list) ? list.map((entry: unknown, index) => ({ entry, index })) : [];
}
