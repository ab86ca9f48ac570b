import path from 'node:path';
import { describe, expect } from 'vitest';
import type { Checkpoint } from '../../src/domain/checkpoint.ts';
import type { LedgerEntry } from '../../src/ledger/entries.ts';
import { readLedger } from '../../src/ledger/read-ledger.ts';
import { pauseUpdate } from '../../src/workflows/messages.ts';
import { enableSubscription } from './support/enable-subscription.ts';
import { contentType, exactly, test, type Stand } from './support/stand.ts';
import { waitUntil } from './support/wait-until.ts';

const simulator = { historyHours: 5, blobsPerHour: 20, recordsPerBlob: 2, liveEveryMs: 500 };

describe.concurrent('a subscription', () => {
  test('that is cancelled returns its checkpoint, with which another one goes on exactly', async ({
    setUp,
  }) => {
    const stand = await setUp({ simulator, settings: { max_interval: '1s' } });
    stand.simulator.addFault({ operation: 'blob', kind: 'AF50000', share: 0.1, count: 20 });
    stand.startWorker();
    await stand.startSubscription(contentType);
    await waitUntil('some is delivered', async () => (await stand.status(contentType)).delivered.blobs > 20);
    const handle = stand.client.workflow.getHandle(stand.workflowId(contentType));
    await handle.cancel();
    const checkpoint = (await handle.result()) as Checkpoint;
    expect(checkpoint).toMatchObject({ version: 1, position: expect.any(String) });

    await stand.startSubscription(contentType, { checkpoint: asTheCliPrintsIt(checkpoint) });
    await stand.drain();
    expect(await stand.verify()).toMatchObject(exactly);
    expect((await stand.status(contentType)).delivered.blobs).toBe(stand.blobs(contentType).available);
  });

  test('refuses a checkpoint that is not one, and says what is wrong with it', async ({ setUp }) => {
    const stand = await setUp({ simulator });
    stand.startWorker();
    const checkpoint = { version: 1, position: 'yesterday' };
    await stand.startSubscription(contentType, { checkpoint });
    const failure = await stand.client.workflow
      .getHandle(stand.workflowId(contentType))
      .result()
      .catch((error: Error) => String(error.cause));
    expect(failure).toContain('checkpoint: begin is not a text; leave it out to begin anew');
  });

  test('that is paused until a time goes on by itself then', async ({ setUp }) => {
    const stand = await setUp({ simulator });
    stand.startWorker();
    await stand.startSubscription(contentType);
    await waitUntil('it runs', async () => (await stand.status(contentType)).state === 'running');
    const until = new Date(Date.now() + 3_000).toISOString();
    await stand.client.workflow
      .getHandle(stand.workflowId(contentType))
      .executeUpdate(pauseUpdate, { args: [{ until }] });
    expect(await stand.status(contentType)).toMatchObject({ state: 'paused', nextAttemptTime: until });
    await waitUntil('it goes on', async () => (await stand.status(contentType)).state === 'running');
  });

  test('writes down as lost what was created while it was disabled', async ({ setUp }) => {
    const stand = await setUp({
      simulator: { ...simulator, startCooldownMs: 0 },
      settings: { max_interval: '1s' },
    });
    await enableSubscription(stand);
    stand.startWorker();
    await stand.startSubscription(contentType);
    await waitUntil('it runs', async () => (await stand.status(contentType)).state === 'running');
    stand.simulator.addFault({ operation: 'content', kind: 'disableSubscription', count: 1 });
    await waitUntil('the gap is written down', async () => (await stand.status(contentType)).lost === 1);
    const ledger = await waitUntil('the ledger has it', async () => readLosses(stand));
    expect(ledger.find(({ kind }) => kind === 'loss')).toMatchObject({
      kind: 'loss',
      reason: expect.stringContaining('not enabled at Microsoft'),
    });
  });
});

/** An empty list as null. */
function asTheCliPrintsIt(checkpoint: Checkpoint): unknown {
  return JSON.parse(
    JSON.stringify(checkpoint, (_key, value: unknown) =>
      Array.isArray(value) && value.length === 0 ? null : value,
    ),
  );
}

async function readLosses({ folder, tenantId }: Stand): Promise<readonly LedgerEntry[] | undefined> {
  const entries: LedgerEntry[] = [];
  for await (const entry of readLedger(path.join(folder, 'coverage'), { tenantId, contentType }))
    entries.push(entry);
  return entries.length > 0 ? entries : undefined;
}
