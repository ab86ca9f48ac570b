import { describe, expect } from 'vitest';
import { exactly, test, type Stand } from './support/stand.ts';
import { waitUntil } from './support/wait-until.ts';

const busy = 'Audit.Exchange';
const waiting = ['Audit.General', 'DLP.All'];

describe.concurrent('a worker that is asked to end', () => {
  test('lets listings return and batches hand back what they have, so that nothing fails', async ({
    setUp,
  }) => {
    const stand = await setUp({ simulator: { contentTypes: [busy, ...waiting] } });
    const first = stand.startWorker();
    for (const contentType of waiting) await stand.startSubscription(contentType);
    for (const contentType of waiting)
      await waitUntil(`${contentType} waits`, () => isWaiting(stand, contentType));
    // Four batches of 50 at eight blobs a second need 25 s, longer than a worker waits for them.
    const slowness = stand.simulator.addFault({ operation: 'blob', kind: 'slow', contentType: busy });
    await stand.startSubscription(busy);
    await waitUntil('the batches are under way', () => stand.fetched(busy) >= 8);

    first.kill('SIGTERM');
    const endMs = Date.now() + 30_000;
    expect(await first.exited).toBe(0);
    expect(Date.now()).toBeLessThan(endMs);
    expect(stand.fetched(busy)).toBeGreaterThan(50);
    expect(stand.fetched(busy)).toBeLessThan(200);
    for (const contentType of [busy, ...waiting]) expect(await failuresOf(stand, contentType)).toEqual([]);

    stand.simulator.removeFault(slowness);
    stand.startWorker();
    await stand.drain();
    for (const contentType of [busy, ...waiting]) expect(await failuresOf(stand, contentType)).toEqual([]);
    expect(await stand.verify()).toMatchObject(exactly);
  });

  test('ends at once when it is asked twice', async ({ setUp }) => {
    const stand = await setUp();
    stand.simulator.addFault({ operation: 'blob', kind: 'slow', delayMs: 600_000 });
    const worker = stand.startWorker();
    await stand.startSubscription(busy);
    await waitUntil('a batch is under way', () => stand.simulator.faults()[0]!.answered > 0);
    worker.kill('SIGTERM');
    await waitUntil('it says so', () => worker.output().includes('once more stops at once'));
    worker.kill('SIGTERM');
    expect(await worker.exited).toBe(130);
    expect(stand.fetched(busy)).toBe(0);
  });
});

/** Whether everything is delivered and the next listing is under way. */
async function isWaiting(stand: Stand, contentType: string): Promise<boolean> {
  const { delivered } = await stand.status(contentType);
  const [pending] = (await stand.describe(contentType)).pendingActivities ?? [];
  return delivered.blobs > 0 && pending?.activityType?.name === 'listContent';
}

/** Attempts that failed, in the history of the current run and among the pending activities. */
async function failuresOf(stand: Stand, contentType: string): Promise<readonly string[]> {
  const handle = stand.client.workflow.getHandle(stand.workflowId(contentType));
  const events = (await handle.fetchHistory()).events ?? [];
  const failed = events.filter(
    (event) =>
      event.activityTaskFailedEventAttributes ??
      event.activityTaskTimedOutEventAttributes ??
      event.workflowTaskFailedEventAttributes ??
      (event.activityTaskStartedEventAttributes?.attempt ?? 1) > 1,
  );
  const { pendingActivities } = await stand.describe(contentType);
  const failing = (pendingActivities ?? []).filter(
    ({ attempt, lastFailure }) => lastFailure ?? attempt !== 1,
  );
  return [
    ...failed.map(({ eventId, eventType }) => `event ${String(eventId)} of type ${eventType}`),
    ...failing.map(({ activityId, attempt }) => `${activityId} in attempt ${attempt}`),
  ];
}
