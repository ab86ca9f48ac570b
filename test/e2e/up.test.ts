import path from 'node:path';
import { expect, onTestFinished } from 'vitest';
import type { StatusRow } from '../../src/cli/subscription-row.ts';
import { killProgram, processesWith, programPath, runToEnd, startProgram } from './support/program.ts';
import { contentType, exactly, test } from './support/stand.ts';
import { waitUntil } from './support/wait-until.ts';

test('up brings everything up, ends in order, and goes on from its state at the next start', async ({
  setUp,
}) => {
  const stand = await setUp({ simulator: { liveEveryMs: 500 } });
  const { TEMPORAL_ADDRESS: _, ...environment } = stand.environment;
  const running = { environment, workingFolder: stand.folder };
  const config = ['--config', stand.configPath];
  const state = path.join(stand.folder, 'state');
  const startUp = () => {
    const program = startProgram(['up', ...config, '--state', state], running);
    onTestFinished(() => killProgram(program));
    return program;
  };

  const first = startUp();
  await waitUntil('records arrive', () => stand.fetched(contentType) >= 100);
  const rows = await waitUntil('another command finds its server', async () => {
    const { status, stdout } = await runToEnd(programPath, ['status', ...config, '--json'], running);
    return status === 0 && (JSON.parse(stdout) as StatusRow[]);
  });
  expect(rows).toMatchObject([{ contentType, delivered: { blobs: expect.any(Number) } }]);
  first.kill('SIGTERM');
  expect(await first.exited).toBe(0);
  expect(first.output()).toContain('1 to start, 0 running already');
  expect(await processesWith(state)).toEqual([]);

  const atEnd = stand.fetched(contentType);
  const second = startUp();
  await waitUntil('it goes on', () => stand.fetched(contentType) > atEnd);
  stand.simulator.freeze();
  const { available } = stand.blobs(contentType);
  await waitUntil('all is fetched', () => stand.fetched(contentType) === available);
  second.kill('SIGTERM');
  expect(await second.exited).toBe(0);
  expect(second.output()).toContain('0 to start, 1 running already');
  expect(await stand.verify()).toMatchObject({ blobs: available, ...exactly });
});
