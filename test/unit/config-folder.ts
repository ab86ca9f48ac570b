import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { onTestFinished } from 'vitest';
import type { Config } from '../../src/config/config.ts';
import { loadConfig } from '../../src/config/load.ts';
import { ConfigError } from '../../src/errors.ts';
import type { ConfigProblem } from '../../src/errors.ts';

export const contoso = '00000000-0000-0000-0000-00000000000a';
export const fabrikam = '00000000-0000-0000-0000-00000000000b';
export const application = '00000000-0000-0000-0000-00000000000c';
export const now = new Date('2026-11-22T12:00:00Z');

/** A temporary folder with these files in it, removed with the test. */
export async function aFolder(files: Record<string, string>): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'config-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  for (const [name, text] of Object.entries(files)) {
    await mkdir(dirname(join(folder, name)), { recursive: true });
    await writeFile(join(folder, name), text);
  }
  return folder;
}

/** Loads `office365-ingest.yaml` with this text. */
export async function load(yaml: string, environment: NodeJS.ProcessEnv = {}): Promise<Config> {
  const workingFolder = await aFolder({ 'office365-ingest.yaml': yaml });
  return loadConfig({ environment, workingFolder, now });
}

/** What `load` finds wrong, each as `line key: problem`. */
export async function problemsIn(yaml: string, environment: NodeJS.ProcessEnv = {}): Promise<string[]> {
  return (await problemsOf(load(yaml, environment))).map(
    ({ where, key, problem }) => `${where.replace(/^office365-ingest\.yaml:?/, '')} ${key}: ${problem}`,
  );
}

export async function problemsOf(loading: Promise<Config>): Promise<readonly ConfigProblem[]> {
  const error: unknown = await loading.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (error instanceof ConfigError) return error.problems;
  throw new Error('Loading was to fail with a ConfigError', { cause: error });
}

/** A complete tenant in the short form, of four lines, with more keys below it. */
export function shortForm(...lines: string[]): string {
  return [
    `tenant_id: ${contoso}`,
    `client_id: ${application}`,
    'client_secret: squirrel',
    'subscriptions: [Audit.General]',
    ...lines,
  ].join('\n');
}

/** Two complete tenants on lines 4 to 7; more keys from line 8 on. */
export function twoTenants(...lines: string[]): string {
  return [
    `client_id: ${application}`,
    'subscriptions: [Audit.General]',
    'tenants:',
    `  - tenant_id: ${contoso}`,
    '    client_secret: squirrel',
    `  - tenant_id: ${fabrikam}`,
    '    client_secret: hazelnut',
    ...lines,
  ].join('\n');
}
