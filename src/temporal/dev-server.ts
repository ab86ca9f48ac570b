import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, open } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import { Connection } from '@temporalio/client';
import { chooseFreePort } from './free-port.ts';
import { LogTail } from './log-tail.ts';
import {
  missingSearchAttributes,
  registerSearchAttributes,
  searchAttributeTypes,
} from './search-attributes.ts';

const host = '127.0.0.1';
const namespace = 'default';
const defaultPort = 7233;

/** The server is up within 1 s on an idle machine. */
const startTimeoutMs = 60_000;
const stopTimeoutMs = 5_000;
const startAttempts = 3;

export interface DevServerOptions {
  readonly cliPath: string;
  /** SQLite file, made with its folder if it does not exist; without it everything is gone when the server stops. */
  readonly databasePath?: string | undefined;
  /** Wanted port (default 7233, 0 for any); a free one is taken instead if another program listens on it. */
  readonly port?: number | undefined;
  /** Wanted port of the UI (default: 1000 above the server's), likewise. */
  readonly uiPort?: number | undefined;
  /** Without UI. */
  readonly headless?: boolean | undefined;
  /** The server's output is appended here. */
  readonly logPath: string;
  /** Ends the start; a server that has started is ended by `stop` alone. */
  readonly signal?: AbortSignal | undefined;
}

export interface DevServer {
  /** `127.0.0.1:<port>` */
  readonly address: string;
  readonly namespace: string;
  /** Undefined when headless. */
  readonly uiUrl: string | undefined;
  readonly pid: number;
  /** As given, absolute. */
  readonly databasePath: string | undefined;
  /** Resolves when the server's process is gone, whatever the reason. */
  readonly exited: Promise<void>;
  /** Asks the server to end, kills it if it does not within 5 s, and resolves when it is gone. */
  stop(): Promise<void>;
}

/**
 * Starts a Temporal dev server on loopback and resolves when it serves the default namespace with the service's
 * search attributes. It does not outlive this process, however that ends; Ctrl-C in the terminal does not reach it.
 *
 * @throws an Error with the end of the server's log when it does not come up.
 */
export async function startDevServer(options: DevServerOptions): Promise<DevServer> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await startOnce(options);
    } catch (error) {
      options.signal?.throwIfAborted();
      // Between choosing a port and listening on it another program can take it.
      const wasPortTaken = (error as Error).message.includes('address already in use');
      if (!wasPortTaken || attempt === startAttempts) throw error;
    }
  }
}

async function startOnce(options: DevServerOptions): Promise<DevServer> {
  const { signal } = options;
  const port = await chooseFreePort(host, options.port ?? defaultPort);
  const uiPort = options.headless ? undefined : await chooseFreePort(host, options.uiPort ?? port + 1000);
  const args = await serverArgs(options, port, uiPort);
  const { child, exited, log } = await launch(options, args);
  const stop = () => stopProcess(child, exited);
  const address = `${host}:${port}`;
  try {
    await waitUntilReady({ child, log, address, signal });
  } catch (error) {
    await stop();
    throw error;
  }
  const uiUrl = uiPort === undefined ? undefined : `http://${host}:${uiPort}`;
  const databasePath = options.databasePath && resolve(options.databasePath);
  return { address, namespace, uiUrl, pid: child.pid!, databasePath, exited, stop };
}

async function serverArgs(options: DevServerOptions, port: number, uiPort: number | undefined) {
  const args = ['server', 'start-dev', '--ip', host, '--port', String(port)];
  if (uiPort === undefined) args.push('--headless');
  else args.push('--ui-port', String(uiPort));
  if (uiPort !== undefined && (await knowsNewsFlag(options))) args.push('--ui-disable-news-fetch');
  if (options.databasePath !== undefined) {
    await mkdir(dirname(options.databasePath), { recursive: true });
    // Without these the dev server does a fifth of the work: it waits for the disk at each step.
    args.push('--db-filename', options.databasePath);
    args.push('--sqlite-pragma', 'journal_mode=WAL', '--sqlite-pragma', 'synchronous=NORMAL');
  }
  for (const [name, type] of Object.entries(searchAttributeTypes))
    args.push('--search-attribute', `${name}=${type}`);
  const dynamicConfig = {
    'matching.useNewMatcher': true,
    'matching.enableFairness': true,
    // Else the server asks its maker once a day whether there is a newer one.
    'frontend.enableServerVersionCheck': false,
  };
  for (const [key, value] of Object.entries(dynamicConfig))
    args.push('--dynamic-config-value', `${key}=${value}`);
  return args;
}

/** CLI 1.5 does not know it, and refuses a flag it does not know. */
async function knowsNewsFlag({ cliPath, signal }: DevServerOptions): Promise<boolean> {
  const { stdout } = await promisify(execFile)(cliPath, ['server', 'start-dev', '--help'], { signal });
  return stdout.includes('--ui-disable-news-fetch');
}

/**
 * Becomes the server by `exec`, after leaving a watchdog behind that reads a pipe from us: a line means that the
 * server is gone, the end of the pipe that we are, and then the watchdog ends the server. `$$` is the server's pid.
 */
const guardedStart = `
  exec 3<&0 </dev/null
  ( if ! read -r _ <&3; then
      kill -TERM $$
      for _ in 1 2 3 4 5; do kill -0 $$ || exit; sleep 1; done
      kill -KILL $$
    fi ) >/dev/null 2>&1 &
  exec "$@" 3<&-
`;

async function launch(options: DevServerOptions, args: readonly string[]) {
  await mkdir(dirname(options.logPath), { recursive: true });
  const log = await LogTail.atEndOf(options.logPath);
  const output = await open(options.logPath, 'a');
  try {
    const child = spawn('/bin/sh', ['-c', guardedStart, 'sh', options.cliPath, ...args], {
      stdio: ['pipe', output.fd, output.fd],
      // A process group of its own, so that Ctrl-C leaves the server to us until the workers have shut down.
      detached: true,
    });
    // The watchdog may be gone already when it is told that the server is.
    child.stdin!.on('error', () => undefined);
    const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()));
    void exited.then(() => child.stdin!.end('\n'));
    await once(child, 'spawn');
    return { child, exited, log };
  } finally {
    await output.close();
  }
}

async function stopProcess(child: ChildProcess, exited: Promise<void>): Promise<void> {
  child.kill('SIGTERM');
  const timer = setTimeout(() => child.kill('SIGKILL'), stopTimeoutMs);
  await exited;
  clearTimeout(timer);
}

interface Starting {
  readonly child: ChildProcess;
  readonly log: LogTail;
  readonly address: string;
  readonly signal: AbortSignal | undefined;
}

async function waitUntilReady(starting: Starting): Promise<void> {
  const { child, log, address, signal } = starting;
  const deadline = Date.now() + startTimeoutMs;
  const port = address.split(':')[1];
  // Another program's server may answer on the port; only ours says in our log that it listens.
  const listens = new RegExp(`Server:\\s+\\S+:${port}\\b`);
  while (!listens.test(await log.read())) {
    signal?.throwIfAborted();
    const hasEnded = child.exitCode !== null || child.signalCode !== null;
    if (hasEnded) throw new Error(`The Temporal dev server ended while starting:\n${await log.lastLines()}`);
    if (Date.now() > deadline) {
      throw new Error(`The Temporal dev server did not come up within 60 s:\n${await log.lastLines()}`);
    }
    await delay(50, undefined, { signal });
  }
  await ensureSearchAttributes(address);
}

/** A database file of an earlier start keeps the attributes that it was made with. */
async function ensureSearchAttributes(address: string): Promise<void> {
  const connection = await Connection.connect({ address, connectTimeout: startTimeoutMs });
  try {
    await connection.workflowService.describeNamespace({ namespace });
    const missing = await missingSearchAttributes(connection, namespace);
    if (missing.length > 0) await registerSearchAttributes(connection, namespace, missing);
  } finally {
    await connection.close();
  }
}
