import { describe, expect } from 'vitest';
import type { BackfillResult } from '../../src/workflows/backfill-subscription.ts';
import { backfillUpdate, resumeUpdate } from '../../src/workflows/messages.ts';
import { contentType, exactly, test, type Stand } from './support/stand.ts';
import { waitUntil } from './support/wait-until.ts';

const hourMs = 3_600_000;
const simulator = {
  historyHours: 12,
  blobsPerHour: 12,
  recordsPerBlob: 2,
  historyVisibleAtStart: 'all',
} as const;

describe.concurrent('a backfill', () => {
  test('works a span alone where nothing runs yet, and hands over to live work', async ({ setUp }) => {
    const stand = await setUp({ simulator });
    stand.startWorker();
    const span = { startTime: hoursAgo(8), endTime: hoursAgo(4) };
    const report = await backfill(stand, span);
    expect(report).toMatchObject({ state: 'completed', window: span, doneUntil: span.endTime });
    expect(report.listed).toBeGreaterThan(40);
    expect(report.destinations.events).toMatchObject({
      delivered: report.listed,
      records: 2 * report.listed,
      had: 0,
      quarantined: 0,
      lost: 0,
    });
    expect(await stand.status(contentType)).toMatchObject({
      state: 'paused',
      delivered: { blobs: report.listed },
    });

    await stand.client.workflow
      .getHandle(stand.workflowId(contentType))
      .executeUpdate(resumeUpdate, { args: [{}] });
    await waitUntil('live work has taken all', async () => {
      const { delivered, pending } = await stand.status(contentType);
      return pending === 0 && delivered.blobs >= stand.blobs(contentType).available;
    });
    expect(await stand.verify()).toMatchObject(exactly);
  });

  test('sends what a destination has only when it is told to', async ({ setUp }) => {
    const stand = await setUp({ simulator });
    stand.startWorker();
    await stand.startSubscription(contentType);
    await stand.drain();
    const span = { startTime: hoursAgo(3), endTime: hoursAgo(2) };

    const again = await backfill(stand, span);
    expect(again).toMatchObject({ state: 'completed', listed: expect.any(Number) });
    expect(again.destinations.events).toMatchObject({ delivered: 0, had: again.listed });
    expect(await stand.verify()).toMatchObject(exactly);

    const resent = await backfill(stand, { ...span, resend: true });
    expect(resent.destinations.events).toMatchObject({ delivered: again.listed, had: 0 });
    // The file destination knows its blobs: what is sent again is not written again.
    expect(await stand.verify()).toMatchObject(exactly);
    expect(stand.simulator.report().subscriptions[0]!.blobs.fetchedMoreThanOnce).toBe(again.listed);
  });

  test('is refused in words that name the field', async ({ setUp }) => {
    const stand = await setUp({ simulator });
    stand.startWorker();
    await stand.startSubscription(contentType);
    await waitUntil('it runs', async () => (await stand.status(contentType)).delivered.blobs > 0);
    const handle = stand.client.workflow.getHandle(stand.workflowId(contentType));
    const refusal = async (request: object) =>
      handle
        .executeUpdate(backfillUpdate, { args: [request as never] })
        .catch((error: Error) => String(error.cause));
    expect(await refusal({ startTime: hoursAgo(2), endTime: hoursAgo(3) })).toContain(
      'endTime: must be later',
    );
    expect(await refusal({ startTime: hoursAgo(2), endTime: hoursAgo(1), to: 'x' })).toContain(
      'to: is not a field',
    );
    expect(await refusal({ startTime: hoursAgo(400), endTime: hoursAgo(399) })).toContain('further back');
    expect(await refusal({ startTime: hoursAgo(2), endTime: hoursAgo(1), destinations: ['siem'] })).toContain(
      'destinations: siem is none of events',
    );
    const clipped = await handle.executeUpdate(backfillUpdate, {
      args: [{ startTime: hoursAgo(300), endTime: hoursAgo(166) }],
    });
    expect(clipped.clipped).toContain('is not listed any more');
  });
});

/** In whole seconds. */
function hoursAgo(hours: number): string {
  const ms = Date.now() - hours * hourMs;
  return new Date(ms - (ms % 1_000)).toISOString();
}

async function backfill(stand: Stand, request: object): Promise<BackfillResult> {
  const input = { tenantId: stand.tenantId, contentType, ...request };
  return stand.client.workflow.execute('backfillSubscription', {
    workflowId: `${stand.workflowId(contentType)}/backfill/${JSON.stringify(request)}`,
    taskQueue: stand.taskQueue,
    args: [input],
  });
}
