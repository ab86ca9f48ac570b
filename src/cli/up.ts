import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import { Command } from 'commander';
import type { Config } from '../config/config.ts';
import { findTemporalCli } from '../temporal/cli-binary.ts';
import { connectClient, temporalSettings, type TemporalSettings } from '../temporal/connection.ts';
import { startDevServer, type DevServer } from '../temporal/dev-server.ts';
import { announceServer, runningServer, withdrawServer } from '../temporal/running-server.ts';
import type { LogLevelName } from '../worker/log-level.ts';
import { describePlan } from './apply.ts';
import { configOption, findTemporal, maxCachedWorkflowsOption, readConfig } from './options.ts';
import { selectSubscriptions, stateFolder, taskQueueOption } from './options.ts';
import { printProgress } from './progress.ts';
import { stopSignal } from './stop-signal.ts';
import { planSubscriptions, startSubscriptions } from './subscriptions.ts';
import { logLevelOption, metricsAddressOption } from './worker.ts';

interface UpOptions {
  readonly config?: string;
  readonly taskQueue: string;
  readonly maxCachedWorkflows: number;
  readonly state: string;
  readonly logLevel: LogLevelName;
  readonly metricsAddress?: string;
}

export function upCommand(): Command {
  return new Command('up')
    .description(
      'Everything for one machine: a Temporal server where none is configured, a worker, and all subscriptions started.',
    )
    .addOption(configOption())
    .addOption(taskQueueOption())
    .option('--state <folder>', "where the server's database and log are kept", stateFolder())
    .addOption(maxCachedWorkflowsOption())
    .addOption(logLevelOption())
    .addOption(metricsAddressOption())
    .addHelpText(
      'after',
      `
It runs until it is stopped (Ctrl-C); the state stays on disk and the next start goes on where this one ended. A server that
TEMPORAL_ADDRESS or temporal.toml names is used instead of one of its own.

Example:
  office365-ingest up --config office365-ingest.yaml`,
    )
    .action(up);
}

async function up(options: UpOptions): Promise<void> {
  const config = await readConfig(options);
  const { createLogger, installRuntime } = await import('../worker/telemetry.ts');
  const { runWorker } = await import('../worker/main.ts');
  const logger = createLogger(options.logLevel);
  installRuntime(logger, options.metricsAddress);
  const signal = stopSignal(() => printProgress('Stopping; once more stops at once.'));

  const server = await ownServer(options, signal);
  try {
    const temporal = await settingsOf(server);
    void server?.exited.then(() => {
      if (!signal.aborted) fail(`The Temporal server ended by itself; its log is ${serverLog(options)}`);
    });
    await runWorker({
      config,
      temporal,
      taskQueue: options.taskQueue,
      maxCachedWorkflows: options.maxCachedWorkflows,
      logger,
      signal,
      onReady: () => void start(config, temporal, options).catch((error: Error) => fail(error.message)),
    });
  } finally {
    if (server !== undefined) await stopServer(server);
  }
}

/**
 * Starts a dev server with its database on disk, unless a server is configured, or another `up` runs one on this database
 * already: then this is one more worker of it.
 */
async function ownServer(options: UpOptions, signal: AbortSignal): Promise<DevServer | undefined> {
  if (temporalSettings(process.env).isConfigured) return undefined;
  const databasePath = path.resolve(options.state, 'temporal.db');
  if ((await runningServer(process.env))?.databasePath === databasePath) return undefined;
  await mkdir(options.state, { recursive: true });
  const { path: cliPath } = await findTemporalCli({
    environment: process.env,
    onProgress: printProgress,
    signal,
  });
  const server = await startDevServer({ cliPath, databasePath, logPath: serverLog(options), signal });
  await announceServer(process.env, server);
  printProgress(`Temporal server at ${server.address}, UI at ${server.uiUrl}`);
  return server;
}

async function settingsOf(server: DevServer | undefined): Promise<TemporalSettings> {
  if (server === undefined) return findTemporal();
  const { address, namespace } = server;
  return { isConfigured: false, connectionOptions: { address }, namespace };
}

async function stopServer(server: DevServer): Promise<void> {
  await withdrawServer(process.env, server);
  await server.stop();
}

async function start(config: Config, temporal: TemporalSettings, { taskQueue }: UpOptions): Promise<void> {
  const client = await connectClient(temporal);
  try {
    const plan = await planSubscriptions(
      client,
      selectSubscriptions(config, { tenant: [], contentType: [] }),
    );
    printProgress(describePlan(plan).trimEnd());
    for (const { workflowId, problem } of await startSubscriptions(client, plan, taskQueue)) {
      if (problem !== undefined) printProgress(`${workflowId}: ${problem}`);
    }
    printProgress('Running. `office365-ingest status` shows how it stands; Ctrl-C stops.');
  } finally {
    await client.connection.close();
  }
}

/** Ends the program in order, with a reason and a status that says so. */
function fail(reason: string): void {
  printProgress(reason);
  process.exitCode = 1;
  process.kill(process.pid, 'SIGTERM');
}

function serverLog({ state }: UpOptions): string {
  return path.join(state, 'temporal-server.log');
}
