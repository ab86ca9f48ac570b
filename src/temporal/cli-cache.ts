import { chmod, mkdir, mkdtemp, rename, rm } from 'node:fs/promises';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { assertUsableCli, temporalCliVersion } from './cli-version.ts';

/** Where a Temporal CLI lies that was downloaded or built. */
export function cachedCliPath(environment: NodeJS.ProcessEnv): string {
  const cacheFolder = environment['XDG_CACHE_HOME'] || join(environment['HOME'] || homedir(), '.cache');
  return join(cacheFolder, 'office365-ingest', 'temporal-cli', temporalCliVersion, 'temporal');
}

/**
 * Lets `make` put a binary into a new folder beside `cachedPath`, tries it, and moves it there in one step: whoever
 * looks meanwhile sees either nothing or a whole binary, and of two processes at once the later one replaces equal
 * by equal.
 *
 * @param make returns the path of the binary it made; its folder is removed afterwards in any case.
 */
export async function installCli(
  cachedPath: string,
  make: (folder: string) => Promise<string>,
  signal?: AbortSignal,
): Promise<void> {
  await mkdir(dirname(cachedPath), { recursive: true });
  const folder = await mkdtemp(join(dirname(cachedPath), '.new-'));
  try {
    const binary = await make(folder);
    await chmod(binary, 0o755);
    await assertUsableCli(binary, signal);
    await rename(binary, cachedPath);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
