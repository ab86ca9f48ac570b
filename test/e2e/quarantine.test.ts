import { describe, expect } from 'vitest';
import {
  coverageQuery,
  discardQuarantinedUpdate,
  quarantineQuery,
  retryQuarantinedUpdate,
} from '../../src/workflows/messages.ts';
import { pendingActivities } from './support/pending-activities.ts';
import { contentType, exactly, test, type Stand } from './support/stand.ts';
import { waitUntil } from './support/wait-until.ts';

/** The same blobs fail each time. */
const stuck = { operation: 'blob', kind: 'AF50000', share: 0.15 } as const;
const simulator = { historyHours: 4, blobsPerHour: 20, recordsPerBlob: 2 };

describe.concurrent('blobs that fail by themselves', () => {
  test('step aside, are seen failing, and arrive when an operator resets their activity', async ({
    setUp,
  }) => {
    const stand = await setUp({ simulator });
    const fault = stand.simulator.addFault(stuck);
    stand.startWorker();
    await stand.startSubscription(contentType);
    const quarantined = await untilQuarantined(stand);

    const handle = stand.client.workflow.getHandle(stand.workflowId(contentType));
    const { blobs, total } = await handle.query(quarantineQuery, { limit: 1 });
    expect(total).toBe(quarantined);
    expect(blobs).toHaveLength(1);
    expect(blobs[0]).toMatchObject({
      failureType: 'ManagementApi.unavailable',
      message: expect.stringContaining('AF50000'),
      destinations: ['events'],
    });
    const retry = await waitUntil('the blobs are seen failing', async () => {
      const pending = await pendingActivities(stand);
      return pending.find(
        ({ activityId, lastFailure }) => activityId.startsWith('retry-') && lastFailure !== undefined,
      );
    });
    expect(JSON.stringify(retry.lastFailure)).toContain('ManagementApi.unavailable');

    stand.simulator.removeFault(fault);
    const which = ['--workflow-id', stand.workflowId(contentType), '--activity-id', retry.activityId];
    expect(await stand.temporal('activity', 'reset', ...which)).toMatchObject({ status: 0 });
    await stand.drain();
    expect(await stand.status(contentType)).toMatchObject({ quarantined: 0, lost: 0 });
    expect(await stand.verify()).toMatchObject(exactly);
  });

  test('are tried again at once, or become recorded losses, when an operator says so', async ({ setUp }) => {
    const stand = await setUp({ simulator });
    const fault = stand.simulator.addFault(stuck);
    stand.startWorker();
    await stand.startSubscription(contentType);
    const quarantined = await untilQuarantined(stand);
    const handle = stand.client.workflow.getHandle(stand.workflowId(contentType));
    const [given] = (await handle.query(quarantineQuery)).blobs;

    const discard = { contentIds: [given!.contentId], reason: 'known to be broken' };
    expect(await handle.executeUpdate(discardQuarantinedUpdate, { args: [discard] })).toBe(1);
    expect(await handle.executeUpdate(discardQuarantinedUpdate, { args: [discard] })).toBe(0);
    stand.simulator.removeFault(fault);
    expect(await handle.executeUpdate(retryQuarantinedUpdate, { args: [{}] })).toBe(quarantined - 1);
    // Sooner than after the first pause of a minute.
    await waitUntil('none is left', async () => (await stand.status(contentType)).quarantined === 0, 40_000);
    await stand.drain();

    expect(await stand.status(contentType)).toMatchObject({ quarantined: 0, lost: 1 });
    const { rows, losses } = await handle.query(coverageQuery);
    expect(losses).toMatchObject([
      { contentId: given!.contentId, reason: 'discarded by an operator: known to be broken' },
    ]);
    for (const row of rows) expect(row.listed).toBe(row.delivered + row.pending + row.quarantined + row.lost);
    expect(rows.reduce((sum, { lost }) => sum + lost, 0)).toBe(1);
    const verified = await stand.verify();
    expect(verified).toMatchObject({ ...exactly, missing: 2 });
  });

  test('that are many are carried over several runs while newer blobs go on', async ({ setUp }) => {
    const stand = await setUp({
      simulator: { ...simulator, historyHours: 20, blobsPerHour: 60, liveEveryMs: 500 },
      settings: { max_interval: '1s' },
    });
    const fault = stand.simulator.addFault({ ...stuck, share: 0.45 });
    stand.startWorker();
    await stand.startSubscription(contentType);
    const first = (await stand.describe(contentType)).workflowExecutionInfo?.execution?.runId;
    await waitUntil(
      '500 blobs are in quarantine',
      async () => (await stand.status(contentType)).quarantined >= 500,
    );
    await waitUntil('several runs have passed', async () => (await runs(stand, first!)) >= 2, 150_000);
    const { delivered } = await stand.status(contentType);
    await waitUntil('newer blobs go on', async () => {
      const now = await stand.status(contentType);
      return now.delivered.blobs > delivered.blobs + 10;
    });
    stand.simulator.removeFault(fault);
    const handle = stand.client.workflow.getHandle(stand.workflowId(contentType));
    await handle.executeUpdate(retryQuarantinedUpdate, { args: [{}] });
    await stand.drain();
    expect(await stand.verify()).toMatchObject(exactly);
  });
});

/** Waits until all that can be delivered is, and says how many blobs are in quarantine. */
async function untilQuarantined(stand: Stand): Promise<number> {
  return waitUntil('the failing blobs are in quarantine and the others delivered', async () => {
    const { available } = stand.blobs(contentType);
    const { quarantined, delivered, pending } = await stand.status(contentType);
    return pending === 0 && quarantined > 1 && quarantined + delivered.blobs === available && quarantined;
  });
}

/** How many runs the workflow has had since its first one. */
async function runs(stand: Stand, first: string): Promise<number> {
  let count = 0;
  const query = `WorkflowId = '${stand.workflowId(contentType)}'`;
  for await (const { runId } of stand.client.workflow.list({ query })) if (runId !== first) count++;
  return count;
}
