import { readdir, stat } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { ConfigError } from '../errors.ts';
import { reasonOf } from './reason-of.ts';

export interface ConfigLocation {
  /** As the person named it, for messages. */
  readonly name: string;
  /** Where relative paths in the configuration start; absolute. */
  readonly folder: string;
  readonly files: readonly { readonly name: string; readonly path: string }[];
}

/**
 * Finds the configuration: `path`, else `OFFICE365_INGEST_CONFIG`, else `office365-ingest.yaml`, relative to the working
 * folder. Of a folder, all `.yaml` and `.yml` in it, by name, but hidden ones. Throws `ConfigError`.
 */
export async function locateConfig(
  path: string | undefined,
  environment: NodeJS.ProcessEnv,
  workingFolder: string,
): Promise<ConfigLocation> {
  const name = path || environment.OFFICE365_INGEST_CONFIG || 'office365-ingest.yaml';
  const absolute = resolve(workingFolder, name);
  try {
    if (!(await stat(absolute)).isDirectory()) {
      return { name, folder: dirname(absolute), files: [{ name, path: absolute }] };
    }
    const names = (await readdir(absolute)).filter((entry) => /^[^.].*\.ya?ml$/.test(entry)).toSorted();
    const files = names.map((entry) => ({ name: join(name, entry), path: join(absolute, entry) }));
    if (files.length > 0) return { name, folder: absolute, files };
  } catch (cause) {
    const remedy = 'or name another by --config or OFFICE365_INGEST_CONFIG';
    throw new ConfigError([
      { where: name, key: '', problem: `cannot be read: ${reasonOf(cause)}, ${remedy}` },
    ]);
  }
  throw new ConfigError([
    { where: name, key: '', problem: 'is a folder without .yaml files; put at least one into it' },
  ]);
}
