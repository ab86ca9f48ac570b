import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';

export interface ToolRun {
  readonly command: string;
  readonly args: readonly string[];
  readonly cwd: string;
  readonly environment: NodeJS.ProcessEnv;
  /** Each line of what the tool writes to its standard error. */
  readonly onLine?: (line: string) => void;
  readonly signal?: AbortSignal | undefined;
}

const linesInError = 5;

/**
 * Runs a tool to its end. It stays in our process group, so that Ctrl-C reaches it, too.
 *
 * @returns what it wrote to its standard output.
 * @throws an Error with the last lines of its standard error; the signal's reason when aborted.
 */
export async function runTool({ command, args, cwd, environment, onLine, signal }: ToolRun): Promise<string> {
  signal?.throwIfAborted();
  const child = spawn(command, args, { cwd, env: environment, stdio: ['ignore', 'pipe', 'pipe'] });
  const interrupt = () => child.kill('SIGINT');
  signal?.addEventListener('abort', interrupt);
  const output: string[] = [];
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => output.push(chunk));
  const lastLines: string[] = [];
  createInterface({ input: child.stderr }).on('line', (line) => {
    onLine?.(line);
    lastLines.push(withoutPassword(line));
    if (lastLines.length > linesInError) lastLines.shift();
  });
  try {
    const [status, killedBy] = (await once(child, 'close')) as [number | null, string | null];
    signal?.throwIfAborted();
    if (status !== 0)
      throw new Error([`${command} ended with ${status ?? killedBy}`, ...lastLines].join('\n'));
    return output.join('');
  } finally {
    signal?.removeEventListener('abort', interrupt);
  }
}

/** A proxy's address may carry one. */
function withoutPassword(line: string): string {
  return line.replace(/\/\/[^/@\s]+@/g, '//[secret]@');
}
