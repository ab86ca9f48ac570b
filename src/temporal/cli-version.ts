import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** The version that is downloaded or built; `tools/temporal-cli/go.mod` requires the same. */
export const temporalCliVersion = '1.8.2';

/** Server of CLI 1.5.1, the oldest with updates, priority and fairness, and operations on activities. */
const oldestServer = [1, 29, 1];

/** On macOS the first run of a new binary of this size is scanned, which takes seconds. */
const answerTimeoutMs = 30_000;

/**
 * Runs `<path> --version`.
 *
 * @throws an Error whose message says in words why this is no Temporal CLI that the service can use.
 */
export async function assertUsableCli(path: string, signal?: AbortSignal): Promise<void> {
  const answer = await askVersion(path, signal);
  const server = /^temporal version .*\(Server (\d+)\.(\d+)\.(\d+)/m.exec(answer);
  if (!server) throw new Error(`${path} does not answer --version as the Temporal CLI does`);
  if (!isAtLeast(server.slice(1).map(Number), oldestServer)) {
    throw new Error(`${path} is too old: it holds server ${server[0].split('Server ')[1]}, needed is 1.29.1`);
  }
}

/** Compares version numbers part by part; a missing part counts as 0. */
export function isAtLeast(version: readonly number[], needed: readonly number[]): boolean {
  for (const [index, part] of needed.entries()) {
    const difference = (version[index] ?? 0) - part;
    if (difference !== 0) return difference > 0;
  }
  return true;
}

async function askVersion(path: string, signal: AbortSignal | undefined): Promise<string> {
  try {
    return (await run(path, ['--version'], { timeout: answerTimeoutMs, signal })).stdout;
  } catch (error) {
    signal?.throwIfAborted();
    throw new Error(`${path} ${whyItDidNotRun(error as NodeJS.ErrnoException)}`, { cause: error });
  }
}

const reasons: Readonly<Record<string, string>> = {
  ENOENT: 'does not exist',
  EACCES: 'is not executable',
  ENOEXEC: 'is not a program for this system',
};

function whyItDidNotRun({ code }: NodeJS.ErrnoException): string {
  return reasons[code ?? ''] ?? `does not answer --version (${code ?? 'no answer in time'})`;
}
