import { copyFile, readFile, stat, statfs } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { isAtLeast, temporalCliVersion } from './cli-version.ts';
import { type OnProgress, withProgress } from './progress.ts';
import { runTool } from './run-tool.ts';

/** The module that names the CLI; two folders up is the package, from `src/temporal` and `dist/temporal` alike. */
const moduleFolder = fileURLToPath(new URL('../../tools/temporal-cli', import.meta.url));

/** Measured with empty caches, rounded up. */
const buildCacheBytes = 2.4e9;
const moduleCacheBytes = 1.8e9;

export interface BuildOptions {
  /** The binary is put here. Also holds the copy of the module, since the package's own folder may be read-only. */
  readonly folder: string;
  readonly environment: NodeJS.ProcessEnv;
  readonly onProgress: OnProgress;
  readonly signal?: AbortSignal | undefined;
}

/** Builds the Temporal CLI, server and UI included, with the Go toolchain: 5 to 15 minutes the first time. */
export async function buildTemporalCli(options: BuildOptions): Promise<string> {
  await Promise.all(
    ['go.mod', 'go.sum'].map((name) => copyFile(join(moduleFolder, name), join(options.folder, name))),
  );
  await assertNewEnoughGo(options);
  await assertRoomForBuild(options);
  const binary = join(options.folder, 'temporal');
  let downloaded = 0;
  let compiled = 0;
  await withProgress(
    {
      onProgress: options.onProgress,
      title: `Building the Temporal CLI ${temporalCliVersion} with Go (once, 5 to 15 minutes)`,
      detail: () => `${downloaded} modules downloaded, ${compiled} packages compiled`,
    },
    () =>
      go(options, buildArgs(binary), (line) => {
        if (line.startsWith('go: downloading ')) downloaded += 1;
        else compiled += 1;
      }),
  );
  return binary;
}

function buildArgs(binary: string): string[] {
  const version = `github.com/temporalio/cli/internal/temporalcli.Version=${temporalCliVersion}`;
  const ldflags = `-s -w -X ${version}`;
  return [
    'build',
    '-v',
    '-trimpath',
    '-ldflags',
    ldflags,
    '-o',
    binary,
    'github.com/temporalio/cli/cmd/temporal',
  ];
}

/** Go 1.21 and later fetch a newer toolchain by themselves when GOTOOLCHAIN lets them and the network does. */
async function assertNewEnoughGo(options: BuildOptions): Promise<void> {
  const needed = /^go (\S+)$/m.exec(await readFile(join(options.folder, 'go.mod'), 'utf8'))![1]!;
  let found: string;
  try {
    found = await goVersion(options);
  } catch (error) {
    options.signal?.throwIfAborted();
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') {
      throw new Error(`there is no go on the PATH; Go ${needed} or newer is needed`, { cause: error });
    }
    found = await goVersion({ ...options, environment: { ...options.environment, GOTOOLCHAIN: 'local' } });
  }
  if (isAtLeast(found.split('.').map(Number), needed.split('.').map(Number))) return;
  throw new Error(
    `Go ${needed} or newer is needed, found is ${found} (and it cannot fetch a newer one itself)`,
  );
}

async function goVersion(options: BuildOptions): Promise<string> {
  const answer = await go(options, ['version']);
  const version = /\bgo(\d+(?:\.\d+)*)/.exec(answer)?.[1];
  if (!version) throw new Error('`go version` does not answer as Go does');
  return version;
}

async function assertRoomForBuild(options: BuildOptions): Promise<void> {
  const caches = await go(options, ['env', 'GOCACHE', 'GOMODCACHE']);
  const [buildCache, moduleCache] = caches.split('\n');
  const needs = [
    { variable: 'GOCACHE', folder: buildCache || tmpdir(), bytes: buildCacheBytes },
    { variable: 'GOMODCACHE', folder: moduleCache || tmpdir(), bytes: moduleCacheBytes },
  ];
  const neededByDevice = new Map<number, number>();
  for (const { variable, folder, bytes } of needs) {
    const existing = await nearestExisting(folder);
    const { dev } = await stat(existing);
    const needed = (neededByDevice.get(dev) ?? 0) + bytes;
    neededByDevice.set(dev, needed);
    const { bavail, bsize } = await statfs(existing);
    if (bavail * bsize < needed) {
      throw new Error(
        `the build needs about ${gigabytes(needed)} free for ${folder}, free are ${gigabytes(bavail * bsize)}; ` +
          `make room or let ${variable} name a folder that has it`,
      );
    }
  }
}

async function nearestExisting(folder: string): Promise<string> {
  try {
    await stat(folder);
    return folder;
  } catch {
    return dirname(folder) === folder ? folder : nearestExisting(dirname(folder));
  }
}

function gigabytes(bytes: number): string {
  return `${(bytes / 1e9).toFixed(1)} GB`;
}

function go(
  { folder, environment, signal }: BuildOptions,
  args: string[],
  onLine?: (line: string) => void,
): Promise<string> {
  return runTool({
    command: 'go',
    args,
    cwd: folder,
    environment: { ...environment, CGO_ENABLED: '0', GOWORK: 'off' },
    ...(onLine && { onLine }),
    signal,
  });
}
