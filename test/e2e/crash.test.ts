import { describe, expect } from 'vitest';
import { contentType, exactly, test, type Stand } from './support/stand.ts';
import { waitUntil } from './support/wait-until.ts';

// Both wait most of the time: for the heartbeat time-out of a batch, 20 s.
describe.concurrent('a worker that is killed', () => {
  test('in mid-batch and again during recovery leaves files without gap or repeat', async ({ setUp }) => {
    const stand = await setUp();
    // Eight requests at a time, a second each: no batch of 50 is through before the first kill.
    const slowness = stand.simulator.addFault({ operation: 'blob', kind: 'slow' });
    const first = stand.startWorker();
    await stand.startSubscription(contentType);
    const isFetched = (blobs: number) => () => stand.fetched(contentType) >= blobs;
    await waitUntil('a part of a batch is fetched', isFetched(30));
    first.kill('SIGKILL');
    expect(await first.exited).toBe('SIGKILL');
    const atFirstKill = stand.fetched(contentType);
    expect(atFirstKill).toBeLessThan(50);

    const second = stand.startWorker();
    await waitUntil('the second worker recovers', isFetched(atFirstKill + 10));
    second.kill('SIGKILL');
    expect(await second.exited).toBe('SIGKILL');
    const { available } = stand.blobs(contentType);
    expect(stand.fetched(contentType)).toBeLessThan(available);

    stand.simulator.removeFault(slowness);
    stand.startWorker();
    await stand.drain();
    expect(stand.blobs(contentType).fetchedMoreThanOnce).toBeGreaterThan(0);
    expect(await stand.verify()).toMatchObject({ blobs: available, ...exactly });
  });

  test('leaves its batch to another worker that writes the same files', async ({ setUp }) => {
    const stand = await setUp({ simulator: { historyHours: 1, liveEveryMs: 500 } });
    const workers = [stand.startWorker(), stand.startWorker()];
    await stand.startSubscription(contentType);
    await waitUntil('both have delivered batches', async () => {
      const identities = await identitiesInHistory(stand);
      return workers.every(({ pid }) => identities.some((identity) => identity.startsWith(`${pid}@`)));
    });

    const slowness = stand.simulator.addFault({ operation: 'blob', kind: 'slow', delayMs: 600_000 });
    const holder = await waitUntil('one of them holds a batch', async () => {
      const { pendingActivities } = await stand.describe(contentType);
      const batch = pendingActivities?.find(({ activityType }) => activityType?.name === 'forwardContent');
      return workers.find(({ pid }) => batch?.lastWorkerIdentity?.startsWith(`${pid}@`));
    });
    await waitUntil('it is fetching', () => stand.simulator.faults()[0]!.answered > 0);
    holder.kill('SIGKILL');
    stand.simulator.removeFault(slowness);
    await stand.drain();
    expect(workers.filter((worker) => worker.isRunning())).toHaveLength(1);
    expect(await stand.verify()).toMatchObject(exactly);
  });
});

/** Of the workers that completed a batch in the current run. */
async function identitiesInHistory(stand: Stand): Promise<readonly string[]> {
  const handle = stand.client.workflow.getHandle(stand.workflowId(contentType));
  const events = (await handle.fetchHistory()).events ?? [];
  const isBatch = (eventId: unknown) =>
    events.find((event) => String(event.eventId) === String(eventId))?.activityTaskScheduledEventAttributes
      ?.activityType?.name === 'forwardContent';
  return events
    .map(({ activityTaskCompletedEventAttributes: completed }) => completed)
    .filter((completed) => isBatch(completed?.scheduledEventId))
    .map((completed) => completed?.identity ?? '');
}
