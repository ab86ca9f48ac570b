import { access, constants } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { ConfigError } from '../errors.ts';
import { buildTemporalCli } from './build.ts';
import { cachedCliPath, installCli } from './cli-cache.ts';
import { assertUsableCli } from './cli-version.ts';
import { downloadTemporalCli } from './download.ts';
import type { OnProgress } from './progress.ts';

export interface FindOptions {
  readonly environment: NodeJS.ProcessEnv;
  readonly onProgress: OnProgress;
  readonly signal?: AbortSignal | undefined;
}

export interface TemporalCli {
  readonly path: string;
  readonly source: 'TEMPORAL_CLI_PATH' | 'PATH' | 'cache' | 'download' | 'build';
}

/** None of the five ways to a Temporal CLI works; the message lists each with its reason, and what to install. */
export class TemporalCliNotFoundError extends Error {
  override readonly name = 'TemporalCliNotFoundError';
}

/** How a binary that is not there yet can be had: makes it in the folder given and returns its path. */
type MakeCli = (options: FindOptions & { readonly folder: string }) => Promise<string>;

const defaultWays: Record<'download' | 'build', MakeCli> = {
  download: downloadTemporalCli,
  build: buildTemporalCli,
};

/**
 * Finds the Temporal CLI, which holds the dev server and the UI: the path that TEMPORAL_CLI_PATH gives, `temporal` on
 * the PATH, the one in the cache, else it is downloaded or built by Go, and cached. Building takes minutes.
 *
 * @throws ConfigError when TEMPORAL_CLI_PATH is given but cannot be used, TemporalCliNotFoundError when no way works.
 */
export async function findTemporalCli(options: FindOptions, ways = defaultWays): Promise<TemporalCli> {
  const { environment, signal } = options;
  const given = environment['TEMPORAL_CLI_PATH'];
  if (given) return { path: await checkGivenPath(given, signal), source: 'TEMPORAL_CLI_PATH' };

  const cachedPath = cachedCliPath(environment);
  const make = async (way: MakeCli) => {
    await installCli(cachedPath, (folder) => way({ ...options, folder }), signal);
    return cachedPath;
  };
  const order: [TemporalCli['source'], () => Promise<string>][] = [
    ['PATH', () => findOnPath(environment['PATH'] ?? '', signal)],
    ['cache', () => usable(cachedPath, signal)],
    ['download', () => make(ways.download)],
    ['build', () => make(ways.build)],
  ];
  const failures: string[] = ['TEMPORAL_CLI_PATH: not set'];
  for (const [source, find] of order) {
    try {
      return { path: await find(), source };
    } catch (error) {
      signal?.throwIfAborted();
      failures.push(`${source}: ${(error as Error).message}`);
    }
  }
  throw new TemporalCliNotFoundError(
    [
      'There is no Temporal CLI to run a server with. Tried:',
      ...failures.map((failure) => `  ${failure.replaceAll('\n', '\n    ')}`),
      'Install it (https://docs.temporal.io/cli) so that `temporal` is on the PATH, or give its path in ' +
        'TEMPORAL_CLI_PATH, or install Go (https://go.dev/dl/), with which it is then built.',
    ].join('\n'),
  );
}

async function checkGivenPath(path: string, signal: AbortSignal | undefined): Promise<string> {
  try {
    return await usable(path, signal);
  } catch (error) {
    signal?.throwIfAborted();
    const problem = `cannot be used: ${(error as Error).message}; correct or unset it`;
    throw new ConfigError([{ where: 'TEMPORAL_CLI_PATH', key: '', problem }]);
  }
}

async function findOnPath(searchPath: string, signal: AbortSignal | undefined): Promise<string> {
  for (const folder of searchPath.split(delimiter).filter(Boolean)) {
    const path = join(folder, 'temporal');
    if (await isExecutable(path)) return usable(path, signal);
  }
  throw new Error('no temporal in any of its folders');
}

async function usable(path: string, signal: AbortSignal | undefined): Promise<string> {
  await assertUsableCli(path, signal);
  return path;
}

async function isExecutable(path: string): Promise<boolean> {
  try {
    await access(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
