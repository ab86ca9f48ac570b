import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { constants } from 'node:os';
import { type FindOptions, findTemporalCli } from './cli-binary.ts';
import { withRunningServer } from './running-server.ts';

export interface TemporalCommandOptions extends FindOptions {
  /** What the user wrote after `office365-ingest temporal`. */
  readonly args: readonly string[];
}

const passedOn = ['SIGTERM', 'SIGHUP', 'SIGINT', 'SIGQUIT'] as const;

/** Arguments by which the user says which server is meant. */
const namesServer = /^--(address|profile|config-file|env)(=|$)/;

/**
 * Runs the Temporal CLI with the terminal as it is, against the server that `up` or `demo` runs if the user names no
 * other.
 *
 * @returns its exit status; 128 and the number of the signal when one ended it.
 */
export async function temporalCommand(options: TemporalCommandOptions): Promise<number> {
  const { path } = await findTemporalCli(options);
  const environment = options.args.some((argument) => namesServer.test(argument))
    ? options.environment
    : await withRunningServer(options.environment);
  // Before the CLI runs: a signal in between would end us and leave it behind.
  let child: ChildProcess | undefined;
  const stopPassing = passSignalsOn((signal) => child?.kill(signal));
  try {
    child = spawn(path, options.args, { env: environment, stdio: 'inherit' });
    const [status, signal] = (await once(child, 'exit')) as [number | null, NodeJS.Signals | null];
    return status ?? 128 + constants.signals[signal!];
  } finally {
    stopPassing();
  }
}

function passSignalsOn(pass: (signal: NodeJS.Signals) => void): () => void {
  const handle = (signal: NodeJS.Signals) => {
    // The terminal gives Ctrl-C and Ctrl-\ to its whole foreground group, the child included.
    const isFromTerminal = process.stdin.isTTY && (signal === 'SIGINT' || signal === 'SIGQUIT');
    if (!isFromTerminal) pass(signal);
  };
  for (const signal of passedOn) process.on(signal, handle);
  return () => passedOn.forEach((signal) => process.off(signal, handle));
}
