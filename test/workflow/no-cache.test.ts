import { describe, expect } from 'vitest';
import { contentType, exactly, test } from '../e2e/support/stand.ts';
import { waitUntil } from '../e2e/support/wait-until.ts';

describe('ingestSubscription without a workflow cache', () => {
  test('takes the same turns when each of its tasks replays the run from its start', async ({ setUp }) => {
    const stand = await setUp({ simulator: { blobsPerHour: 6, recordsPerBlob: 2, liveEveryMs: 500 } });
    const { simulator } = stand;
    stand.startWorker('--max-cached-workflows', '0');
    await stand.startSubscription(contentType);
    await waitUntil(
      'something is delivered',
      async () => (await stand.status(contentType)).delivered.blobs > 100,
    );

    const update = (name: string) =>
      stand.temporal('workflow', 'update', 'execute', '-w', stand.workflowId(contentType), '--name', name);
    expect(await update('pause')).toMatchObject({ status: 0 });
    expect((await stand.status(contentType)).state).toBe('paused');
    expect(await update('resume')).toMatchObject({ status: 0 });

    const fault = simulator.addFault({ operation: 'content', kind: 'AF20023', contentType });
    await waitUntil('it is blocked', async () => (await stand.status(contentType)).state === 'blocked');
    simulator.removeFault(fault);
    expect(await update('retryNow')).toMatchObject({ status: 0 });
    await waitUntil('it runs again', async () => (await stand.status(contentType)).state === 'running');

    await stand.drain();
    expect(await stand.verify()).toMatchObject(exactly);
    const { workflowExecutionInfo } = await stand.describe(contentType);
    expect(workflowExecutionInfo?.searchAttributes?.indexedFields).not.toHaveProperty(
      'TemporalReportedProblems',
    );
  });
});
