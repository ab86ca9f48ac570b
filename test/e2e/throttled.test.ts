import { describe, expect } from 'vitest';
import { contentType, exactly, test, type Stand } from './support/stand.ts';
import { waitUntil } from './support/wait-until.ts';

/** Longer than an activity may fail in silence, so that it tells its workflow at its first attempt. */
const retryAfterSeconds = 31;

describe.concurrent('a throttled subscription', () => {
  for (const { what, operation } of [
    { what: 'listing', operation: 'pages' },
    { what: 'fetching', operation: 'blob' },
  ] as const) {
    test(`says so when ${what} is refused, can be found by it, and no longer when it is over`, async ({
      setUp,
    }) => {
      const stand = await setUp({ simulator: { historyHours: 1, liveEveryMs: 2_000 } });
      const fault = stand.simulator.addFault({ operation, kind: 'AF429-status-429', retryAfterSeconds });
      stand.startWorker();
      await stand.startSubscription(contentType);
      await waitUntil('it is throttled', async () => (await stand.status(contentType)).state === 'throttled');
      const { reason, nextAttemptTime, delivered } = await stand.status(contentType);
      expect(reason).toContain('AF429');
      expect(Date.parse(nextAttemptTime!)).toBeGreaterThan(Date.now());
      expect(Date.parse(nextAttemptTime!)).toBeLessThanOrEqual(Date.now() + retryAfterSeconds * 1_000);
      expect(delivered.blobs).toBe(0);
      await waitUntil('it is found as throttled', () => isFoundAs(stand, 'throttled'));

      stand.simulator.removeFault(fault);
      await waitUntil('it is found as running', () => isFoundAs(stand, 'running'));
      expect(await stand.status(contentType)).toMatchObject({ reason: null, nextAttemptTime: null });
      await stand.drain();
      expect(await stand.verify()).toMatchObject(exactly);
    });
  }
});

async function isFoundAs(stand: Stand, state: string): Promise<boolean> {
  const query = `WorkflowId = '${stand.workflowId(contentType)}' AND IngestState = '${state}'`;
  return (await stand.client.workflow.count(`${query} AND ExecutionStatus = 'Running'`)).count === 1;
}
