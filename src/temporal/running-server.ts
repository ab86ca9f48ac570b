import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { Connection } from '@temporalio/client';
import { temporalSettings } from './connection.ts';

const answerTimeoutMs = 2_000;

/** A server that `up` or `demo` runs at this moment, so that other commands of the same user find it. */
export interface RunningServer {
  readonly address: string;
  readonly namespace: string;
  readonly uiUrl: string | undefined;
  /** The server's process. */
  readonly pid: number;
  /** SQLite file, absolute; undefined when the server keeps all in memory. */
  readonly databasePath: string | undefined;
}

/** Makes the server known to other commands. The latest one that is announced counts. */
export async function announceServer(environment: NodeJS.ProcessEnv, server: RunningServer): Promise<void> {
  const path = statePath(environment);
  const { address, namespace, uiUrl, pid, databasePath } = server;
  await mkdir(dirname(path), { recursive: true });
  const newPath = `${path}.${process.pid}`;
  await writeFile(newPath, `${JSON.stringify({ address, namespace, uiUrl, pid, databasePath }, null, 2)}\n`);
  await rename(newPath, path);
}

/** Takes the announcement back; one that another server made meanwhile stays. */
export async function withdrawServer(
  environment: NodeJS.ProcessEnv,
  server: Pick<RunningServer, 'pid'>,
): Promise<void> {
  const announced = await readAnnouncement(environment);
  if (announced?.pid === server.pid) await rm(statePath(environment), { force: true });
}

/** The announced server, if its process is alive and its address answers. */
export async function runningServer(environment: NodeJS.ProcessEnv): Promise<RunningServer | undefined> {
  const server = await readAnnouncement(environment);
  return server && isAlive(server.pid) && (await answers(server.address)) ? server : undefined;
}

/**
 * The environment with the address and namespace of the running server, unless the user has configured one. What every
 * command gives to `temporalSettings`.
 */
export async function withRunningServer(environment: NodeJS.ProcessEnv): Promise<NodeJS.ProcessEnv> {
  if (temporalSettings(environment).isConfigured) return environment;
  const server = await runningServer(environment);
  if (!server) return environment;
  return { ...environment, TEMPORAL_ADDRESS: server.address, TEMPORAL_NAMESPACE: server.namespace };
}

function statePath(environment: NodeJS.ProcessEnv): string {
  const stateFolder =
    environment['XDG_STATE_HOME'] || join(environment['HOME'] || homedir(), '.local', 'state');
  return join(stateFolder, 'office365-ingest', 'server.json');
}

async function readAnnouncement(environment: NodeJS.ProcessEnv): Promise<RunningServer | undefined> {
  try {
    const announced = JSON.parse(await readFile(statePath(environment), 'utf8')) as Partial<RunningServer>;
    const { address, namespace, uiUrl, pid, databasePath } = announced;
    return address && namespace && pid ? { address, namespace, uiUrl, pid, databasePath } : undefined;
  } catch (error) {
    if (error instanceof SyntaxError || (error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

async function answers(address: string): Promise<boolean> {
  try {
    const connection = await Connection.connect({ address, connectTimeout: answerTimeoutMs });
    await connection.close();
    return true;
  } catch {
    return false;
  }
}
