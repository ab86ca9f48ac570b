import path from 'node:path';
import { Option } from 'commander';
import type { Config, TenantConfig } from '../config/config.ts';
import { loadConfig } from '../config/load.ts';
import { defaultTaskQueue } from '../domain/ids.ts';
import { canonicalContentType } from '../domain/content-type.ts';
import { InputError } from '../errors.ts';
import { temporalSettings, type TemporalSettings } from '../temporal/connection.ts';
import { withRunningServer } from '../temporal/running-server.ts';

/** Options that mean the same in every command. */

export const configOption = () =>
  new Option('--config <path>', 'configuration: a YAML file or a folder of them').env(
    'OFFICE365_INGEST_CONFIG',
  );

export const jsonOption = () => new Option('--json', 'print one JSON document and nothing else');

export const taskQueueOption = () =>
  new Option('--task-queue <name>', 'task queue of workflows and batches').default(defaultTaskQueue);

export const tenantOption = () =>
  new Option('--tenant <id or name>', 'only this tenant (repeatable)').argParser(append).default([], 'all');

export const contentTypeOption = () =>
  new Option('--content-type <type>', 'only this content type (repeatable)')
    .argParser(append)
    .default([], 'all');

export const maxCachedWorkflowsOption = () =>
  new Option(
    '--max-cached-workflows <number>',
    'workflows kept in memory between their tasks, some 0.25 MB each',
  )
    .argParser(wholeNumber)
    .default(1_000);

export interface Selection {
  readonly tenant: readonly string[];
  readonly contentType: readonly string[];
}

export interface Subscription {
  readonly tenant: TenantConfig;
  readonly contentType: string;
}

/** Loads the configuration and prints its warnings. @throws ConfigError */
export async function readConfig(options: { readonly config?: string }): Promise<Config> {
  const config = await loadConfig({
    path: options.config,
    environment: process.env,
    workingFolder: process.cwd(),
  });
  for (const warning of config.warnings) process.stderr.write(`Warning: ${warning}\n`);
  return config;
}

/** The subscriptions that the configuration and the selection name. @throws InputError for a tenant that is not there */
export function selectSubscriptions(
  config: Config,
  { tenant, contentType }: Selection,
): readonly Subscription[] {
  for (const wanted of tenant) {
    if (config.tenants.some((candidate) => isNamed(candidate, wanted))) continue;
    const names = config.tenants.map(({ tenantId, name }) => name ?? tenantId).join(', ');
    throw new InputError('--tenant', `${wanted} is not in the configuration; it names ${names}`);
  }
  const types = contentType.map(canonicalContentType);
  return config.tenants
    .filter((candidate) => tenant.length === 0 || tenant.some((wanted) => isNamed(candidate, wanted)))
    .flatMap((candidate) =>
      candidate.subscriptions
        .filter((type) => types.length === 0 || types.includes(type))
        .map((type) => ({ tenant: candidate, contentType: type })),
    );
}

/** The server that is configured, else the one that `up` or `demo` runs, else the default address. */
export async function findTemporal(): Promise<TemporalSettings> {
  return temporalSettings(await withRunningServer(process.env));
}

/** Where `up` keeps the database and the log of its server. */
export function stateFolder(): string {
  const home = process.env['HOME'] ?? process.cwd();
  return path.join(process.env['XDG_STATE_HOME'] || path.join(home, '.local', 'state'), 'office365-ingest');
}

function isNamed({ tenantId, name }: TenantConfig, wanted: string): boolean {
  return tenantId === wanted.toLowerCase() || name === wanted;
}

function append(value: string, previous: readonly string[]): readonly string[] {
  return [...previous, value];
}

/** For options that count something. @throws InputError */
export function wholeNumber(text: string): number {
  if (!/^\d+$/.test(text)) throw new InputError(text, 'must be a whole number');
  return Number(text);
}
