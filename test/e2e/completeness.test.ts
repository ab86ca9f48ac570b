import { describe, expect } from 'vitest';
import { coverageQuery } from '../../src/workflows/messages.ts';
import { contentType, exactly, test } from './support/stand.ts';
import { waitUntil } from './support/wait-until.ts';

const simulator = { historyHours: 3, blobsPerHour: 12, recordsPerBlob: [1, 8] as const };

describe.concurrent('content arrives completely and once', () => {
  test('that becomes visible after its window was finished', async ({ setUp }) => {
    const stand = await setUp({
      simulator: { ...simulator, liveEveryMs: 400, late: { rate: 0.4, delayMs: [2_000, 6_000] as const } },
      settings: { sweep_ages: ['4s', '12s'], max_interval: '1s' },
    });
    stand.startWorker();
    await stand.startSubscription(contentType);
    const handle = stand.client.workflow.getHandle(stand.workflowId(contentType));
    const late = await waitUntil('a sweep has found late blobs', async () => {
      const { rows } = await handle.query(coverageQuery);
      return rows.reduce((sum, row) => sum + row.late, 0);
    });
    expect(late).toBeGreaterThan(0);
    await stand.drain();
    expect(await stand.verify()).toMatchObject(exactly);
    const { rows } = await handle.query(coverageQuery);
    const { delivered } = await stand.status(contentType);
    expect(rows.reduce((sum, row) => sum + row.delivered, 0)).toBe(delivered.blobs);
    expect(rows.reduce((sum, row) => sum + row.records, 0)).toBe(delivered.records);
  });

  for (const cut of ['lost', 'neighbour', 'reordered'] as const) {
    test(`where a window that falls into a blob cuts it (reading: ${cut})`, async ({ setUp }) => {
      const stand = await setUp({
        simulator: { ...simulator, cut, liveEveryMs: 1_500, shufflePages: true },
        settings: { sweep_ages: ['5s'], max_interval: '1s' },
      });
      stand.startWorker();
      await stand.startSubscription(contentType);
      await waitUntil(
        'much is delivered',
        async () => (await stand.status(contentType)).delivered.blobs > 50,
      );
      await stand.drain();
      expect(await stand.verify()).toMatchObject(exactly);
    });
  }
});
