/**
 * Records the histories that `test/replay` replays: `npm run record-histories`, after a change of workflow code. Each is a real
 * run against a real server and the simulator, small, and one for each turn that the workflow can take.
 */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { pino } from 'pino';
import { loadConfig } from '../src/config/load.ts';
import { subscriptionWorkflowId } from '../src/domain/ids.ts';
import { startSimulator } from '../src/simulator/start.ts';
import { findTemporalCli } from '../src/temporal/cli-binary.ts';
import { connectClient } from '../src/temporal/connection.ts';
import { startDevServer } from '../src/temporal/dev-server.ts';
import { writeWorkflowBundle } from '../src/worker/bundle.ts';
import { runWorker } from '../src/worker/main.ts';
import { installRuntime } from '../src/worker/telemetry.ts';
import { contentTypes, scenes, stages, type Scene, type SceneName } from './history-scenes.ts';
import { currentRun, keepHistory } from './keep-history.ts';

const logger = pino({ level: 'error' });
await record();
process.exit();

async function record(): Promise<void> {
  const folder = await mkdtemp(path.join(tmpdir(), 'office365-ingest-histories-'));
  const { path: cliPath } = await findTemporalCli({
    environment: process.env,
    onProgress: (line) => process.stderr.write(`${line}\n`),
  });
  const logPath = path.join(folder, 'server.log');
  const server = await startDevServer({ cliPath, port: 0, headless: true, logPath });
  try {
    const bundlePath = path.join(folder, 'bundle.js');
    await writeWorkflowBundle(bundlePath);
    installRuntime(logger, undefined);
    for (const stage of stages) await recordStage(stage, { folder, bundlePath, address: server.address });
  } finally {
    await server.stop();
    await rm(folder, { recursive: true, force: true });
  }
}

async function recordStage(
  { scenes: names, destinations }: (typeof stages)[number],
  place: { readonly folder: string; readonly bundlePath: string; readonly address: string },
): Promise<void> {
  const folder = await mkdtemp(path.join(place.folder, 'stage-'));
  const simulator = await startSimulator({
    seed: 'histories',
    tenants: 1,
    contentTypes: names.map((name) => contentTypes[name]),
    historyHours: 150,
    historyVisibleAtStart: 'all',
    blobsPerHour: 1,
    recordsPerBlob: 2,
    liveEveryMs: 1_000,
  });
  const controller = new AbortController();
  try {
    const configPath = path.join(folder, 'config.yaml');
    const settings = { sweep_ages: ['5s', '1h'] };
    const destinationsLine = `destinations: ${JSON.stringify(destinations)}\n`;
    await writeFile(configPath, simulator.configYaml(settings) + destinationsLine);
    const siemPath = path.join(folder, 'siem');
    await writeFile(siemPath, 'in the way');
    const config = await loadConfig({ path: configPath, environment: {}, workingFolder: folder });
    const temporal = { connectionOptions: { address: place.address }, namespace: 'default' };
    const taskQueue = path.basename(folder);
    const { signal } = controller;
    const running = runWorker({
      config,
      temporal,
      taskQueue,
      logger,
      signal,
      bundlePath: place.bundlePath,
    });
    const client = await connectClient(temporal);
    const unblock = () => rm(siemPath);
    const stage = { client, simulator, taskQueue, unblock };
    await Promise.all(names.map((name) => play(name, stage)));
    for await (const { workflowId, runId } of client.workflow.list({ query: 'ExecutionStatus="Running"' }))
      await client.workflow.getHandle(workflowId, runId).terminate();
    controller.abort();
    await running;
    await client.connection.close();
  } finally {
    await simulator.close();
  }
}

async function play(
  name: SceneName,
  stage: Pick<Scene, 'client' | 'simulator' | 'taskQueue' | 'unblock'>,
): Promise<void> {
  const { client, simulator, taskQueue } = stage;
  const { tenantId } = simulator.population.tenants[0]!;
  const contentType = contentTypes[name];
  const workflowId = subscriptionWorkflowId(tenantId, contentType);
  const started = await client.workflow.start('ingestSubscription', {
    workflowId,
    taskQueue,
    args: [{ tenantId, contentType }],
  });
  const firstRunId = started.firstExecutionRunId;
  const handle = client.workflow.getHandle(workflowId);
  await scenes[name]({ ...stage, handle, tenantId });
  const lastRunId = await currentRun(handle);
  await keepHistory(client.workflow.getHandle(workflowId, firstRunId), name);
  if (lastRunId === firstRunId) return;
  await sleep(2_000);
  await keepHistory(client.workflow.getHandle(workflowId, lastRunId), `${name}-continued`);
}
