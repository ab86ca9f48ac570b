import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { openSync, closeSync } from 'node:fs';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Client } from '@temporalio/client';
import { findTemporalCli } from '../../temporal/cli-binary.ts';
import { connectClient } from '../../temporal/connection.ts';
import { startDevServer, type DevServer } from '../../temporal/dev-server.ts';
import { SimulatorControl } from './simulator-control.ts';

/** Everything the demo plays with: a server, a simulator and a worker, each a process of its own, and a folder for the files. */
export interface Stage {
  readonly folder: string;
  readonly configPath: string;
  readonly eventsPath: string;
  readonly cliPath: string;
  readonly server: DevServer;
  readonly client: Client;
  readonly simulator: SimulatorControl;
  /** For the commands that the demo runs. */
  readonly environment: NodeJS.ProcessEnv;
  startWorker(): ChildProcess;
  close(): Promise<void>;
}

export interface StageOptions {
  /** Where the files go; default a new folder in the temporary one. */
  readonly folder: string | undefined;
  readonly simulatorArgs: readonly string[];
  readonly onProgress: (line: string) => void;
  readonly signal: AbortSignal;
}

export async function setStage(options: StageOptions): Promise<Stage> {
  const { path: cliPath } = await findTemporalCli({ ...options, environment: process.env });
  const folder = options.folder ?? (await mkdtemp(path.join(tmpdir(), 'office365-ingest-demo-')));
  const eventsPath = path.join(folder, 'events');
  await rm(eventsPath, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  const configPath = path.join(folder, 'office365-ingest.yaml');
  const closing: (() => Promise<unknown>)[] = [];
  const close = async () => {
    for (const end of closing.splice(0).toReversed()) await end();
  };
  try {
    const databaseFolder = await mkdtemp(path.join(folder, 'temporal-'));
    closing.push(() => rm(databaseFolder, { recursive: true }));
    const server = await startDevServer({
      cliPath,
      databasePath: path.join(databaseFolder, 'temporal.db'),
      logPath: path.join(folder, 'temporal-server.log'),
      signal: options.signal,
    });
    closing.push(() => server.stop());
    const { client, environment } = await connect(server);
    closing.push(() => client.connection.close());
    const program = (args: readonly string[], log: string) => {
      const child = startProgram(args, path.join(folder, log), environment);
      closing.push(() => end(child, 'SIGTERM'));
      return child;
    };
    const args = ['simulator', '--port', '0', '--write-config', configPath, ...options.simulatorArgs];
    const simulator = new SimulatorControl(await firstLine(program(args, 'simulator.log')));
    const startWorker = () => program(['worker', '--config', configPath], 'worker.log');
    return {
      folder,
      configPath,
      eventsPath,
      cliPath,
      server,
      client,
      simulator,
      environment,
      startWorker,
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

async function connect(server: DevServer): Promise<{ client: Client; environment: NodeJS.ProcessEnv }> {
  const { address, namespace } = server;
  const client = await connectClient({ connectionOptions: { address }, namespace });
  const { TEMPORAL_ADDRESS: _, TEMPORAL_PROFILE: __, TEMPORAL_CONFIG_FILE: ___, ...rest } = process.env;
  return { client, environment: { ...rest, TEMPORAL_ADDRESS: address, TEMPORAL_NAMESPACE: namespace } };
}

/** Starts this program once more, with another command. It ends with us, as the channel between us closes. */
function startProgram(
  args: readonly string[],
  logPath: string,
  environment: NodeJS.ProcessEnv,
): ChildProcess {
  const log = openSync(logPath, 'a');
  const command = [...process.execArgv, process.argv[1]!, ...args];
  const child = spawn(process.execPath, command, {
    env: environment,
    stdio: ['ignore', 'pipe', log, 'ipc'],
    detached: true,
  });
  closeSync(log);
  return child;
}

async function firstLine(child: ChildProcess): Promise<string> {
  let text = '';
  const exited = once(child, 'exit').then(([status]) => {
    throw new Error(`a part of the demo ended with status ${status} before it was ready`);
  });
  const line = (async () => {
    for await (const chunk of child.stdout!) {
      text += String(chunk);
      if (text.includes('\n')) return text.split('\n')[0]!;
    }
    return exited;
  })();
  exited.catch(() => undefined);
  return Promise.race([line, exited]);
}

/** Ends a process and waits until it is gone. */
export async function end(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, 'exit');
  child.kill(signal);
  await exited;
}
