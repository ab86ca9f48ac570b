import { WorkflowNotFoundError, type Client } from '@temporalio/client';
import { TypedSearchAttributes } from '@temporalio/common';
import { subscriptionWorkflowId } from '../domain/ids.ts';
import { missingSearchAttributes } from '../temporal/search-attributes.ts';
import { contentTypeKey, tenantIdKey } from '../workflows/search-attributes.ts';
import type { Subscription } from './options.ts';

/** What `apply` is going to do. */
export interface Plan {
  readonly toStart: readonly { readonly workflowId: string; readonly subscription: Subscription }[];
  /** Subscriptions whose workflow runs already. */
  readonly running: number;
}

export interface StartResult {
  readonly workflowId: string;
  /** Undefined when it runs now. */
  readonly problem?: string;
}

/** Requests to Temporal at once: it takes some 70 starts a second from thirty callers. */
const concurrentRequests = 20;

/** Looks which of the subscriptions are running. */
export async function planSubscriptions(
  client: Client,
  subscriptions: readonly Subscription[],
): Promise<Plan> {
  const described = await inParallel(subscriptions, async (subscription) => {
    const workflowId = subscriptionWorkflowId(subscription.tenant.tenantId, subscription.contentType);
    return { subscription, workflowId, isRunning: await isRunning(client, workflowId) };
  });
  return {
    toStart: described.filter(({ isRunning: runs }) => !runs),
    running: described.filter(({ isRunning: runs }) => runs).length,
  };
}

/** Starts what the plan names; one that fails does not keep the others from starting. */
export async function startSubscriptions(
  client: Client,
  plan: Plan,
  taskQueue: string,
): Promise<readonly StartResult[]> {
  const missing = await missingSearchAttributes(client.connection, client.options.namespace);
  return inParallel(plan.toStart, async ({ workflowId, subscription: { tenant, contentType } }) => {
    try {
      const { tenantId } = tenant;
      await client.workflow.start('ingestSubscription', {
        workflowId,
        taskQueue,
        args: [{ tenantId, contentType }],
        workflowIdConflictPolicy: 'USE_EXISTING',
        staticSummary: `${tenant.name ?? tenantId} · ${contentType}`,
        priority: { priorityKey: 2, fairnessKey: tenantId },
        ...(missing.length === 0 && {
          typedSearchAttributes: new TypedSearchAttributes([
            { key: tenantIdKey, value: tenantId },
            { key: contentTypeKey, value: contentType },
          ]),
        }),
      });
      return { workflowId };
    } catch (error) {
      return { workflowId, problem: error instanceof Error ? error.message : String(error) };
    }
  });
}

async function isRunning(client: Client, workflowId: string): Promise<boolean> {
  try {
    const { status } = await client.workflow.getHandle(workflowId).describe();
    return status.name === 'RUNNING';
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return false;
    throw error;
  }
}

/** The results in the order of the items, with a bounded number of calls at once. */
export async function inParallel<Item, Result>(
  items: readonly Item[],
  work: (item: Item) => Promise<Result>,
): Promise<Result[]> {
  const results: Result[] = [];
  const left = items.entries();
  const lane = async () => {
    for (const [index, item] of left) results[index] = await work(item);
  };
  await Promise.all(Array.from({ length: concurrentRequests }, lane));
  return results;
}
