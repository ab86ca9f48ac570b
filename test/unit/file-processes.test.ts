import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createFileDestination } from '../../src/destinations/file/index.ts';
import { aBlob, handOver, numberedBlob, outcomesOf } from '../contract/blobs.ts';
import { linesBelow } from '../contract/file-system.ts';

const script = fileURLToPath(new URL('file-writer-process.ts', import.meta.url));
const timeoutMs = 120_000;

describe('processes that write below the same folder', { timeout: timeoutMs }, () => {
  let path: string;
  const children: ChildProcess[] = [];

  beforeEach(async () => {
    path = await mkdtemp(join(tmpdir(), 'file-processes-'));
  });

  afterEach(async () => {
    for (const child of children.splice(0)) await kill(child);
    await rm(path, { recursive: true });
  });

  /** Starts a process; its lines come until it ends. */
  function start(...task: readonly string[]) {
    const child = spawn(process.execPath, ['--import', 'tsx', script, path, ...task], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    children.push(child);
    return { child, lines: createInterface({ input: child.stdout }), exited: once(child, 'exit') };
  }

  it('store every blob once and byte by byte, though 20 of them are killed at any moment', async () => {
    const random = seededRandom(20_261_122);
    const owed = new Set(Array.from({ length: 1600 }, (_, number) => number));
    const everything = [...owed].map(numberedBlob);

    /** Two processes of ten rounds have many blobs in common, and each is killed a moment after some acknowledgement. */
    async function runUntilKilled(): Promise<string[]> {
      const share = shuffled(
        [...owed].filter(() => random() < 0.7),
        random,
      );
      const { child, lines, exited } = start('deliver', ...share.map(String));
      const acknowledgementsLeft = Math.floor(random() * 60);
      const delayMs = random() * 8;
      const acknowledged: string[] = [];
      for await (const contentId of lines) {
        acknowledged.push(contentId);
        if (acknowledged.length === acknowledgementsLeft + 1)
          setTimeout(() => child.kill('SIGKILL'), delayMs);
      }
      expect(await exited).toEqual([null, 'SIGKILL']);
      return acknowledged;
    }

    for (let round = 0; round < 10; round++) {
      const acknowledged = await Promise.all([runUntilKilled(), runUntilKilled()]);
      for (const contentId of acknowledged.flat()) owed.delete(Number(contentId.slice('blob '.length)));
    }
    expect(children).toHaveLength(20);
    expect(owed.size).toBeGreaterThan(0);
    expect(owed.size).toBeLessThan(everything.length - 200);

    const destination = createFileDestination('archive', { path });
    await outcomesOf(destination, handOver([...owed].map(numberedBlob)));
    await destination.close();
    expect(digest(await linesBelow(path))).toEqual(digest(everything.flatMap(({ records }) => records)));
  });

  it('take turns', async () => {
    const endless = start('endless');
    await once(endless.lines, 'line');
    const destination = createFileDestination('archive', { path });
    const blobs = Array.from({ length: 50 }, (_, index) => aBlob(`in between ${index}`));
    await outcomesOf(destination, handOver(blobs));
    await once(endless.lines, 'line');
    await destination.close();
  });

  it('lose the lock when they are killed', async () => {
    const holder = start('lock');
    await once(holder.lines, 'line');
    const destination = createFileDestination('archive', { path });
    const order: string[] = [];
    const delivery = outcomesOf(destination, handOver([aBlob('waiting')])).then(() =>
      order.push('delivered'),
    );
    void holder.exited.then(() => order.push('killed'));
    await waitingForLock(destination);
    holder.child.kill('SIGKILL');
    await delivery;
    expect(order).toEqual(['killed', 'delivered']);
    await destination.close();
  });

  /** A check that is given up while it waits shows that the lock is not to be had. */
  async function waitingForLock(destination: ReturnType<typeof createFileDestination>): Promise<void> {
    await expect(destination.check(AbortSignal.timeout(50))).rejects.toThrow('timeout');
  }
});

async function kill(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill('SIGKILL');
  await once(child, 'exit');
}

/** Sorted and short enough to be shown when they differ: the start of each record names it, the length tells the rest. */
function digest(records: readonly Uint8Array[]): string[] {
  return records
    .map((record) => {
      const text = Buffer.from(record).toString('latin1');
      return `${text.slice(0, 20)}... ${text.length} ${/^\{"Id":"\d+\/\d+","Text":"x+"\}$/.test(text)}`;
    })
    .toSorted();
}

/** Numbers from 0 to 1, the same for the same seed (mulberry32). */
function seededRandom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

function shuffled<T>(items: readonly T[], random: () => number): T[] {
  return items
    .map((item) => ({ item, order: random() }))
    .toSorted((a, b) => a.order - b.order)
    .map(({ item }) => item);
}
