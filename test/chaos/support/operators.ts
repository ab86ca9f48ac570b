import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'vitest';
import {
  pauseUpdate,
  resumeUpdate,
  retryNowUpdate,
  retryQuarantinedUpdate,
} from '../../../src/workflows/messages.ts';
import { pendingActivities, type PendingActivity } from '../../e2e/support/pending-activities.ts';
import { waitUntil } from '../../e2e/support/wait-until.ts';
import { contentType, type Chaos } from './chaos.ts';

type IsOver = () => boolean;

const verbs = ['pause', 'unpause', 'reset', 'update-options'] as const;

/** What each verb of `temporal activity` is given. */
const flags: Readonly<Record<(typeof verbs)[number], readonly string[]>> = {
  pause: ['--reason', 'chaos'],
  unpause: [],
  reset: [],
  'update-options': ['--retry-initial-interval', '2s', '--retry-maximum-interval', '30s'],
};

/**
 * Does something by the Temporal CLI to whatever activity is pending, again and again, and lets all go on at the end. An activity
 * that ends meanwhile makes the CLI fail: how often it did not is counted.
 */
export async function meddleWithActivities(chaos: Chaos, isOver: IsOver): Promise<void> {
  const { stand, dice } = chaos;
  while (!isOver()) {
    const pending = await pendingActivities(stand).catch(() => []);
    if (pending.length === 0) {
      await sleep(100);
      continue;
    }
    const activity = dice.pick(pending);
    const verb = isPaused(activity) ? 'unpause' : dice.pick(verbs);
    const { activityId } = activity;
    if ((await ofActivity(chaos, verb, activityId)) === 0) chaos.count('operations by the CLI');
  }
  await unpauseAll(chaos);
}

async function unpauseAll(chaos: Chaos): Promise<void> {
  await waitUntil('nothing is paused any more', async () => {
    const paused = (await pendingActivities(chaos.stand)).filter(isPaused);
    for (const { activityId } of paused) await ofActivity(chaos, 'unpause', activityId);
    return paused.length === 0;
  });
}

/** Its state does not say so while a worker has not heard of it, or when it is to be cancelled as well. */
function isPaused(activity: PendingActivity & { readonly paused?: boolean }): boolean {
  return activity.paused === true || activity.state.includes('PAUSE');
}

async function ofActivity(
  { stand }: Chaos,
  verb: (typeof verbs)[number],
  activityId: string,
): Promise<number> {
  const which = ['--workflow-id', stand.workflowId(contentType), '--activity-id', activityId];
  return (await stand.temporal('activity', verb, ...which, ...flags[verb])).status;
}

/** Pauses and resumes; each time the status says so right after the answer. */
export async function pauseAndResume(chaos: Chaos, isOver: IsOver): Promise<void> {
  const { stand, dice } = chaos;
  let pauses = 0;
  while (!isOver()) {
    const reason = `pause number ${++pauses}`;
    await chaos.update(pauseUpdate, { reason });
    expect(await stand.status(contentType)).toMatchObject({ state: 'paused', reason });
    await sleep(dice.below(300));
    await chaos.update(resumeUpdate, {});
    expect((await stand.status(contentType)).state).not.toBe('paused');
    await sleep(dice.below(4_000));
  }
  chaos.count('pauses', pauses);
}

/** Wakes the subscription and its quarantine, several times a second. */
export async function wake(chaos: Chaos, isOver: IsOver): Promise<void> {
  while (!isOver()) {
    await chaos.update(retryNowUpdate, {});
    expect(await chaos.update(retryQuarantinedUpdate, {})).toBeGreaterThanOrEqual(0);
    await sleep(chaos.dice.below(1_500));
  }
}
