import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

/** What users run. */
export const programPath = fileURLToPath(new URL('../../../bin/office365-ingest', import.meta.url));

/** A program that runs until somebody ends it. */
export interface Program {
  readonly pid: number;
  /** What it wrote so far, to both streams. */
  output(): string;
  kill(signal: NodeJS.Signals): void;
  isRunning(): boolean;
  /** Its exit status, or the signal that ended it. */
  readonly exited: Promise<number | NodeJS.Signals>;
}

export interface RunOptions {
  readonly environment: NodeJS.ProcessEnv;
  readonly workingFolder: string;
}

/** Starts `office365-ingest` with these arguments. */
export function startProgram(args: readonly string[], { environment, workingFolder }: RunOptions): Program {
  const child = spawn(programPath, args, {
    env: environment,
    cwd: workingFolder,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text: string) => (output += text));
  return {
    pid: child.pid!,
    output: () => output,
    kill: (signal) => void child.kill(signal),
    isRunning: () => isRunning(child),
    // `close` comes after the last output, `exit` may come before it.
    exited: once(child, 'close').then(
      ([status, signal]: (number | NodeJS.Signals | null)[]) => (status ?? signal) as number | NodeJS.Signals,
    ),
  };
}

/** Kills a program that still runs, and waits until it is gone. */
export async function killProgram(program: Program): Promise<void> {
  if (program.isRunning()) program.kill('SIGKILL');
  await program.exited;
}

export interface Finished {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a file to its end, whatever its exit status. */
export function runToEnd(
  file: string,
  args: readonly string[],
  { environment, workingFolder }: RunOptions,
): Promise<Finished> {
  const options = { env: environment, cwd: workingFolder, maxBuffer: 256 * 1024 * 1024 };
  return new Promise((resolve, reject) => {
    execFile(file, args, options, (error, stdout, stderr) => {
      if (error === null) resolve({ status: 0, stdout, stderr });
      else if (typeof error.code === 'number') resolve({ status: error.code, stdout, stderr });
      else reject(error);
    });
  });
}

/** The command lines of all processes of this machine that contain the text. */
export async function processesWith(text: string): Promise<readonly string[]> {
  const { stdout } = await runToEnd('ps', ['-A', '-ww', '-o', 'pid=,args='], {
    environment: process.env,
    workingFolder: process.cwd(),
  });
  return stdout.split('\n').filter((line) => line.includes(text));
}

function isRunning(child: ChildProcess): boolean {
  return child.exitCode === null && child.signalCode === null;
}
