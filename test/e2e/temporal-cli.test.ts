import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { copyFile, mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { findTemporalCli } from '../../src/temporal/cli-binary.ts';
import { assertUsableCli, temporalCliVersion } from '../../src/temporal/cli-version.ts';
import { downloadTemporalCli } from '../../src/temporal/download.ts';

const buildTimeoutMs = 30 * 60_000;

let cliPath: string;
let folder: string;

beforeEach(async () => {
  const onProgress = (line: string) => process.stderr.write(`${line}\n`);
  cliPath = (await findTemporalCli({ environment: process.env, onProgress })).path;
  folder = await mkdtemp(join(tmpdir(), 'temporal-cli-'));
}, buildTimeoutMs);

afterEach(() => rm(folder, { recursive: true }));

describe('the download by the SDK', { timeout: 60_000 }, () => {
  it('ends with the binary where the SDK puts it, and with its trial server stopped', async () => {
    // The SDK leaves the network alone when the file is there.
    await copyFile(cliPath, join(folder, `temporal-v${temporalCliVersion}`));
    const site = createServer((_, response) => response.end('{}')).listen(0, '127.0.0.1');
    await once(site, 'listening');
    const progress: string[] = [];
    const options = { folder, environment: process.env, onProgress: (line: string) => progress.push(line) };
    const address = `http://127.0.0.1:${(site.address() as AddressInfo).port}`;
    const binary = await downloadTemporalCli(options, address);
    site.close();
    await assertUsableCli(binary);
    expect(progress[0]).toMatch(/^Downloading the Temporal CLI v1\.8\.2: 0 s, 0 MB/);
    const { stdout } = await promisify(execFile)('ps', ['-A', '-o', 'args=']);
    expect(stdout).not.toContain(binary);
  });
});
