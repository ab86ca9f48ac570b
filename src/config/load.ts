import { readFile } from 'node:fs/promises';
import { ConfigError } from '../errors.ts';
import type { ConfigProblem } from '../errors.ts';
import type { Config } from './config.ts';
import { parseConfigFile, problemAt } from './config-file.ts';
import type { ConfigFile } from './config-file.ts';
import { assignDestinations } from './destinations.ts';
import type { Assignment } from './destinations.ts';
import { hashConfig } from './hash.ts';
import { issuesOf } from './issues.ts';
import { locateConfig } from './locate.ts';
import { absolutePaths, fileIssues } from './paths.ts';
import { reasonOf } from './reason-of.ts';
import { resolveDestinations, resolveNetwork, resolveTenant } from './resolve.ts';
import { contentTypeWarnings, duplicateNetwork, duplicateTenants, fileProblems } from './rules.ts';
import { fileSchema } from './schema.ts';
import { tenantsOf } from './written-tenant.ts';
import type { WrittenTenant } from './written-tenant.ts';

export interface LoadConfigOptions {
  /** File or folder, from `--config`. */
  readonly path?: string | undefined;
  /** For `OFFICE365_INGEST_CONFIG` and for `${NAME}` in values. */
  readonly environment: NodeJS.ProcessEnv;
  /** Where a relative path to the configuration starts; absolute. */
  readonly workingFolder: string;
  /** Default: the clock. */
  readonly now?: Date;
}

/**
 * Reads, checks and completes the configuration. Secret files are checked to be there, but read at use only.
 * Throws `ConfigError` with every problem of every file at once.
 */
export async function loadConfig(options: LoadConfigOptions): Promise<Config> {
  const { path, environment, workingFolder, now = new Date() } = options;
  const location = await locateConfig(path, environment, workingFolder);
  const files = await Promise.all(
    location.files.map((file) => readConfigFile(file, environment, location.folder)),
  );
  const tenants = files.flatMap(tenantsOf);
  const assignment = assignDestinations(files, tenants);
  const problems = (await Promise.all(files.map((file) => problemsOf(file, now)))).flat();
  if (files.every(({ value }) => value !== undefined)) {
    // With a file that could not be parsed, these would blame others for what stands in it.
    problems.push(...duplicateNetwork(files), ...duplicateTenants(tenants), ...assignment.problems);
    if (tenants.length === 0 && problems.length === 0) {
      problems.push({
        where: location.name,
        key: '',
        problem: 'names no tenant; add tenant_id, client_id, …',
      });
    }
  }
  if (problems.length > 0) throw new ConfigError(inReadingOrder(withoutEchoes(problems, files)));
  return resolveConfig(files, tenants, assignment, location.folder);
}

async function readConfigFile(
  { name, path }: { name: string; path: string },
  environment: NodeJS.ProcessEnv,
  folder: string,
): Promise<ConfigFile> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (cause) {
    const problems = [{ where: name, key: '', problem: `cannot be read: ${reasonOf(cause)}` }];
    return { name, value: undefined, problems, where: () => name };
  }
  const file = parseConfigFile(name, text, environment);
  return { ...file, value: absolutePaths(fileSchema, file.value, folder) };
}

async function problemsOf(file: ConfigFile, now: Date): Promise<ConfigProblem[]> {
  if (file.value === undefined) return [...file.problems];
  const issues = [...issuesOf(fileSchema, file.value), ...(await fileIssues(fileSchema, file.value))];
  return [
    ...file.problems,
    ...issues.map((issue) => problemAt(file, issue.path, issue.problem)),
    ...fileProblems(file, tenantsOf(file), now),
  ];
}

/** Leaves out what is said of a value that could not be read in the first place, for example for want of a variable. */
function withoutEchoes(problems: readonly ConfigProblem[], files: readonly ConfigFile[]): ConfigProblem[] {
  const causes = new Set(files.flatMap((file) => file.problems));
  const placeOf = ({ where, key }: ConfigProblem) => `${where} ${key}`;
  const places = new Set([...causes].map(placeOf));
  return problems.filter((problem) => causes.has(problem) || !places.has(placeOf(problem)));
}

function inReadingOrder(problems: readonly ConfigProblem[]): ConfigProblem[] {
  const { compare } = new Intl.Collator('en', { numeric: true });
  return problems.toSorted((a, b) => compare(a.where, b.where));
}

function resolveConfig(
  files: readonly ConfigFile[],
  written: readonly WrittenTenant[],
  assignment: Assignment,
  folder: string,
): Config {
  const tenants = written.map((tenant, index) =>
    resolveTenant(tenant, folder, assignment.keysOfTenants[index] ?? []),
  );
  const usedKeys = new Set(tenants.flatMap((tenant) => tenant.destinations));
  const destinations = resolveDestinations(assignment.written, usedKeys, folder);
  const unused = assignment.written.filter(({ key }) => !usedKeys.has(key));
  const network = resolveNetwork(files);
  return {
    network,
    tenants,
    destinations,
    hash: hashConfig({ network, tenants, destinations }),
    warnings: [
      ...files.flatMap((file) => contentTypeWarnings(file, tenantsOf(file))),
      ...unused.map(
        ({ name, file, path }) => `${file.where(path)} destination ${name} is named by no tenant`,
      ),
    ],
  };
}
