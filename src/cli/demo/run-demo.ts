import type { ChildProcess } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { loadConfig } from '../../config/load.ts';
import type { TenantConfig } from '../../config/config.ts';
import { defaultTaskQueue, subscriptionWorkflowId } from '../../domain/ids.ts';
import { verifyDelivery } from '../../simulator/verify.ts';
import { announceServer, withdrawServer } from '../../temporal/running-server.ts';
import { planSubscriptions, startSubscriptions } from '../subscriptions.ts';
import { Narrator } from './narrator.ts';
import { countEvents, readProgress, waitForFailure, type Progress } from './observe.ts';
import { end, setStage, type Stage } from './stage.ts';
import { formatSummary, isClean, type Summary } from './summary.ts';
import { measureThroughput, type Throughput } from './throughput.ts';

/** Two tenants with a week of history and live arrival, and one with a large subscription for the throughput run. */
const bulkBlobs = 1_000;
const simulatorArgs =
  '--tenants 2 --history-hours 160 --all-history --blobs-per-hour 2 --records-per-blob 1-60 --live-every 2500 --no-gzip'
    .split(' ')
    .concat('--bulk', `${bulkBlobs}x50`);

/** At first the simulator takes its time for each blob, so that there is a middle to be killed in. */
const slowMs = 60;

/** Whatever goes wrong, the demo does not wait for ever. */
const longestWaitMs = 150_000;

interface Demo {
  readonly stage: Stage;
  readonly narrator: Narrator;
  readonly tenants: readonly TenantConfig[];
  readonly bulkTenant: TenantConfig;
  readonly signal: AbortSignal;
}

/** Plays the whole story. Whether the files are exactly what the simulator served. */
export async function runDemo(options: {
  readonly isKept: boolean;
  readonly folder: string | undefined;
  readonly signal: AbortSignal;
}): Promise<boolean> {
  const { signal } = options;
  const narrator = new Narrator();
  const startedMs = Date.now();
  narrator.headline('A Temporal server, a simulator of the Management Activity API, and a worker');
  const onProgress = (line: string) => narrator.say(line);
  const stage = await setStage({ folder: options.folder, simulatorArgs, onProgress, signal });
  try {
    const demo = await introduce(stage, narrator, signal);
    const slowness = await stage.simulator.addFault({ operation: 'blob', kind: 'slow', delayMs: slowMs });
    const worker = stage.startWorker();
    await startFirstSubscription(demo);
    await startTheRest(demo);
    await showFirstRecord(demo, startedMs);
    await killInMidBatch(demo, worker);
    await stage.simulator.removeFault(slowness);
    await lookAround(demo);
    const throughput = await showThroughput(demo);
    await failAndReset(demo);
    const progress = await drain(demo);
    const summary = await summarize(demo, progress, throughput, Date.now() - startedMs);
    narrator.say(formatSummary(summary));
    if (options.isKept) await keep(demo);
    return isClean(summary);
  } finally {
    await stage.close();
  }
}

async function introduce(stage: Stage, narrator: Narrator, signal: AbortSignal): Promise<Demo> {
  const { tenants } = await loadConfig({
    path: stage.configPath,
    environment: {},
    workingFolder: stage.folder,
  });
  const bulkTenant = tenants.at(-1)!;
  narrator.say(`Temporal     ${stage.server.address}, UI ${stage.server.uiUrl}`);
  narrator.say(`Simulator    ${stage.simulator.url}, ${tenants.length} tenants`);
  narrator.say(`Files        ${stage.eventsPath}`);
  return { stage, narrator, tenants, bulkTenant, signal };
}

async function startFirstSubscription({ stage, narrator, tenants }: Demo): Promise<void> {
  const { tenantId } = tenants[0]!;
  const workflowId = subscriptionWorkflowId(tenantId, 'Audit.Exchange');
  const input = JSON.stringify({ tenantId, contentType: 'Audit.Exchange' });
  narrator.headline('One subscription, started as an operator would: with the Temporal CLI');
  await narrator.run(
    `temporal workflow start --type ingestSubscription --task-queue ${defaultTaskQueue} --workflow-id ${workflowId} --input '${input}'`,
    stage.cliPath,
    [
      'workflow',
      'start',
      '--type',
      'ingestSubscription',
      '--task-queue',
      defaultTaskQueue,
      '--workflow-id',
      workflowId,
      '--input',
      input,
    ],
    { environment: stage.environment },
  );
}

async function startTheRest({ stage, narrator, tenants, bulkTenant }: Demo): Promise<void> {
  const ordinary = tenants.filter((tenant) => tenant !== bulkTenant);
  narrator.headline(
    'The others, started by `office365-ingest apply`, which does the same for all that the configuration names',
  );
  const subscriptions = ordinary.flatMap((tenant) =>
    tenant.subscriptions.map((contentType) => ({ tenant, contentType })),
  );
  const plan = await planSubscriptions(stage.client, subscriptions);
  await startSubscriptions(stage.client, plan, defaultTaskQueue);
  narrator.say(`${plan.toStart.length} started, ${plan.running} running already`);
}

async function showFirstRecord(demo: Demo, startedMs: number): Promise<void> {
  await until(demo, (progress) => progress.delivered > 0);
  demo.narrator.say(
    `First records on disk ${((Date.now() - startedMs) / 1000).toFixed(1)} s after the start of the demo`,
  );
}

/** In mid-batch: blobs have been fetched that no workflow knows to be delivered. */
async function killInMidBatch(demo: Demo, worker: ChildProcess): Promise<void> {
  const { stage, narrator } = demo;
  narrator.headline('kill -9 of the worker in the middle of a batch');
  const isInMidBatch = ({ delivered, fetched, available }: Progress) =>
    delivered > available * 0.1 && fetched - delivered >= 10;
  const { delivered, fetched, available } = await until(demo, isInMidBatch);
  await end(worker, 'SIGKILL');
  narrator.say(
    `Killed when ${fetched} of ${available} blobs were fetched and ${delivered} were known to be delivered. A new worker`,
  );
  narrator.say(
    'starts; Temporal gives it what the dead one held when its heartbeats are missed: after 20 s for a batch, 60 s for',
  );
  narrator.say('a listing that waits. What is in the files already is not written again.');
  stage.startWorker();
}

async function lookAround({ stage, narrator, tenants }: Demo): Promise<void> {
  const workflowId = subscriptionWorkflowId(tenants[0]!.tenantId, 'Audit.Exchange');
  narrator.headline('Listing and describing, with the Temporal CLI');
  const { environment } = stage;
  const list = ['workflow', 'list', '--query', `TenantId="${tenants[0]!.tenantId}"`];
  await narrator.run(
    `temporal workflow list --query 'TenantId="${tenants[0]!.tenantId}"'`,
    stage.cliPath,
    list,
    { environment },
  );
  const describe = ['workflow', 'describe', '--workflow-id', workflowId];
  await narrator.run(`temporal ${describe.join(' ')}`, stage.cliPath, describe, {
    environment,
    maxLines: 14,
  });
}

async function showThroughput(demo: Demo): Promise<Throughput> {
  const { stage, narrator, bulkTenant } = demo;
  narrator.headline(`Throughput: ${bulkBlobs} blobs of 50 records, beside a bare loop over the same content`);
  const throughput = await measureThroughput(stage, bulkTenant, bulkBlobs, (ms) => pause(demo, ms));
  const { service, bare } = throughput;
  narrator.say(`The service ${Math.round(service)} records/s, the bare loop ${Math.round(bare)} records/s`);
  return throughput;
}

async function failAndReset(demo: Demo): Promise<void> {
  const { stage, narrator, tenants } = demo;
  const { tenantId } = tenants[0]!;
  const workflowId = subscriptionWorkflowId(tenantId, 'Audit.Exchange');
  narrator.headline('An activity that fails, in plain sight, and is retried at once');
  narrator.say('From now on the simulator answers AF50000 to each request for content of this subscription.');
  const faultId = await stage.simulator.addFault({
    operation: 'blob',
    kind: 'AF50000',
    tenantId,
    contentType: 'Audit.Exchange',
  });
  const activityId = await waitForFailure(stage.client, workflowId, () => pause(demo, 500));
  const { environment } = stage;
  const describe = ['workflow', 'describe', '--workflow-id', workflowId];
  await narrator.run(`temporal ${describe.join(' ')}`, stage.cliPath, describe, {
    environment,
    pick: /^Pending Activities/,
    maxLines: 24,
  });
  await stage.simulator.removeFault(faultId);
  narrator.say('The cause is mended. Temporal would try again by itself; an operator need not wait:');
  const before = (await readProgress(stage.client, stage.simulator, tenants)).delivered;
  const reset = ['activity', 'reset', '--workflow-id', workflowId, '--activity-id', activityId];
  await narrator.run(`temporal ${reset.join(' ')}`, stage.cliPath, reset, { environment });
  const resetMs = Date.now();
  await until(demo, ({ delivered }) => delivered > before);
  narrator.say(`Delivered ${((Date.now() - resetMs) / 1000).toFixed(1)} s later.`);
}

/** Stops the arrival of new content and waits until all there is is delivered. */
async function drain(demo: Demo): Promise<Progress> {
  demo.narrator.headline('No more arrives; what is left is delivered');
  await demo.stage.simulator.freeze();
  return until(demo, ({ delivered, available }) => delivered >= available);
}

async function summarize(
  demo: Demo,
  progress: Progress,
  throughput: Throughput,
  ms: number,
): Promise<Summary> {
  const { stage } = demo;
  const verification = await verifyDelivery({ simulatorUrl: stage.simulator.url, folder: stage.eventsPath });
  const report = await stage.simulator.report();
  const events = await countEvents(stage.client, report.subscriptions);
  return {
    progress,
    verification,
    report,
    throughput,
    events,
    ms,
    eventsPath: stage.eventsPath,
    uiUrl: stage.server.uiUrl,
  };
}

async function keep({ stage, narrator, signal }: Demo): Promise<void> {
  await announceServer(process.env, stage.server);
  narrator.say(`\nEverything stays up until Ctrl-C. In another terminal:`);
  narrator.say(`  bin/office365-ingest status --config ${stage.configPath}`);
  narrator.say(`  bin/office365-ingest temporal workflow list`);
  await new Promise<void>((resolve) => {
    if (signal.aborted) resolve();
    signal.addEventListener('abort', () => resolve(), { once: true });
  });
  await withdrawServer(process.env, stage.server);
}

/** Shows progress until the condition holds. @throws Error when that takes too long */
async function until(demo: Demo, condition: (progress: Progress) => boolean): Promise<Progress> {
  const { stage, narrator, tenants } = demo;
  const endMs = Date.now() + longestWaitMs;
  for (;;) {
    const progress = await readProgress(stage.client, stage.simulator, tenants);
    const { delivered, available, records, pending } = progress;
    narrator.progress(
      `${delivered} of ${available} blobs delivered, ${records} records, ${pending} blobs listed and pending`,
    );
    if (condition(progress)) return progress;
    if (Date.now() > endMs)
      throw new Error(`nothing moved on within ${longestWaitMs / 1000} s; the logs are in ${stage.folder}`);
    await pause(demo, 200);
  }
}

async function pause({ signal }: Demo, ms: number): Promise<void> {
  await sleep(ms, undefined, { signal });
}
