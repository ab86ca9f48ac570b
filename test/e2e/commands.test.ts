import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect } from 'vitest';
import { programPath, runToEnd } from './support/program.ts';
import { contentType, test } from './support/stand.ts';
import { waitUntil } from './support/wait-until.ts';

const small = { simulator: { historyHours: 1, contentTypes: [contentType, 'DLP.All'] } };

describe.concurrent('the command', () => {
  test('apply starts what is missing, and changes nothing when it is repeated', async ({ setUp }) => {
    const stand = await setUp(small);
    stand.startWorker();
    const apply = ['apply', '--config', stand.configPath, '--task-queue', stand.taskQueue];
    const unasked = await stand.run(...apply);
    expect(unasked).toMatchObject({ status: 2, stderr: expect.stringContaining('--yes') });
    await stand.startSubscription(contentType);
    const runId = (await stand.describe(contentType)).workflowExecutionInfo?.execution?.runId;

    const first = await stand.run(...apply, '--yes');
    expect(first).toMatchObject({
      status: 0,
      stdout: expect.stringContaining('1 to start, 1 running already'),
    });
    const second = await stand.run(...apply, '--yes');
    expect(second).toMatchObject({
      status: 0,
      stdout: expect.stringContaining('0 to start, 2 running already'),
    });
    expect((await stand.describe(contentType)).workflowExecutionInfo?.execution?.runId).toBe(runId);
    await waitUntil('what it started works', () => stand.fetched('DLP.All') > 0);
  });

  test('status prints one row per subscription, the worst first', async ({ setUp }) => {
    const stand = await setUp(small);
    stand.startWorker();
    await stand.startSubscription(contentType);
    await waitUntil('it runs', async () => (await stand.status(contentType)).state === 'running');
    await stand.drain();
    const { status, stdout, stderr } = await stand.run('status', '--config', stand.configPath, '--json');
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    const row = {
      tenantId: stand.tenantId,
      reason: null,
      checkpointTime: null,
      sweepHorizon: null,
      pending: 0,
      quarantined: 0,
      lost: 0,
      delivered: { blobs: 0, records: 0 },
      lastFailure: null,
      nextAttemptTime: null,
    };
    const { records } = await stand.verify();
    expect(JSON.parse(stdout)).toEqual([
      {
        ...row,
        contentType,
        state: 'running',
        checkpointTime: expect.stringMatching(/^\d{4}-\d\d-\d\dT.*Z$/),
        delivered: { blobs: 12, records },
      },
      { ...row, contentType: 'DLP.All', state: 'notStarted', reason: expect.stringContaining('apply') },
    ]);
  });

  test('check is well with what works, and names the remedy for a wrong secret', async ({ setUp }) => {
    const stand = await setUp(small);
    const check = ['check', '--config', stand.configPath];
    const well = await stand.run(...check);
    expect(well).toMatchObject({ status: 0, stdout: expect.stringContaining('token accepted') });
    expect(well.stdout).not.toContain('failed');

    const config = await readFile(stand.configPath, 'utf8');
    await writeFile(
      stand.configPath,
      config.replace(/^client_secret: .*$/m, 'client_secret: mistaken-secret'),
    );
    const wrong = await stand.run(...check);
    expect(wrong).toMatchObject({
      status: 1,
      stdout: expect.stringMatching(
        /^failed +tenant .*The client secret is wrong\. Use the value of the secret/m,
      ),
    });
    expect(wrong.stdout + wrong.stderr).not.toContain('mistaken-secret');
  });

  test('ends with a status of its own for a wrong file, an absent server and a wrong option', async ({
    setUp,
  }) => {
    const stand = await setUp(small);
    const status = ['status', '--config', stand.configPath];
    const environment = { ...stand.environment, TEMPORAL_ADDRESS: '127.0.0.1:1' };
    const elsewhere = { environment, workingFolder: stand.folder };
    expect(await stand.run(...status, '--jsno')).toMatchObject({
      status: 2,
      stderr: expect.stringContaining("unknown option '--jsno'"),
    });
    expect(await runToEnd(programPath, status, elsewhere)).toMatchObject({
      status: 69,
      stderr: expect.stringContaining('The Temporal server at 127.0.0.1:1 cannot be reached'),
    });

    const misspelt = path.join(stand.folder, 'misspelt.yaml');
    const config = await readFile(stand.configPath, 'utf8');
    await writeFile(misspelt, config.replace(/^interval:/m, 'intervall:'));
    const line = config.split('\n').findIndex((text) => text.startsWith('interval:')) + 1;
    expect(await stand.run('status', '--config', misspelt)).toMatchObject({
      status: 78,
      stderr: expect.stringMatching(new RegExp(`misspelt\\.yaml:${line} intervall\\b`)),
    });
  });
});
