import { execFile, spawnSync } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createFileDestination } from '../../src/destinations/file/index.ts';
import { aBlob, handOver, outcomesOf } from '../contract/blobs.ts';

/** A mount that only the process and its children see, and that ends with them. */
const ownMounts = ['--mount', ...(process.getuid?.() === 0 ? [] : ['--user', '--map-root-user'])];
const canMount = spawnSync('unshare', [...ownMounts, 'sh', '-c', 'mount -t tmpfs tmpfs /mnt']).status === 0;

describe('the file destination', () => {
  let folder: string;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'file-failures-'));
  });

  afterEach(async () => {
    vi.unstubAllEnvs();
    await rm(folder, { recursive: true });
  });

  it('says that a file is in the way when its path leads through one', async () => {
    await writeFile(join(folder, 'file'), '');
    const path = join(folder, 'file', 'events');
    const destination = createFileDestination('archive', { path });
    const failure = {
      kind: 'misconfigured',
      message: expect.stringContaining(`${path}: a file is in the way`),
    };
    await expect(outcomesOf(destination, handOver([aBlob('any')]))).rejects.toMatchObject(failure);
    await expect(destination.check(new AbortController().signal)).rejects.toMatchObject(failure);
    await destination.close();
  });

  it('delivers the blobs of other files when a file is in the way of one, and then says so', async () => {
    await writeFile(join(folder, 'Blocked'), '');
    const destination = createFileDestination('archive', { path: folder });
    const blobs = [aBlob('fine'), aBlob('blocked', { tenantId: 'Blocked' }), aBlob('fine, too')];
    const delivered: string[] = [];
    const delivery = outcomesOf(destination, handOver(blobs), undefined, (blob) =>
      delivered.push(blob.contentId),
    );
    await expect(delivery).rejects.toMatchObject({ kind: 'misconfigured' });
    expect(delivered).toEqual(['fine', 'fine, too']);
    await destination.close();
  });

  it.runIf(process.platform === 'linux')('says what to install when there is no flock command', async () => {
    await mkdir(join(folder, 'bin'));
    vi.stubEnv('PATH', join(folder, 'bin'));
    const destination = createFileDestination('archive', { path: join(folder, 'events') });
    const failure = { kind: 'misconfigured', message: expect.stringContaining('install util-linux') };
    await expect(outcomesOf(destination, handOver([aBlob('any')]))).rejects.toMatchObject(failure);
    await destination.close();
  });

  it.runIf(canMount)(
    'refuses while the disk is full or read-only, loses nothing, and goes on by itself',
    async () => {
      const script = fileURLToPath(new URL('file-full-disk-process.ts', import.meta.url));
      const mountAndRun = 'mount -t tmpfs -o size=2m tmpfs "$1" && exec node --import tsx "$2" "$1"';
      const env = { ...process.env, PATH: [dirname(process.execPath), process.env.PATH].join(delimiter) };
      const { stdout } = await promisify(execFile)(
        'unshare',
        [...ownMounts, 'sh', '-c', mountAndRun, 'sh', folder, script],
        { env, maxBuffer: 10_000_000 },
      );
      const seen = JSON.parse(stdout) as Record<string, unknown>;
      expect(seen.before).toHaveLength(20);
      expect(seen.whenFull).toMatchObject({
        kind: 'unavailable',
        message: expect.stringContaining('disk is full'),
      });
      expect(seen.hasTornLineWhenFull).toBe(false);
      expect(seen.withSpace).toHaveLength(200);
      expect(seen.whenReadOnly).toMatchObject({
        kind: 'unavailable',
        message: expect.stringContaining('read-only'),
      });
      expect(seen.checkWhenReadOnly).toContain('read-only');
      expect(seen.whenWritable).toHaveLength(20);
      expect(seen.isExact).toBe(true);
    },
  );
});
