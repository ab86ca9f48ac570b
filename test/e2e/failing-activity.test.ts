import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect } from 'vitest';
import { pendingActivities, type PendingActivity } from './support/pending-activities.ts';
import { contentType, exactly, test, type Stand } from './support/stand.ts';
import { waitUntil } from './support/wait-until.ts';

const small = { historyHours: 1 };

// They wait most of the time, for back-offs and for heartbeats, by which a running activity learns that it is paused.
describe.concurrent('an activity', () => {
  test('fails in plain sight, and tries again at once when an operator resets it', async ({ setUp }) => {
    const stand = await setUp({ simulator: small });
    const fault = stand.simulator.addFault({ operation: 'blob', kind: 'AF50000' });
    stand.startWorker();
    await stand.startSubscription(contentType);
    const { activityId, lastFailure, nextAttemptScheduleTime } = await waitUntil(
      'three attempts have failed, so that the next one is 20 s away',
      async () => {
        const pending = await pendingActivity(stand);
        return (
          (pending?.attempt ?? 0) >= 4 && pending?.state === 'PENDING_ACTIVITY_STATE_SCHEDULED' && pending
        );
      },
    );
    expect(lastFailure).toMatchObject({
      message: expect.stringMatching(/^retrieveContent Audit.Exchange: HTTP 500, AF50000.* internal error; /),
      applicationFailureInfo: { type: 'ManagementApi.unavailable' },
    });
    const workflow = ['--workflow-id', stand.workflowId(contentType)];
    const { stdout } = await stand.temporal('workflow', 'describe', ...workflow);
    expect(stdout).toContain('The service has an internal error; it is tried again.');
    expect(stdout).not.toMatch(/\.[jt]s:\d+/);

    stand.simulator.removeFault(fault);
    const reset = await stand.temporal('activity', 'reset', ...workflow, '--activity-id', activityId);
    expect(reset).toMatchObject({ status: 0 });
    await stand.drain();
    expect(Date.now()).toBeLessThan(Date.parse(nextAttemptScheduleTime!));
    expect(await stand.verify()).toMatchObject(exactly);
  });

  test('stops fetching while an operator pauses it, and goes on after', async ({ setUp }) => {
    const stand = await setUp({ simulator: small });
    const fault = stand.simulator.addFault({ operation: 'blob', kind: 'slow', delayMs: 600_000 });
    stand.startWorker();
    await stand.startSubscription(contentType);
    await waitUntil('it fetches', () => stand.simulator.faults()[0]!.answered > 0);
    const batch = await pausePending(stand, 'forwardContent');
    stand.simulator.removeFault(fault);
    expect(stand.fetched(contentType)).toBe(0);

    await unpause(stand, batch);
    await stand.drain();
    expect(await stand.verify()).toMatchObject(exactly);
  });

  test('stops in the middle of a batch, too, and delivers the rest of it once', async ({ setUp }) => {
    const stand = await setUp({ simulator: small });
    const fault = stand.simulator.addFault({ operation: 'blob', kind: 'slow', delayMs: 600_000, rate: 0.3 });
    stand.startWorker();
    await stand.startSubscription(contentType);
    await waitUntil('a part is fetched', () => stand.fetched(contentType) > 0);
    const batch = await pausePending(stand, 'forwardContent');
    stand.simulator.removeFault(fault);

    await unpause(stand, batch);
    await stand.drain();
    expect(await stand.verify()).toMatchObject(exactly);
  });

  test('stops listing while an operator pauses it, and goes on after', async ({ setUp }) => {
    const stand = await setUp({ simulator: small, settings: { max_interval: '1s' } });
    const listings = () => stand.simulator.report().requests.content?.['200'] ?? 0;
    stand.startWorker();
    await stand.startSubscription(contentType);
    await waitUntil('it waits for something new', () => listings() >= 3);
    const listing = await pausePending(stand, 'listContent');
    const atPause = listings();
    await sleep(3_000);
    expect(listings()).toBe(atPause);

    await unpause(stand, listing);
    await waitUntil('it lists again', () => listings() > atPause);
  });

  test('that meets a wrong secret parks the subscription, which says what to do and runs once it is done', async ({
    setUp,
  }) => {
    const stand = await setUp({ simulator: small });
    const secretPath = path.join(stand.folder, 'secret');
    const config = await readFile(stand.configPath, 'utf8');
    await writeFile(
      stand.configPath,
      config.replace(/^client_secret: .*$/m, `client_secret_path: ${secretPath}`),
    );
    await writeFile(secretPath, 'mistaken-secret');
    const worker = stand.startWorker();
    await stand.startSubscription(contentType);
    await waitUntil('it parks', async () => (await stand.status(contentType)).state === 'blocked');
    const workflow = ['--workflow-id', stand.workflowId(contentType)];
    const { stdout } = await stand.temporal('workflow', 'query', ...workflow, '--type', 'status');
    expect(stdout).toContain('AADSTS7000215');
    expect(stdout).toContain('The client secret is wrong. Use the value of the secret');
    expect(stdout).toMatch(/"nextAttemptTime":"20/);
    expect(stdout + worker.output()).not.toContain('mistaken-secret');

    await writeFile(secretPath, stand.simulator.clientSecret);
    await stand.temporal('workflow', 'update', 'execute', ...workflow, '--name', 'retryNow');
    await waitUntil('it runs', async () => (await stand.status(contentType)).state === 'running');
    await stand.drain();
    expect(await stand.status(contentType)).toMatchObject({ state: 'running', reason: null });
    expect(await stand.verify()).toMatchObject(exactly);
  });
});

async function pendingActivity(stand: Stand): Promise<PendingActivity | undefined> {
  return (await pendingActivities(stand))[0];
}

/** Pauses the activity that runs, which has to be of this type, waits until it has stopped, and returns its id. */
async function pausePending(stand: Stand, type: string): Promise<string> {
  const running = await waitUntil(`${type} runs`, async () => {
    const pending = await pendingActivity(stand);
    return pending?.activityType.name === type && pending;
  });
  await ofActivity(stand, 'pause', running.activityId, '--reason', 'maintenance');
  await waitUntil('it has stopped', async () => {
    const pending = await pendingActivity(stand);
    return pending?.activityId === running.activityId && pending.state === 'PENDING_ACTIVITY_STATE_PAUSED';
  });
  return running.activityId;
}

function unpause(stand: Stand, activityId: string): Promise<void> {
  return ofActivity(stand, 'unpause', activityId);
}

async function ofActivity(stand: Stand, verb: string, activityId: string, ...more: readonly string[]) {
  const which = ['--workflow-id', stand.workflowId(contentType), '--activity-id', activityId];
  expect(await stand.temporal('activity', verb, ...which, ...more)).toMatchObject({ status: 0 });
}
