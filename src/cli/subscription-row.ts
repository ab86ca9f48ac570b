import { WorkflowNotFoundError, type Client, type WorkflowHandle } from '@temporalio/client';
import { subscriptionWorkflowId } from '../domain/ids.ts';
import { isoTime, parseTime } from '../domain/time-window.ts';
import {
  ingestStates,
  statusQuery,
  type IngestState,
  type SubscriptionStatus,
} from '../workflows/messages.ts';
import type { Subscription } from './options.ts';

/** A row of `status`: what the workflow says, and `notStarted` or `stopped` for what the server does not run. */
export interface StatusRow extends Omit<SubscriptionStatus, 'state'> {
  readonly state: RowState;
}

/** Worst first. */
export const rowStates = [...ingestStates, 'notStarted', 'stopped'] as const;
export type RowState = IngestState | 'notStarted' | 'stopped';

/** No worker answers a query within this time: then the row says so. */
const queryTimeoutMs = 5_000;

/** Asks the server, and the workflow itself where it runs. */
export async function readRow(client: Client, { tenant, contentType }: Subscription): Promise<StatusRow> {
  const { tenantId } = tenant;
  const handle = client.workflow.getHandle(subscriptionWorkflowId(tenantId, contentType));
  const description = await describe(handle);
  if (description === undefined)
    return emptyRow(tenantId, contentType, 'notStarted', 'start it with `office365-ingest apply`');
  if (description.status.name !== 'RUNNING') {
    return emptyRow(
      tenantId,
      contentType,
      'stopped',
      `the workflow is ${description.status.name.toLowerCase()}`,
    );
  }
  const activities = description.raw.pendingActivities ?? [];
  const { lastFailure, nextAttemptTime } = pendingFailure(activities);
  try {
    const status = await client.withDeadline(Date.now() + queryTimeoutMs, () => handle.query(statusQuery));
    return {
      ...status,
      checkpointTime: newest(status.checkpointTime, listedUntil(activities, tenant.settings.settleTimeMs)),
      lastFailure: lastFailure ?? status.lastFailure,
      nextAttemptTime: nextAttemptTime ?? status.nextAttemptTime,
    };
  } catch (error) {
    const reason = `no worker answers: ${error instanceof Error ? error.message : String(error)}`;
    return { ...emptyRow(tenantId, contentType, 'blocked', reason), lastFailure, nextAttemptTime };
  }
}

type Description = Awaited<ReturnType<WorkflowHandle['describe']>>;
type PendingActivity = NonNullable<Description['raw']['pendingActivities']>[number];

async function describe(handle: WorkflowHandle): Promise<Description | undefined> {
  try {
    return await handle.describe();
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return undefined;
    throw error;
  }
}

/** The workflow does not learn of attempts that Temporal retries; the server knows them. */
function pendingFailure(
  activities: readonly PendingActivity[],
): Pick<StatusRow, 'lastFailure' | 'nextAttemptTime'> {
  const failing = activities.find(({ lastFailure }) => lastFailure);
  if (failing?.lastFailure === undefined || failing.lastFailure === null) {
    return { lastFailure: null, nextAttemptTime: null };
  }
  return {
    lastFailure: {
      type: failing.lastFailure.applicationFailureInfo?.type ?? 'Error',
      message: failing.lastFailure.message ?? '',
      time: timestamp(failing.lastStartedTime) ?? isoTime(Date.now()),
    },
    nextAttemptTime: timestamp(failing.nextAttemptScheduleTime),
  };
}

/** A waiting listing has found nothing up to a settle time before it listed last; the workflow learns that when it returns. */
function listedUntil(activities: readonly PendingActivity[], settleTimeMs: number): string | null {
  const waiting = activities.find(({ activityType }) => activityType?.name === 'listContent');
  const data = waiting?.heartbeatDetails?.payloads?.[0]?.data;
  if (!data?.length || waiting?.lastFailure) return null;
  const { lastListed } = JSON.parse(Buffer.from(data).toString('utf8')) as { lastListed?: string };
  return lastListed === undefined ? null : isoTime(parseTime(lastListed) - settleTimeMs);
}

function newest(one: string | null, other: string | null): string | null {
  if (one === null || other === null) return one;
  return parseTime(one) > parseTime(other) ? one : other;
}

function timestamp(time: PendingActivity['lastStartedTime']): string | null {
  return time?.seconds === undefined || time.seconds === null ? null : isoTime(Number(time.seconds) * 1000);
}

function emptyRow(tenantId: string, contentType: string, state: RowState, reason: string): StatusRow {
  return {
    tenantId,
    contentType,
    state,
    reason,
    checkpointTime: null,
    sweepHorizon: null,
    pending: 0,
    quarantined: 0,
    lost: 0,
    delivered: { blobs: 0, records: 0 },
    lastFailure: null,
    nextAttemptTime: null,
  };
}
