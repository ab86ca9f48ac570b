import { activityInfo, getClient } from '@temporalio/activity';
import { WithStartWorkflowOperation, WorkflowUpdateFailedError } from '@temporalio/client';
import { ApplicationFailure } from '@temporalio/common';
import type { BackfillRequest } from '../domain/backfill.ts';
import { subscriptionWorkflowId } from '../domain/ids.ts';
import { isoTime, type TimeWindow } from '../domain/time-window.ts';
import { InputError } from '../errors.ts';
import type { ActivityDependencies } from './dependencies.ts';
import { requireTenant } from './dependencies.ts';

export interface RequestBackfillInput extends BackfillRequest {
  readonly tenantId: string;
  readonly contentType: string;
}

/** As the subscription takes it. */
export interface RequestedBackfill {
  readonly id: string;
  /** What of the span can be had. */
  readonly window: TimeWindow;
  /** In words, where that is less than what was asked for. */
  readonly clipped?: string;
}

/** Why a subscription waits that was started for a backfill. */
const startedForBackfill = 'started for a backfill alone; resume begins live work';

/**
 * Hands a span to the workflow that owns the subscription, and starts that workflow, paused, where it does not run. Safe to retry
 * because the same request twice is one. Throws `Input` for what the worker's configuration or the subscription refuses.
 */
export function requestBackfill(dependencies: ActivityDependencies) {
  return async ({ tenantId, contentType, ...request }: RequestBackfillInput): Promise<RequestedBackfill> => {
    const { config } = requireTenant(dependencies, tenantId, { isFirst: true });
    const unknown = request.destinations?.filter((name) => !config.destinations.includes(name)) ?? [];
    if (unknown.length > 0) {
      const names = config.destinations.join(', ');
      throw new InputError('destinations', `${unknown.join(', ')} is none of this tenant's: ${names}`);
    }
    const paused = { since: isoTime(Date.now()), reason: startedForBackfill, exceptBackfills: true };
    const startWorkflowOperation = new WithStartWorkflowOperation('ingestSubscription', {
      workflowId: subscriptionWorkflowId(tenantId, contentType),
      taskQueue: activityInfo().taskQueue,
      workflowIdConflictPolicy: 'USE_EXISTING',
      args: [{ tenantId, contentType, state: { paused } }],
    });
    try {
      return await getClient().workflow.executeUpdateWithStart<
        () => Promise<void>,
        RequestedBackfill,
        unknown[]
      >('backfill', { args: [request], startWorkflowOperation: startWorkflowOperation as never });
    } catch (error) {
      const refusal = error instanceof WorkflowUpdateFailedError ? error.cause : undefined;
      if (refusal instanceof ApplicationFailure && refusal.type === 'Input')
        throw ApplicationFailure.nonRetryable(refusal.message, 'Input');
      throw error;
    }
  };
}
