import { Worker, type NativeConnection, type WorkerOptions } from '@temporalio/worker';
import { createActivities } from '../activities/index.ts';
import { FailingActivities } from '../activities/failing-signal.ts';
import { createFailureInterceptor } from '../activities/interceptor.ts';
import type { Config } from '../config/config.ts';
import { listingTaskQueue } from '../domain/ids.ts';
import { connectClient, connectNative, type TemporalSettings } from '../temporal/connection.ts';
import { missingSearchAttributes, searchAttributeTypes } from '../temporal/search-attributes.ts';
import { workflowBundlePath } from './bundle.ts';
import { createActivityDependencies, createAdapters } from './dependencies.ts';
import type { Logger } from './telemetry.ts';

export interface WorkerDescription {
  readonly config: Config;
  readonly temporal: Pick<TemporalSettings, 'connectionOptions' | 'namespace'>;
  readonly taskQueue: string;
  /** Each holds about 0.25 MB of the process; what does not fit is replayed at its next task. Default 1,000. */
  readonly maxCachedWorkflows?: number;
  readonly logger: Logger;
  /** Aborting it shuts the worker down: waiting listings return, running batches get 20 s, the rest is cancelled. */
  readonly signal: AbortSignal;
  /** Called when both queues are served. */
  readonly onReady?: () => void;
  /** Another bundle than the one beside the compiled program. */
  readonly bundlePath?: string;
}

const defaultCachedWorkflows = 1_000;

/** One slot per subscription that waits. */
const listingSlots = 10_000;

/** Heartbeats pass at 0.8 of their time-out, and of `listing_heartbeat` up to its longest; by default no rarer than each minute. */
const maxHeartbeatThrottleInterval = '10m';

/** Batches at once; each holds up to eight blobs of 4 MiB. */
const forwardingSlots = 32;

/** Time for a running batch to end by itself, and until everything is given up. */
const shutdownGraceTime = '20s';
const shutdownForceTime = '28s';

/**
 * Runs the worker until `signal` aborts: one process, two task queues. Listings have a queue of their own, because each waits
 * inside its activity and would hold the slot of a batch.
 *
 * @throws TemporalUnreachableError
 */
export async function runWorker(description: WorkerDescription): Promise<void> {
  const { config, temporal, logger, signal } = description;
  const hasSearchAttributes = await checkSearchAttributes(description);
  const connection = await connectNative(temporal);
  const adapters = createAdapters(config);
  try {
    const dependencies = createActivityDependencies(config, adapters, {
      stopping: signal,
      hasSearchAttributes,
    });
    const workers = await createWorkers(description, connection, createActivities(dependencies));
    const shutdown = () => workers.forEach((worker) => worker.shutdown());
    signal.addEventListener('abort', shutdown, { once: true });
    if (signal.aborted) shutdown();
    logger.info({ taskQueue: description.taskQueue, tenants: config.tenants.length }, 'Worker started');
    description.onReady?.();
    await Promise.all(workers.map((worker) => worker.run()));
    logger.info('Worker stopped');
  } finally {
    await adapters.close();
    await connection.close();
  }
}

async function createWorkers(
  { taskQueue, temporal, bundlePath, maxCachedWorkflows = defaultCachedWorkflows }: WorkerDescription,
  connection: NativeConnection,
  { listContent, ...forwarding }: ReturnType<typeof createActivities>,
): Promise<readonly [Worker, Worker]> {
  const failures = createFailureInterceptor(new FailingActivities());
  const shared: Partial<WorkerOptions> = {
    connection,
    namespace: temporal.namespace,
    shutdownGraceTime,
    shutdownForceTime,
    // Eager activities would pass by the limits of the queue.
    maxEagerActivityReservationsPerWorkflowTask: 0,
    interceptors: { activity: [() => ({ inbound: failures })] },
  };
  return [
    await Worker.create({
      ...shared,
      taskQueue,
      workflowBundle: { codePath: bundlePath ?? workflowBundlePath },
      activities: forwarding,
      maxCachedWorkflows,
      maxConcurrentActivityTaskExecutions: forwardingSlots,
    }),
    await Worker.create({
      ...shared,
      taskQueue: listingTaskQueue(taskQueue),
      activities: { listContent },
      maxConcurrentActivityTaskExecutions: listingSlots,
      maxHeartbeatThrottleInterval,
    }),
  ];
}

/** Without the search attributes everything works but finding workflows by state. */
async function checkSearchAttributes({ temporal, logger }: WorkerDescription): Promise<boolean> {
  const { connection } = await connectClient(temporal);
  try {
    const missing = await missingSearchAttributes(connection, temporal.namespace);
    if (missing.length === 0) return true;
    const commands = missing.map(
      (name) =>
        `temporal operator search-attribute create --name ${name} --type ${searchAttributeTypes[name as keyof typeof searchAttributeTypes]}`,
    );
    logger.warn(
      { missing, remedy: commands },
      'The namespace lacks search attributes: workflows run, but cannot be listed by tenant or state. Create them and restart the worker',
    );
    return false;
  } finally {
    await connection.close();
  }
}
