import { rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect } from 'vitest';
import { backfillUpdate, retryNowUpdate } from '../../src/workflows/messages.ts';
import { contentType, exactly, test } from './support/stand.ts';
import { waitUntil } from './support/wait-until.ts';

const simulator = { historyHours: 6, blobsPerHour: 20, recordsPerBlob: 3, liveEveryMs: 700 };
const destinations = [
  { name: 'archive', type: 'file', path: './events' },
  { name: 'siem', type: 'file', path: './siem' },
];

describe.concurrent('a destination', () => {
  test('that fails where another succeeds holds it up no longer, and catches up once it is back', async ({
    setUp,
  }) => {
    const stand = await setUp({ simulator, destinations, settings: { max_interval: '1s' } });
    const siemPath = path.join(stand.folder, 'siem');
    await writeFile(siemPath, 'a file in the way');
    stand.startWorker();
    await stand.startSubscription(contentType);
    const handle = stand.client.workflow.getHandle(stand.workflowId(contentType));
    await waitUntil('the other has everything, and goes on', async () => {
      const { reason, checkpointTime } = await stand.status(contentType);
      const lagMs = Date.now() - Date.parse(checkpointTime ?? '1970');
      return reason?.includes('siem') && lagMs < 10_000;
    });
    const fetched = stand.simulator.report().subscriptions[0]!.blobs;
    expect(fetched.fetched).toBeGreaterThan(100);

    await rm(siemPath);
    await handle.executeUpdate(retryNowUpdate, { args: [{}] });
    await waitUntil('it is back', async () => (await stand.status(contentType)).reason === null);
    await stand.drain();
    expect(await stand.verify()).toMatchObject(exactly);
    expect(await stand.verify(siemPath)).toMatchObject(exactly);
    expect(stand.simulator.report().subscriptions[0]!.blobs.available).toBeGreaterThan(120);
  });

  test('that is added later is owed what its lookback says, and the rest when asked', async ({ setUp }) => {
    const stand = await setUp({
      simulator: { ...simulator, liveEveryMs: 0 },
      destinations: destinations.slice(0, 1),
    });
    const worker = stand.startWorker();
    await stand.startSubscription(contentType);
    await waitUntil('all is delivered', async () => {
      const { delivered, pending } = await stand.status(contentType);
      return pending === 0 && delivered.blobs === stand.blobs(contentType).available;
    });
    worker.kill('SIGTERM');
    await worker.exited;

    const startTime = new Date(Date.now() - 3 * 3_600_000).toISOString();
    await stand.configure({ destinations: [destinations[0]!, { ...destinations[1]!, lookback: '3h' }] });
    stand.startWorker();
    const handle = stand.client.workflow.getHandle(stand.workflowId(contentType));
    await handle.executeUpdate(retryNowUpdate, { args: [{}] });
    const siemPath = path.join(stand.folder, 'siem');
    const missingBefore = await waitUntil('it has its three hours', async () => {
      const { missing } = await stand.verify(siemPath);
      return missing <= 3 * 61 && missing;
    });
    expect(missingBefore).toBeGreaterThan(3 * 50);

    await handle.executeUpdate(backfillUpdate, {
      args: [
        {
          startTime: new Date(Date.now() - 8 * 3_600_000).toISOString(),
          endTime: startTime,
          destinations: ['siem'],
        },
      ],
    });
    await waitUntil('it has the rest', async () => (await stand.verify(siemPath)).missing === 0);
    expect(await stand.verify(siemPath)).toMatchObject(exactly);
    expect(await stand.verify()).toMatchObject(exactly);
  });
});
