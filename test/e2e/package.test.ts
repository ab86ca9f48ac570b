import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline/promises';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, inject, it, onTestFinished } from 'vitest';
import { packageVersion } from '../../src/package-version.ts';
import { runToEnd } from './support/program.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** An empty folder into which the packed package is installed, as a user does. */
let folder: string;
let environment: NodeJS.ProcessEnv;

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'office365-ingest-package-'));
  environment = {
    ...process.env,
    // The command is to find nothing of the user's own: neither a running server nor a configuration.
    XDG_STATE_HOME: folder,
    XDG_CONFIG_HOME: folder,
    OFFICE365_INGEST_CONFIG: '',
    TEMPORAL_ADDRESS: inject('temporalAddress'),
    TEMPORAL_CONFIG_FILE: '',
    TEMPORAL_PROFILE: '',
    TEMPORAL_NAMESPACE: 'default',
  };
  // The test run has built dist already; building once more would only take time.
  await npm(root, 'pack', '--ignore-scripts', '--pack-destination', folder);
  await writeFile(path.join(folder, 'package.json'), '{}');
  const tarball = path.join(folder, `office365-ingest-${packageVersion()}.tgz`);
  await npm(folder, 'install', '--omit=dev', '--prefer-offline', '--no-audit', '--no-fund', tarball);
}, 300_000);

afterAll(() => rm(folder, { recursive: true, force: true }));

describe('the packed package', () => {
  it('holds the program, what `temporal` is built from, an example, and nothing of the development', async () => {
    const installed = path.join(folder, 'node_modules/office365-ingest');
    const files = await readdir(installed, { recursive: true });
    expect(files).toEqual(
      expect.arrayContaining([
        'LICENSE',
        'CHANGELOG.md',
        'bin/office365-ingest',
        'config/example.yaml',
        'dist/workflow-bundle.js',
        'tools/temporal-cli/go.mod',
        'tools/temporal-cli/go.sum',
      ]),
    );
    const top = new Set(files.map((name) => name.split(path.sep)[0]));
    expect(top).toEqual(
      new Set(['CHANGELOG.md', 'LICENSE', 'README.md', 'bin', 'config', 'dist', 'package.json', 'tools']),
    );
  });

  it('tells its version and its commands through npx', async () => {
    const version = await npx('--version');
    expect(version).toMatchObject({ status: 0, stdout: `${packageVersion()}\n` });
    const help = await npx('--help');
    expect(help.status).toBe(0);
    expect(help.stdout).toContain('Usage: office365-ingest');
  });

  it('runs a simulator and a worker, and each ends with 0 when it is asked to', async () => {
    const simulator = start('simulator', '--port', '0', '--tenants', '1', '--write-config', 'config.yaml');
    const url = await lineOf(simulator.stdout, /^http:\/\/127\.0\.0\.1:\d+$/);
    expect((await fetch(url)).status).toBeLessThan(500);
    expect(await readFile(path.join(folder, 'config.yaml'), 'utf8')).toContain(url);

    const worker = start('worker', '--config', 'config.yaml', '--task-queue', path.basename(folder));
    await lineOf(worker.stderr, /"Worker started"/);

    for (const child of [worker, simulator]) {
      child.kill('SIGTERM');
      expect(await once(child, 'exit')).toEqual([0, null]);
    }
  });
});

async function npm(workingFolder: string, ...args: readonly string[]): Promise<void> {
  const { status, stdout, stderr } = await runToEnd('npm', args, {
    environment: process.env,
    workingFolder,
  });
  if (status !== 0) throw new Error(`npm ${args[0]} ended with ${status}: ${stdout}${stderr}`);
}

function npx(...args: readonly string[]) {
  return runToEnd('npx', ['--no-install', 'office365-ingest', ...args], {
    environment,
    workingFolder: folder,
  });
}

/** Starts the installed command; it is killed if the test leaves it behind. */
function start(...args: readonly string[]) {
  const command = path.join(folder, 'node_modules/.bin/office365-ingest');
  const child = spawn(command, args, { cwd: folder, env: environment, stdio: ['ignore', 'pipe', 'pipe'] });
  onTestFinished(() => void child.kill('SIGKILL'));
  return child;
}

/** The first line that matches; what comes before and after it is read, too, so that the writer never blocks. */
async function lineOf(stream: NodeJS.ReadableStream, pattern: RegExp): Promise<string> {
  const lines = createInterface({ input: stream });
  let seen = '';
  return new Promise((resolve, reject) => {
    lines.on('line', (line) => {
      seen += `${line}\n`;
      if (pattern.test(line)) resolve(line);
    });
    lines.on('close', () => reject(new Error(`ended without a line like ${pattern}:\n${seen}`)));
  });
}
