import { ActivityCancellationType, proxyActivities, workflowInfo } from '@temporalio/workflow';
import type { Activities } from '../activities/index.ts';
import { listingTaskQueue } from '../domain/ids.ts';

/** Time-outs and retry policies, each number with its reason. Attempts are unlimited everywhere: Temporal shows them. */

export interface Named {
  /** Unique over the life of the subscription, and readable: operators type it. */
  readonly activityId: string;
  /** One line for the UI. */
  readonly summary: string;
  readonly tenantId: string;
  readonly priority: WorkPriority;
}

/** Live work goes before sweeps, backfills and quarantine. */
export type WorkPriority = 'live' | 'owed';

/** 1 is soonest, 3 the default. */
const priorityKeys = { live: 2, owed: 4 } as const;

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
 * A live listing waits inside for some 15 minutes. A heartbeat that reaches the server costs about 5 ms of its CPU and comes once
 * in 0.8 of the time-out, which is a setting.
 * TRY_CANCEL: an update wakes the subscription at once; the old listing only reads, and its result is ignored.
 */
export function listing(named: Named & { readonly heartbeatMs: number }): Pick<Activities, 'listContent'> {
  return proxyActivities<Pick<Activities, 'listContent'>>({
    ...shared(named),
    taskQueue: listingTaskQueue(workflowInfo().taskQueue),
    startToCloseTimeout: '30 minutes',
    heartbeatTimeout: named.heartbeatMs,
    cancellationType: ActivityCancellationType.TRY_CANCEL,
    retry: { initialInterval: '5 seconds', backoffCoefficient: 2, maximumInterval: '5 minutes' },
  });
}

/**
 * What was acknowledged within 0.8 of the heartbeat time-out before a crash may be sent twice to a destination that cannot
 * deduplicate: 20 s bounds it. Cancelling waits for the outcome, so that no acknowledgement is lost. Blobs that were set aside
 * begin with the pause that they have earned, and go up to an hour.
 */
export function forwarding(
  named: Named & { readonly firstPauseMs?: number },
): Pick<Activities, 'forwardContent'> {
  const retry =
    named.firstPauseMs === undefined
      ? { initialInterval: '5 seconds' as const, maximumInterval: '10 minutes' as const }
      : { initialInterval: named.firstPauseMs, maximumInterval: '1 hour' as const };
  return proxyActivities<Pick<Activities, 'forwardContent'>>({
    ...shared(named),
    startToCloseTimeout: '15 minutes',
    heartbeatTimeout: '20 seconds',
    cancellationType: ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
    retry: { ...retry, backoffCoefficient: 2 },
  });
}

/** A few lines to a file. */
export function recording(named: Named): Pick<Activities, 'recordCoverage'> {
  return proxyActivities<Pick<Activities, 'recordCoverage'>>({
    ...shared(named),
    startToCloseTimeout: '2 minutes',
    heartbeatTimeout: undefined,
    cancellationType: ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
    retry: { initialInterval: '10 seconds', backoffCoefficient: 2, maximumInterval: '15 minutes' },
  });
}

/** One update of a workflow, which may have to wait for its worker. */
export function requesting(named: Named): Pick<Activities, 'requestBackfill'> {
  return proxyActivities<Pick<Activities, 'requestBackfill'>>({
    ...shared(named),
    startToCloseTimeout: '1 minute',
    heartbeatTimeout: undefined,
    retry: { initialInterval: '5 seconds', backoffCoefficient: 2, maximumInterval: '1 minute' },
  });
}

function shared({ activityId, summary, tenantId, priority }: Named) {
  return {
    activityId,
    summary,
    priority: { priorityKey: priorityKeys[priority], fairnessKey: tenantId },
  };
}
