import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import type { TestProject } from 'vitest/node';
import { findTemporalCli } from '../src/temporal/cli-binary.ts';
import { startDevServer } from '../src/temporal/dev-server.ts';

declare module 'vitest' {
  interface ProvidedContext {
    /** `host:port` of the server of this run; tests use task queues and workflow ids of their own. */
    readonly temporalAddress: string;
    /** The Temporal CLI. */
    readonly temporalCliPath: string;
  }
}

/** Builds the program, so that tests run what users run, and starts a Temporal server for the whole run. */
export async function setup(project: TestProject): Promise<() => Promise<void>> {
  await promisify(execFile)(process.execPath, ['tools/build.mjs']);
  const onProgress = (line: string) => void process.stderr.write(`${line}\n`);
  const { path: cliPath } = await findTemporalCli({ environment: process.env, onProgress });
  const folder = await mkdtemp(path.join(tmpdir(), 'office365-ingest-test-'));
  const logPath = path.join(folder, 'temporal-server.log');
  const server = await startDevServer({ cliPath, port: 0, headless: true, logPath });
  project.provide('temporalAddress', server.address);
  project.provide('temporalCliPath', cliPath);
  return async () => {
    await server.stop();
    await rm(folder, { recursive: true, force: true });
  };
}
