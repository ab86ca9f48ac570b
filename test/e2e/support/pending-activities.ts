import { contentType, type Stand } from './stand.ts';

/** An activity under way, as `temporal workflow describe -o json` shows it. */
export interface PendingActivity {
  readonly activityId: string;
  readonly activityType: { readonly name: string };
  readonly state: string;
  readonly attempt: number;
  readonly lastFailure?: unknown;
  readonly nextAttemptScheduleTime?: string;
}

export async function pendingActivities(stand: Stand): Promise<readonly PendingActivity[]> {
  const describe = ['workflow', 'describe', '--workflow-id', stand.workflowId(contentType), '-o', 'json'];
  const { pendingActivities: pending = [] } = JSON.parse((await stand.temporal(...describe)).stdout) as {
    readonly pendingActivities?: readonly PendingActivity[];
  };
  return pending;
}
