import { Command, Option } from 'commander';
import { logLevels, type LogLevelName } from '../worker/log-level.ts';
import {
  configOption,
  findTemporal,
  maxCachedWorkflowsOption,
  readConfig,
  taskQueueOption,
} from './options.ts';
import { stopSignal } from './stop-signal.ts';

interface WorkerOptions {
  readonly config?: string;
  readonly taskQueue: string;
  readonly maxCachedWorkflows: number;
  readonly logLevel: LogLevelName;
  readonly metricsAddress?: string;
}

export const logLevelOption = () =>
  new Option('--log-level <level>', 'least level to log').choices(logLevels).default('info');

export const metricsAddressOption = () =>
  new Option('--metrics-address <host:port>', 'serve Prometheus metrics there, under /metrics');

export function workerCommand(): Command {
  return new Command('worker')
    .description('Run a worker: it carries out the workflows and activities of the configured tenants.')
    .addOption(configOption())
    .addOption(taskQueueOption())
    .addOption(maxCachedWorkflowsOption())
    .addOption(logLevelOption())
    .addOption(metricsAddressOption())
    .addHelpText(
      'after',
      `
Examples:
  office365-ingest worker --config office365-ingest.yaml
  TEMPORAL_ADDRESS=temporal.example:7233 office365-ingest worker --metrics-address 127.0.0.1:9464`,
    )
    .action(async (options: WorkerOptions) => {
      const config = await readConfig(options);
      const temporal = await findTemporal();
      // Loading the native part takes up to a second, which no other command should pay.
      const { createLogger, installRuntime } = await import('../worker/telemetry.ts');
      const { runWorker } = await import('../worker/main.ts');
      const logger = createLogger(options.logLevel);
      installRuntime(logger, options.metricsAddress);
      const signal = stopSignal(() => logger.info('Stopping; once more stops at once'));
      const { taskQueue, maxCachedWorkflows } = options;
      await runWorker({ config, temporal, taskQueue, maxCachedWorkflows, logger, signal });
    });
}
