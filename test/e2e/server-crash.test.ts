import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, inject, onTestFinished } from 'vitest';
import { startDevServer, type DevServer } from '../../src/temporal/dev-server.ts';
import { contentType, exactly, test } from './support/stand.ts';
import { waitUntil } from './support/wait-until.ts';

test('a server killed while a worker is busy and started again costs no record and no worker', async ({
  setUp,
}) => {
  const startServer = await serverOnDisk();
  const server = await startServer(0);
  const stand = await setUp({ address: server.address });
  const slowness = stand.simulator.addFault({ operation: 'blob', kind: 'slow' });
  const worker = stand.startWorker();
  await stand.startSubscription(contentType);
  await waitUntil('a part of a batch is fetched', () => stand.fetched(contentType) >= 10);

  process.kill(server.pid, 'SIGKILL');
  await server.exited;
  const atKill = stand.fetched(contentType);
  const { available } = stand.blobs(contentType);
  expect(atKill).toBeLessThan(50);
  await waitUntil('the worker goes on alone', () => stand.fetched(contentType) >= atKill + 10);

  const restarted = await startServer(Number(server.address.split(':')[1]));
  expect(restarted.address).toBe(server.address);
  stand.simulator.removeFault(slowness);
  await stand.drain();
  expect(worker.isRunning()).toBe(true);
  expect(await stand.verify()).toMatchObject({ blobs: available, ...exactly });
});

/** Starts servers on one database file, which go with the test. */
async function serverOnDisk(): Promise<(port: number) => Promise<DevServer>> {
  const folder = await mkdtemp(path.join(tmpdir(), 'office365-ingest-server-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return async (port) => {
    const server = await startDevServer({
      cliPath: inject('temporalCliPath'),
      databasePath: path.join(folder, 'temporal.db'),
      logPath: path.join(folder, 'server.log'),
      port,
      headless: true,
    });
    onTestFinished(() => server.stop());
    return server;
  };
}
