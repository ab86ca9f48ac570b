import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, inject, onTestFinished, test } from 'vitest';
import { killProgram, processesWith, startProgram, type Program } from './support/program.ts';
import { waitUntil } from './support/wait-until.ts';

/** Starts the demo; its processes carry the folder in their command lines. */
async function startDemo(): Promise<{ readonly demo: Program; readonly folder: string }> {
  const folder = await mkdtemp(path.join(tmpdir(), 'office365-ingest-demo-test-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const environment = { ...process.env, HOME: folder, TEMPORAL_CLI_PATH: inject('temporalCliPath') };
  const demo = startProgram(['demo', '--folder', folder], { environment, workingFolder: folder });
  onTestFinished(() => killProgram(demo));
  return { demo, folder };
}

/** It takes 80 s where nothing else runs. */
const timeout = 300_000;

test(
  'the demo ends well, with nothing missing and nothing doubled, and leaves no process',
  { timeout },
  async () => {
    const { demo, folder } = await startDemo();
    const status = await demo.exited;
    expect(demo.output()).toMatch(/^Missing +0$/m);
    expect(demo.output()).toMatch(/^Doubled +0$/m);
    expect(demo.output()).toMatch(/^Altered +0$/m);
    expect(status).toBe(0);
    expect(await processesWith(folder)).toEqual([]);
  },
);

test('the demo that is killed leaves no server, simulator or worker behind', async () => {
  const { demo, folder } = await startDemo();
  await waitUntil('records arrive', () => demo.output().includes('First records on disk'));
  // Demo, server with its watchdog, simulator, worker.
  expect((await processesWith(folder)).length).toBeGreaterThanOrEqual(5);
  demo.kill('SIGKILL');
  await demo.exited;
  await waitUntil('they are gone', async () => (await processesWith(folder)).length === 0, 60_000);
});
