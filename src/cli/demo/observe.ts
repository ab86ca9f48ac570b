import type { Client } from '@temporalio/client';
import type { TenantConfig } from '../../config/config.ts';
import { subscriptionWorkflowId } from '../../domain/ids.ts';
import { readRow } from '../subscription-row.ts';
import type { SimulatorControl } from './simulator-control.ts';

/** How far the subscriptions of some tenants are, by their workflows and by the simulator. */
export interface Progress {
  readonly subscriptions: number;
  /** Blobs that Microsoft's part has made available so far. */
  readonly available: number;
  /** Blobs that were served completely at least once. */
  readonly fetched: number;
  readonly delivered: number;
  readonly records: number;
  readonly pending: number;
  readonly lost: number;
}

export async function readProgress(
  client: Client,
  simulator: SimulatorControl,
  tenants: readonly TenantConfig[],
): Promise<Progress> {
  const report = await simulator.report();
  const ids = new Set(tenants.map(({ tenantId }) => tenantId));
  const started = report.subscriptions.filter(({ tenantId }) => ids.has(tenantId));
  const rows = await Promise.all(
    started.map(({ tenantId, contentType }) =>
      readRow(client, { tenant: tenants.find((tenant) => tenant.tenantId === tenantId)!, contentType }),
    ),
  );
  const sum = (count: (row: (typeof rows)[number]) => number) =>
    rows.reduce((total, row) => total + count(row), 0);
  return {
    subscriptions: started.length,
    available: started.reduce((total, { blobs }) => total + blobs.available, 0),
    fetched: started.reduce((total, { blobs }) => total + blobs.fetched, 0),
    delivered: sum(({ delivered }) => delivered.blobs),
    records: sum(({ delivered }) => delivered.records),
    pending: sum(({ pending }) => pending),
    lost: sum(({ lost }) => lost),
  };
}

/** The id of an activity of the workflow that has failed twice at least, so that its next attempt is some seconds away. */
export async function waitForFailure(
  client: Client,
  workflowId: string,
  pause: () => Promise<void>,
): Promise<string> {
  const handle = client.workflow.getHandle(workflowId);
  for (;;) {
    const { raw } = await handle.describe();
    const failing = raw.pendingActivities?.find(
      ({ attempt, lastFailure }) => lastFailure && (attempt ?? 0) >= 3,
    );
    if (failing?.activityId) return failing.activityId;
    await pause();
  }
}

/** Events of all runs of the subscriptions' workflows. */
export async function countEvents(
  client: Client,
  subscriptions: readonly { tenantId: string; contentType: string }[],
): Promise<number> {
  let events = 0;
  for (const { tenantId, contentType } of subscriptions) {
    const workflowId = subscriptionWorkflowId(tenantId, contentType);
    for await (const { runId } of client.workflow.list({ query: `WorkflowId="${workflowId}"` })) {
      events += (await client.workflow.getHandle(workflowId, runId).describe()).historyLength;
    }
  }
  return events;
}
