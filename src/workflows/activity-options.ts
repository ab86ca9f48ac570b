import { ActivityCancellationType, proxyActivities, workflowInfo } from '@temporalio/workflow';
import type { Activities } from '../activities/index.ts';
import { listingTaskQueue } from '../domain/ids.ts';

/** Time-outs and retry policies, each number with its reason. Attempts are unlimited everywhere: Temporal shows them. */

/** Live work goes before sweeps and backfills (1 is soonest, 3 the default). */
const livePriority = 2;

interface Named {
  /** Unique over the life of the subscription, and readable: operators type it. */
  readonly activityId: string;
  /** One line for the UI. */
  readonly summary: string;
  readonly tenantId: string;
}

/** Two requests at most, each bounded to some 100 s by the client. */
export function ensuring(named: Named): Pick<Activities, 'ensureSubscription'> {
  return proxyActivities<Pick<Activities, 'ensureSubscription'>>({
    ...shared(named),
    startToCloseTimeout: '5 minutes',
    heartbeatTimeout: undefined,
    retry: { initialInterval: '10 seconds', backoffCoefficient: 2, maximumInterval: '15 minutes' },
  });
}

/**
 * Waits inside for some 15 minutes. A heartbeat that reaches the server costs about 5 ms of its CPU, so there is one in 48 s.
 * TRY_CANCEL: an update wakes the subscription at once; the old listing only reads, and its result is ignored.
 */
export function listing(named: Named): Pick<Activities, 'listContent'> {
  return proxyActivities<Pick<Activities, 'listContent'>>({
    ...shared(named),
    taskQueue: listingTaskQueue(workflowInfo().taskQueue),
    startToCloseTimeout: '30 minutes',
    heartbeatTimeout: '60 seconds',
    cancellationType: ActivityCancellationType.TRY_CANCEL,
    retry: { initialInterval: '5 seconds', backoffCoefficient: 2, maximumInterval: '5 minutes' },
  });
}

/**
 * What was acknowledged within 0.8 of the heartbeat time-out before a crash may be sent twice to a destination that cannot
 * deduplicate: 20 s bounds it. Cancelling waits for the outcome, so that no acknowledgement is lost.
 */
export function forwarding(named: Named): Pick<Activities, 'forwardContent'> {
  return proxyActivities<Pick<Activities, 'forwardContent'>>({
    ...shared(named),
    startToCloseTimeout: '15 minutes',
    heartbeatTimeout: '20 seconds',
    cancellationType: ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
    retry: { initialInterval: '5 seconds', backoffCoefficient: 2, maximumInterval: '10 minutes' },
  });
}

function shared({ activityId, summary, tenantId }: Named) {
  return { activityId, summary, priority: { priorityKey: livePriority, fairnessKey: tenantId } };
}
