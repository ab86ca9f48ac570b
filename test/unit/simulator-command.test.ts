import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { scenarios } from '../../src/simulator/scenarios.ts';
import { startSimulator } from '../../src/simulator/start.ts';

const main = JSON.stringify(new URL('../../src/cli/main.ts', import.meta.url).href);
const workingFolder = fileURLToPath(new URL('../../', import.meta.url));
let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'simulator-command-'));
});
afterEach(() => rm(folder, { recursive: true }));

/** How node runs `office365-ingest simulator` from its source. */
const commandLine = (args: readonly string[]) => [
  '--import',
  'tsx',
  '--eval',
  `const { main } = await import(${main}); await main(${JSON.stringify(['simulator', ...args])});`,
  '--input-type=module',
];

interface Finished {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

function run(...args: readonly string[]): Promise<Finished> {
  return new Promise((resolve) => {
    execFile(process.execPath, commandLine(args), { cwd: workingFolder }, (error, stdout, stderr) => {
      resolve({ status: typeof error?.code === 'number' ? error.code : 0, stdout, stderr });
    });
  });
}

describe('office365-ingest simulator', () => {
  it('lists its scenarios, a line each', async () => {
    const { status, stdout } = await run('scenarios');
    expect(status).toBe(0);
    const lines = stdout.trim().split('\n').slice(1);
    expect(lines.map((line) => line.split(' ')[0])).toEqual(scenarios.map(({ name }) => name));
  });

  it('runs scenarios, options and faults as asked for, over https, until it is told to stop', async () => {
    const caFile = path.join(folder, 'ca.pem');
    const config = path.join(folder, 'config.yaml');
    const program = spawn(
      process.execPath,
      commandLine([
        ...'--port 0 --https --tenants 1 --scenario cut-lost --scenario late-content --set pageSize=7'.split(
          ' ',
        ),
        '--ca-file',
        caFile,
        '--write-config',
        config,
        '--fault',
        '{"operation":"blob","kind":"AF50000","share":0.02}',
      ]),
      { cwd: workingFolder, stdio: ['ignore', 'pipe', 'inherit'] },
    );
    try {
      const [line] = (await once(program.stdout, 'data')) as [Buffer];
      expect(line.toString()).toMatch(/^https:\/\/127\.0\.0\.1:\d+\n$/);
      expect(await readFile(caFile, 'utf8')).toMatch(/^-----BEGIN CERTIFICATE-----/);
      expect(await readFile(config, 'utf8')).toContain(line.toString().trim());
    } finally {
      const exited = once(program, 'exit');
      program.kill('SIGTERM');
      expect(await exited).toEqual([0, null]);
    }
  });

  it('verify ends with 1 when the files hold something that was never served', async () => {
    const simulator = await startSimulator({ tenants: 1, liveEveryMs: 0 });
    try {
      const file = path.join(folder, 'delivered.ndjson');
      await writeFile(file, '{"Id":"never served"}\n');
      const { status, stdout } = await run('verify', file, '--url', simulator.url);
      expect(status).toBe(1);
      expect(JSON.parse(stdout)).toMatchObject({ unexpected: 1, missing: 0 });
    } finally {
      await simulator.close();
    }
  });
});
