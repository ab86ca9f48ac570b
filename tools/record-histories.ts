/**
 * Records the histories that `test/replay` replays: `npm run record-histories`, after a change of workflow code. Each is a real
 * run against a real server and the simulator, small, and one for each turn that the workflow can take.
 */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { Client, WorkflowHandle } from '@temporalio/client';
import { historyToJSON } from '@temporalio/common/lib/proto-utils.js';
import { pino } from 'pino';
import { loadConfig } from '../src/config/load.ts';
import { subscriptionWorkflowId } from '../src/domain/ids.ts';
import { startSimulator, type Simulator } from '../src/simulator/start.ts';
import { findTemporalCli } from '../src/temporal/cli-binary.ts';
import { connectClient } from '../src/temporal/connection.ts';
import { startDevServer } from '../src/temporal/dev-server.ts';
import { writeWorkflowBundle } from '../src/worker/bundle.ts';
import { runWorker } from '../src/worker/main.ts';
import { installRuntime } from '../src/worker/telemetry.ts';
import { pauseUpdate, resumeUpdate, retryNowUpdate, statusQuery } from '../src/workflows/messages.ts';

interface Scene {
  readonly simulator: Simulator;
  readonly handle: WorkflowHandle;
}

const contentTypes = {
  'catching-up': 'Audit.Exchange',
  'pause-and-resume': 'Audit.SharePoint',
  'park-and-recover': 'Audit.General',
  'lost-blob': 'Audit.AzureActiveDirectory',
  'failing-blob': 'DLP.All',
} as const;
type SceneName = keyof typeof contentTypes;

/** What happens to a subscription after its start, until its history is worth keeping. */
const scenes: Record<SceneName, (scene: Scene) => Promise<void>> = {
  'catching-up': async ({ handle }) => {
    await until(
      async () =>
        (await handle.describe()).raw.workflowExecutionInfo?.firstRunId !== (await currentRun(handle)),
    );
  },
  'pause-and-resume': async ({ handle }) => {
    await delivered(handle, 10);
    await handle.executeUpdate(pauseUpdate, { args: [{ reason: 'maintenance' }] });
    await handle.executeUpdate(pauseUpdate, {
      args: [{ until: new Date(Date.now() + 3_000).toISOString() }],
    });
    await sleep(5_000);
    await handle.executeUpdate(pauseUpdate, { args: [{}] });
    await handle.executeUpdate(resumeUpdate, { args: [{}] });
    await handle.executeUpdate(retryNowUpdate, { args: [{}] });
    await sleep(3_000);
  },
  'park-and-recover': async ({ handle, simulator }) => {
    await delivered(handle, 5);
    const contentType = contentTypes['park-and-recover'];
    const fault = simulator.addFault({ operation: 'content', kind: 'AF20023', contentType });
    await until(async () => (await handle.query(statusQuery)).state === 'blocked');
    await handle.executeUpdate(retryNowUpdate, { args: [{}] });
    await until(async () => (await handle.query(statusQuery)).state === 'blocked');
    simulator.removeFault(fault);
    await handle.executeUpdate(retryNowUpdate, { args: [{}] });
    await until(async () => (await handle.query(statusQuery)).state === 'running');
    await sleep(4_000);
  },
  'lost-blob': async ({ handle, simulator }) => {
    const contentType = contentTypes['lost-blob'];
    await until(async () => (await handle.query(statusQuery)).state === 'running');
    simulator.addFault({ operation: 'blob', kind: 'AF20051', contentType, count: 2 });
    await until(async () => (await handle.query(statusQuery)).lost > 0);
    await sleep(3_000);
  },
  'failing-blob': async ({ handle, simulator }) => {
    const contentType = contentTypes['failing-blob'];
    simulator.addFault({ operation: 'blob', kind: 'AF50000', contentType, rate: 0.3, count: 30 });
    await delivered(handle, 60);
  },
};

const root = fileURLToPath(new URL('..', import.meta.url));
const target = path.join(root, 'test/replay/histories/ingestSubscription');
await record();
process.exit();

async function record(): Promise<void> {
  const folder = await mkdtemp(path.join(tmpdir(), 'office365-ingest-histories-'));
  const { path: cliPath } = await findTemporalCli({
    environment: process.env,
    onProgress: (line) => process.stderr.write(`${line}\n`),
  });
  const server = await startDevServer({
    cliPath,
    port: 0,
    headless: true,
    logPath: path.join(folder, 'server.log'),
  });
  const simulator = await startSimulator({
    seed: 'histories',
    tenants: 1,
    historyHours: 150,
    historyVisibleAtStart: 'all',
    blobsPerHour: 1,
    recordsPerBlob: 2,
    liveEveryMs: 1_000,
  });
  const controller = new AbortController();
  try {
    const configPath = path.join(folder, 'config.yaml');
    await writeFile(configPath, simulator.configYaml());
    const bundlePath = path.join(folder, 'bundle.js');
    await writeWorkflowBundle(bundlePath);
    const config = await loadConfig({ path: configPath, environment: {}, workingFolder: folder });
    const temporal = { connectionOptions: { address: server.address }, namespace: 'default' };
    const logger = pino({ level: 'error' });
    installRuntime(logger, undefined);
    const taskQueue = 'office365';
    const { signal } = controller;
    const running = runWorker({ config, temporal, taskQueue, logger, signal, bundlePath });
    const client = await connectClient(temporal);
    await mkdir(target, { recursive: true });
    await Promise.all(
      Object.keys(contentTypes).map((name) => play(client, simulator, name as SceneName, taskQueue)),
    );
    controller.abort();
    await running;
    await client.connection.close();
  } finally {
    await simulator.close();
    await server.stop();
    await rm(folder, { recursive: true, force: true });
  }
}

async function play(client: Client, simulator: Simulator, name: SceneName, taskQueue: string): Promise<void> {
  const { tenantId } = simulator.population.tenants[0]!;
  const contentType = contentTypes[name];
  const workflowId = subscriptionWorkflowId(tenantId, contentType);
  const handle = await client.workflow.start('ingestSubscription', {
    workflowId,
    taskQueue,
    args: [{ tenantId, contentType }],
  });
  const firstRunId = handle.firstExecutionRunId;
  await scenes[name]({ simulator, handle: client.workflow.getHandle(workflowId) });
  await keep(client.workflow.getHandle(workflowId, firstRunId), name);
  if ((await currentRun(client.workflow.getHandle(workflowId))) !== firstRunId) {
    await sleep(2_000);
    await keep(client.workflow.getHandle(workflowId), `${name}-continued`);
  }
}

async function keep(handle: WorkflowHandle, name: string): Promise<void> {
  const history = historyToJSON(await handle.fetchHistory()).replace(
    /"identity":\s*"[^"]*"/g,
    '"identity": "worker"',
  );
  await writeFile(path.join(target, `${name}.json`), `${JSON.stringify(JSON.parse(history), null, 1)}\n`);
  process.stdout.write(`${name}\n`);
}

async function currentRun(handle: WorkflowHandle): Promise<string> {
  return (await handle.describe()).runId;
}

async function delivered(handle: WorkflowHandle, blobs: number): Promise<void> {
  await until(async () => (await handle.query(statusQuery)).delivered.blobs >= blobs);
}

async function until(condition: () => Promise<boolean>): Promise<void> {
  const endMs = Date.now() + 180_000;
  while (!(await condition().catch(() => false))) {
    if (Date.now() > endMs) throw new Error('the scene did not come to its end within three minutes');
    await sleep(200);
  }
}
