import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { access, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterEach, beforeAll, beforeEach, describe, expect, it, onTestFailed, onTestFinished } from 'vitest';
import { findTemporalCli } from '../../src/temporal/cli-binary.ts';
import { connectClient } from '../../src/temporal/connection.ts';
import { type DevServer, type DevServerOptions, startDevServer } from '../../src/temporal/dev-server.ts';
import {
  announceServer,
  runningServer,
  withdrawServer,
  withRunningServer,
} from '../../src/temporal/running-server.ts';
import { missingSearchAttributes, registerSearchAttributes } from '../../src/temporal/search-attributes.ts';

const testTimeoutMs = 60_000;
const buildTimeoutMs = 30 * 60_000;

let cliPath: string;
let folder: string;
let servers: DevServer[];

beforeAll(async () => {
  const onProgress = (line: string) => process.stderr.write(`${line}\n`);
  cliPath = (await findTemporalCli({ environment: process.env, onProgress })).path;
}, buildTimeoutMs);

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'temporal-server-'));
  servers = [];
});

afterEach(async () => {
  await Promise.all(servers.map((server) => server.stop()));
  await rm(folder, { recursive: true });
});

async function start(options: Partial<DevServerOptions> = {}): Promise<DevServer> {
  const logPath = join(folder, 'server.log');
  const server = await startDevServer({ cliPath, port: 0, headless: true, logPath, ...options });
  servers.push(server);
  return server;
}

function clientOf({ address, namespace }: DevServer) {
  return connectClient({ connectionOptions: { address }, namespace });
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

describe('the dev server', { timeout: testTimeoutMs }, () => {
  it('serves the default namespace with the search attributes, and the UI on loopback', async () => {
    const server = await start({ headless: false, uiPort: 0 });
    const { connection } = await clientOf(server);
    expect(await missingSearchAttributes(connection, server.namespace)).toEqual([]);
    await connection.close();
    const page = await fetch(server.uiUrl!);
    expect(page.status).toBe(200);
    const settings = (await (await fetch(`${server.uiUrl}/api/v1/settings`)).json()) as object;
    expect(settings).toMatchObject({ DisableNewsFetch: true });
  });

  it('keeps workflows in its database file over a restart', async () => {
    const databasePath = join(folder, 'state', 'temporal.db');
    const first = await start({ databasePath });
    const client = await clientOf(first);
    await client.workflow.start('anything', { taskQueue: 'nobody', workflowId: 'kept' });
    await client.connection.close();
    await first.stop();

    const second = await start({ databasePath });
    const { workflow, connection } = await clientOf(second);
    expect((await workflow.getHandle('kept').describe()).status.name).toBe('RUNNING');
    const listed: string[] = [];
    for await (const { workflowId } of workflow.list()) listed.push(workflowId);
    expect(listed).toEqual(['kept']);
    await connection.close();
  });

  it('adds search attributes that its database file was made without', async () => {
    const databasePath = join(folder, 'temporal.db');
    const first = await start({ databasePath });
    const before = await clientOf(first);
    await before.connection.operatorService.removeSearchAttributes({
      namespace: first.namespace,
      searchAttributes: ['TenantId', 'CheckpointTime'],
    });
    const missing = await missingSearchAttributes(before.connection, first.namespace);
    expect(missing).toEqual(['TenantId', 'CheckpointTime']);
    await before.connection.close();
    await first.stop();

    const second = await start({ databasePath });
    const { connection } = await clientOf(second);
    expect(await missingSearchAttributes(connection, second.namespace)).toEqual([]);
    await registerSearchAttributes(connection, second.namespace, ['TenantId']);
    await connection.close();
  });

  it('takes other ports when the wanted ones are taken', async () => {
    const blockers = [createServer().listen(0, '127.0.0.1'), createServer().listen(0, '127.0.0.1')];
    await Promise.all(blockers.map((blocker) => once(blocker, 'listening')));
    const [port, uiPort] = blockers.map((blocker) => (blocker.address() as AddressInfo).port);
    const server = await start({ port, uiPort, headless: false });
    expect(server.address).not.toBe(`127.0.0.1:${port}`);
    expect((await fetch(server.uiUrl!)).status).toBe(200);
    blockers.forEach((blocker) => blocker.close());
  });

  it('tries other ports when one is taken while it starts', async () => {
    const trace = join(folder, 'attempts');
    const unlucky = join(folder, 'unlucky');
    const script = `#!/bin/sh
      echo "$6" >> ${trace}
      if [ -e ${trace}.once ]; then exec ${cliPath} "$@"; fi
      echo > ${trace}.once
      echo "listen tcp 127.0.0.1:$6: bind: address already in use" >&2
      exit 1`;
    await writeFile(unlucky, script, { mode: 0o755 });
    const server = await start({ cliPath: unlucky });
    const ports = (await readFile(trace, 'utf8')).trim().split('\n').map(Number);
    expect(ports).toHaveLength(2);
    expect(server.address).toBe(`127.0.0.1:${ports[1]}`);
  });

  it('is gone after stop, and stopping twice is no harm', async () => {
    const server = await start();
    await server.stop();
    await server.stop();
    await server.exited;
    expect(isAlive(server.pid)).toBe(false);
  });

  it('says when it ended by itself', async () => {
    const server = await start();
    process.kill(server.pid, 'SIGKILL');
    await server.exited;
    expect(isAlive(server.pid)).toBe(false);
  });

  it('shows the end of its log when it does not come up, and leaves no process', async () => {
    const databasePath = join(folder, 'temporal.db');
    await writeFile(databasePath, 'no database');
    await expect(start({ databasePath })).rejects.toThrow(/ended while starting:[^]*not a database/);
  });

  it('is ended when it is given up while it starts, even if it ignores SIGTERM', async () => {
    const deaf = join(folder, 'deaf');
    const pidPath = join(folder, 'pid');
    await writeFile(deaf, `#!/bin/sh\ntrap '' TERM\necho $$ > ${pidPath}\nexec sleep 600\n`, { mode: 0o755 });
    const reason = new Error('not wanted any more');
    const giveUp = new AbortController();
    const starting = start({ cliPath: deaf, signal: giveUp.signal });
    const readPid = async () => Number(await readFile(pidPath, 'utf8').catch(() => 0));
    await expect.poll(readPid, { timeout: 20_000 }).toBeGreaterThan(0);
    giveUp.abort(reason);
    await expect(starting).rejects.toBe(reason);
    expect(isAlive(await readPid())).toBe(false);
  });

  it('is in a process group of its own, which Ctrl-C does not reach', async () => {
    const { pid } = await start();
    const { stdout } = await promisify(execFile)('ps', ['-o', 'pgid=', '-p', String(pid)]);
    expect(Number(stdout)).toBe(pid);
  });

  it.each(['SIGKILL', 'SIGTERM'] as const)('does not outlive its program ended by %s', async (signal) => {
    const { program, pid } = await programWithServer();
    expect(isAlive(pid)).toBe(true);
    program.kill(signal);
    await once(program, 'exit');
    await expect.poll(() => isAlive(pid), { timeout: 20_000 }).toBe(false);
  });
});

/** A process of its own that starts a dev server and then waits. */
async function programWithServer(): Promise<{ program: ChildProcess; pid: number }> {
  const source = fileURLToPath(new URL('../../src/temporal/dev-server.ts', import.meta.url));
  const script = join(folder, 'program.mts');
  const options = { cliPath, port: 0, headless: true, logPath: join(folder, 'program.log') };
  await writeFile(
    script,
    `import { startDevServer } from ${JSON.stringify(source)};
     const { pid } = await startDevServer(${JSON.stringify(options)});
     process.stdout.write(String(pid));
     setInterval(() => undefined, 1_000);`,
  );
  const tsx = import.meta.resolve('tsx');
  const program = spawn(process.execPath, ['--import', tsx, script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  onTestFinished(() => void program.kill('SIGKILL'));
  const [output] = (await once(program.stdout, 'data')) as [Buffer];
  const pid = Number(output);
  onTestFailed(() => void process.kill(pid, 'SIGKILL'));
  return { program, pid };
}

describe('other commands of the same user', { timeout: testTimeoutMs }, () => {
  it('find the announced server until it is withdrawn or gone', async () => {
    const environment = { HOME: folder };
    const server = await start();
    expect(await runningServer(environment)).toBeUndefined();
    await announceServer(environment, server);
    expect(await runningServer(environment)).toMatchObject({ address: server.address, pid: server.pid });

    await withdrawServer(environment, { pid: server.pid + 1 });
    expect(await runningServer(environment)).toBeDefined();
    await server.stop();
    expect(await runningServer(environment)).toBeUndefined();
    await withdrawServer(environment, server);
    await expect(access(join(folder, '.local/state/office365-ingest/server.json'))).rejects.toThrow('ENOENT');
  });

  it('leave a configured address alone', async () => {
    const server = await start();
    const environment = { HOME: folder };
    await announceServer(environment, server);
    expect(await withRunningServer(environment)).toMatchObject({ TEMPORAL_ADDRESS: server.address });
    const configured = { ...environment, TEMPORAL_ADDRESS: 'temporal.example.com:7233' };
    expect(await withRunningServer(configured)).toEqual(configured);
  });

  it('run the Temporal CLI against it and pass its exit status on', async () => {
    const server = await start();
    await announceServer({ HOME: folder }, server);
    const environment = {
      ...process.env,
      HOME: folder,
      XDG_STATE_HOME: '',
      TEMPORAL_ADDRESS: '',
      TEMPORAL_CLI_PATH: cliPath,
    };
    const list = await runTemporalCommand(['workflow', 'list', '--output', 'json'], environment);
    expect(JSON.parse(list.stdout)).toEqual([]);
    const unknown = await runTemporalCommand(['workflow', 'describe', '--workflow-id', 'none'], environment);
    expect(unknown).toMatchObject({ code: 1, stderr: expect.stringContaining('not found') });
  });
});

async function runTemporalCommand(args: string[], environment: NodeJS.ProcessEnv) {
  const source = fileURLToPath(new URL('../../src/temporal/command.ts', import.meta.url));
  const script = join(folder, 'command.mts');
  await writeFile(
    script,
    `import { temporalCommand } from ${JSON.stringify(source)};
     const options = { args: process.argv.slice(2), environment: process.env, onProgress: () => undefined };
     process.exitCode = await temporalCommand(options);`,
  );
  const tsx = import.meta.resolve('tsx');
  const command = promisify(execFile)(process.execPath, ['--import', tsx, script, ...args], {
    env: environment,
  });
  return command.then(
    ({ stdout, stderr }) => ({ code: 0, stdout, stderr }),
    (error: { code: number; stdout: string; stderr: string }) => error,
  );
}
