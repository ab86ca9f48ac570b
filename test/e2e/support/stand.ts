import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Client, WorkflowExecutionDescription } from '@temporalio/client';
import { inject, test as base } from 'vitest';
import { subscriptionWorkflowId } from '../../../src/domain/ids.ts';
import type { SubscriptionReport } from '../../../src/simulator/ledger.ts';
import { startSimulator, type Simulator, type SimulatorOptions } from '../../../src/simulator/start.ts';
import { verifyDelivery, type Verification } from '../../../src/simulator/verify.ts';
import { connectClient } from '../../../src/temporal/connection.ts';
import { statusQuery, type SubscriptionStatus } from '../../../src/workflows/messages.ts';
import { killProgram, runToEnd, programPath, startProgram, type Finished, type Program } from './program.ts';
import { waitUntil } from './wait-until.ts';

export interface StandOptions {
  readonly simulator?: SimulatorOptions;
  /** Keys of the configuration, beside those of the simulator's own. */
  readonly settings?: Parameters<Simulator['configYaml']>[0];
  /** The `destinations` of the configuration; default one of type file. */
  readonly destinations?: readonly Readonly<Record<string, unknown>>[];
  /** `host:port` of the Temporal server; default the one that the test run shares. */
  readonly address?: string;
}

/** One tenant of a simulator of its own, and everything one needs to ingest it: a folder, a configuration, workers. */
export interface Stand {
  readonly folder: string;
  readonly configPath: string;
  /** Writes the configuration anew, for workers that start from then on. */
  configure(options: Pick<StandOptions, 'settings' | 'destinations'>): Promise<void>;
  readonly eventsPath: string;
  readonly simulator: Simulator;
  readonly tenantId: string;
  readonly taskQueue: string;
  /** For programs: the server's address, and nothing of the user's own settings. */
  readonly environment: NodeJS.ProcessEnv;
  readonly client: Client;
  workflowId(contentType: string): string;
  /** Starts `office365-ingest` with these arguments; the stand ends it if nobody else does. */
  start(...args: readonly string[]): Program;
  startWorker(...more: readonly string[]): Program;
  /** Runs a command of `office365-ingest` to its end. */
  run(...args: readonly string[]): Promise<Finished>;
  /** Runs the Temporal CLI. */
  temporal(...args: readonly string[]): Promise<Finished>;
  /** Starts the workflow of a subscription as an operator does, with more fields of its input. */
  startSubscription(contentType: string, more?: Readonly<Record<string, unknown>>): Promise<void>;
  status(contentType: string): Promise<SubscriptionStatus>;
  describe(contentType: string): Promise<WorkflowExecutionDescription['raw']>;
  /** What the simulator has served of a subscription. Throws before it was started there. */
  blobs(contentType: string): SubscriptionReport['blobs'];
  /** How many of them it has served completely. */
  fetched(contentType: string): number;
  /** Stops the arrival of new content and waits until all of the subscriptions that were started here is delivered or lost. */
  drain(): Promise<void>;
  /** Compares the files of a destination with what the simulator made available. Default path: `events`. */
  verify(folder?: string): Promise<Verification>;
}

/** What `verifyDelivery` finds when all is well. */
export const exactly = { missing: 0, doubled: 0, altered: 0, unexpected: 0 };

export const contentType = 'Audit.Exchange';

/** Characters of a program's output that are printed when a test failed. */
const shownOutput = 5_000;

/** `setUp` makes stands that end with the test; when it failed, what their programs wrote is printed. */
export const test = base.extend<{ setUp: (options?: StandOptions) => Promise<Stand> }>({
  setUp: async ({ task }, use) => {
    const endings: (() => Promise<unknown>)[] = [];
    const programs: Program[] = [];
    await use((options = {}) => setUpStand(options, endings, programs));
    for (const end of endings.toReversed()) await end();
    if (task.result?.state === 'fail')
      for (const program of programs)
        process.stderr.write(`--- ${program.pid}\n${program.output().slice(-shownOutput)}\n`);
  },
});

async function setUpStand(
  options: StandOptions,
  endings: (() => Promise<unknown>)[],
  programs: Program[],
): Promise<Stand> {
  const folder = await mkdtemp(path.join(tmpdir(), 'office365-ingest-e2e-'));
  endings.push(() => rm(folder, { recursive: true, force: true }));
  const unique = path.basename(folder);
  const simulator = await startSimulator({
    seed: unique,
    tenants: 1,
    contentTypes: [contentType],
    historyHours: 20,
    liveEveryMs: 0,
    ...options.simulator,
  });
  endings.push(() => simulator.close());
  const configPath = path.join(folder, 'office365-ingest.yaml');
  const configure: Stand['configure'] = async ({ settings = options.settings, destinations }) => {
    const yaml = simulator.configYaml({ lookback: '21h', ...settings });
    const named = destinations === undefined ? '' : `destinations: ${JSON.stringify(destinations)}\n`;
    await writeFile(configPath, yaml + named);
  };
  await configure(options);
  const address = options.address ?? inject('temporalAddress');
  const client = await connectClient({ connectionOptions: { address }, namespace: 'default' });
  endings.push(() => client.connection.close());

  const environment = environmentOf(folder, address);
  const running = { environment, workingFolder: folder };
  const { tenantId } = simulator.population.tenants[0]!;
  const eventsPath = path.join(folder, 'events');
  const startedTypes = new Set<string>();
  const start = (...args: readonly string[]) => {
    const program = startProgram(args, running);
    programs.push(program);
    endings.push(() => killProgram(program));
    return program;
  };
  const temporal = (...args: readonly string[]) => runToEnd(inject('temporalCliPath'), args, running);
  const workflowId = (type: string) => subscriptionWorkflowId(tenantId, type);
  const status = (type: string) => client.workflow.getHandle(workflowId(type)).query(statusQuery);

  return {
    folder,
    configPath,
    configure,
    eventsPath,
    simulator,
    tenantId,
    taskQueue: unique,
    environment,
    client,
    workflowId,
    start,
    startWorker: (...more) => start('worker', '--config', configPath, '--task-queue', unique, ...more),
    run: (...args) => runToEnd(programPath, args, running),
    temporal,
    startSubscription: async (type, more = {}) => {
      const input = path.join(folder, `${type}.json`);
      await writeFile(input, JSON.stringify({ tenantId, contentType: type, ...more }));
      const start = ['workflow', 'start', '--type', 'ingestSubscription', '--task-queue', unique];
      const started = await temporal(...start, '--workflow-id', workflowId(type), '--input-file', input);
      if (started.status !== 0) throw new Error(`the workflow could not be started: ${started.stderr}`);
      startedTypes.add(type);
    },
    status,
    describe: async (type) => (await client.workflow.getHandle(workflowId(type)).describe()).raw,
    blobs: (type) => blobsOf(simulator, type),
    fetched: (type) => blobsOf(simulator, type).fetched,
    drain: async () => {
      simulator.freeze();
      for (const type of startedTypes)
        await waitUntil(`all of ${type} is delivered`, async () => {
          const { delivered, lost, pending } = await status(type);
          return pending === 0 && delivered.blobs + lost >= blobsOf(simulator, type).available;
        });
    },
    verify: (delivered = eventsPath) =>
      verifyDelivery({ population: simulator.snapshot(), folder: delivered }),
  };
}

/** Nothing of the user's own: settings stand in the home folder, too. */
function environmentOf(home: string, address: string): NodeJS.ProcessEnv {
  const foreign = /^(TEMPORAL_|XDG_|OFFICE365_INGEST_)/;
  const neutral = Object.entries(process.env).filter(([name]) => !foreign.test(name));
  return {
    ...Object.fromEntries(neutral),
    HOME: home,
    TEMPORAL_ADDRESS: address,
    TEMPORAL_CLI_PATH: inject('temporalCliPath'),
  };
}

/** Throws while the simulator has not heard of the subscription. */
function blobsOf(simulator: Simulator, contentType: string): SubscriptionReport['blobs'] {
  const { subscriptions } = simulator.report();
  const started = subscriptions.find((subscription) => subscription.contentType === contentType);
  if (started === undefined) throw new Error(`${contentType} is not started yet`);
  return started.blobs;
}
