import { appendFile, mkdtemp, readdir, readFile, rename, rm, stat, truncate } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Destination } from '../../src/destinations/destination.ts';
import { createFileDestination } from '../../src/destinations/file/index.ts';
import { dayFilePaths } from '../../src/destinations/file/layout.ts';
import { takeLock } from '../../src/destinations/file/lock.ts';
import { aBlob, breakingOff, handOver, handOverStreams, hanging, outcomesOf } from '../contract/blobs.ts';

const [first, second, third] = [aBlob('first'), aBlob('second'), aBlob('third')];

describe('the file destination', () => {
  let path: string;
  let data: string;
  let journal: string;
  const opened: Destination[] = [];

  beforeEach(async () => {
    path = await mkdtemp(join(tmpdir(), 'file-recovery-'));
    ({ data, journal } = dayFilePaths(path, first));
  });

  afterEach(async () => {
    for (const destination of opened.splice(0)) await destination.close();
    await rm(path, { recursive: true });
  });

  function open(): Destination {
    const destination = createFileDestination('archive', { path });
    opened.push(destination);
    return destination;
  }

  /** Delivers as another process would that starts, delivers and ends. */
  async function deliverAnew(...blobs: Parameters<typeof linesOf>) {
    const destination = createFileDestination('archive', { path });
    const outcomes = await outcomesOf(destination, handOver(blobs));
    await destination.close();
    return outcomes;
  }

  /** Waits until every destination has given the lock back, which it keeps a moment for the next blob. */
  async function endOfTurn(): Promise<void> {
    await (await takeLock(path, new AbortController().signal)).release();
  }

  const content = (): Promise<string> => readFile(data, 'utf8');

  describe('that finds what a killed process left', () => {
    it('cuts off lines that no journal line vouches for', async () => {
      await deliverAnew(first);
      await appendFile(data, linesOf(second, second).slice(0, -20));
      await deliverAnew(third);
      expect(await content()).toBe(linesOf(first, third));
    });

    it('cuts off a torn journal line and the blob that it was to vouch for', async () => {
      await deliverAnew(first, second);
      await truncate(journal, (await stat(journal)).size - 2);
      const outcomes = await deliverAnew(second, first);
      expect(outcomes.filter(({ status }) => status === 'delivered')).toMatchObject([
        { contentId: 'second', isRepeat: false },
        { contentId: 'first', isRepeat: true },
      ]);
      expect(await content()).toBe(linesOf(first, second));
    });

    it('cuts off a journal line that is not one', async () => {
      await deliverAnew(first);
      await appendFile(journal, `${'\0'.repeat(200)}\n`);
      await deliverAnew(second);
      expect(await readFile(journal, 'utf8')).toMatch(/^(\S+ \d+ \d+\n){3}$/);
      expect(await content()).toBe(linesOf(first, second));
    });

    it('goes on with a journal that was created and not begun', async () => {
      await deliverAnew(first);
      await truncate(journal, 0);
      await truncate(data, 0);
      await deliverAnew(second);
      expect(await content()).toBe(linesOf(second));
    });
  });

  describe('whose files were changed by others', () => {
    it('goes on at the real end of data that was cut short, and stores nothing twice', async () => {
      await deliverAnew(first, second);
      await truncate(data, linesOf(first).length + 10);
      const torn = linesOf(second).slice(0, 10);
      await deliverAnew(second, third);
      expect(await content()).toBe(`${linesOf(first)}${torn}\n${linesOf(third)}`);
      await deliverAnew(second);
      expect(await content()).toBe(`${linesOf(first)}${torn}\n${linesOf(third)}`);
    });

    it('cuts off what a killed process left behind data that was cut short', async () => {
      await deliverAnew(first, second);
      await truncate(data, linesOf(first).length);
      await deliverAnew(second);
      await appendFile(data, 'torn');
      await deliverAnew(third);
      expect(await content()).toBe(linesOf(first, third));
    });

    it('starts a new file when the data was moved away while it was open', async () => {
      const destination = open();
      await outcomesOf(destination, handOver([first]));
      await endOfTurn();
      await rename(data, `${data}.1`);
      await deliverAnew(second);
      await outcomesOf(destination, handOver([first, third]));
      expect(await content()).toBe(linesOf(second, third));
      expect(await readFile(`${data}.1`, 'utf8')).toBe(linesOf(first));
    });

    it('keeps data that has lost its journal', async () => {
      const destination = open();
      await outcomesOf(destination, handOver([first]));
      await endOfTurn();
      await rm(journal);
      await deliverAnew(second);
      await outcomesOf(destination, handOver([third]));
      expect(await content()).toBe(linesOf(first, second, third));
    });

    it('creates everything again when the whole folder was removed', async () => {
      const destination = open();
      await outcomesOf(destination, handOver([first]));
      await endOfTurn();
      await rm(path, { recursive: true });
      await deliverAnew(third);
      await outcomesOf(destination, handOver([second]));
      expect(await content()).toBe(linesOf(third, second));
    });
  });

  it('knows what another process wrote since it wrote itself', async () => {
    const destination = open();
    await outcomesOf(destination, handOver([first]));
    await deliverAnew(second);
    const outcomes = await outcomesOf(destination, handOver([second, third]));
    expect(outcomes).toMatchObject([{ isRepeat: true }, { isRepeat: false }]);
    expect(await content()).toBe(linesOf(first, second, third));
  });

  it('writes nothing of a blob that was given up while it waited for its turn', async () => {
    const lock = await takeLock(path, new AbortController().signal);
    const stop = new AbortController();
    const givenUp = outcomesOf(open(), handOver([first]), stop.signal);
    await turn();
    stop.abort();
    await expect(givenUp).rejects.toBe(stop.signal.reason);
    await lock.release();
    await endOfTurn();
    await deliverAnew(second);
    expect(await content()).toBe(linesOf(second));
  });

  describe('with a blob that is too large to be read ahead', () => {
    const batch = Array<Uint8Array>(64).fill(Buffer.alloc(64 * 1024, '5'));

    it('cuts the file back when its records break off', async () => {
      const destination = open();
      const error = new Error('truncated');
      await outcomesOf(destination, handOver([first]));
      const large = { contentId: 'large', records: breakingOff([...batch, ...batch], error) };
      const outcomes = await outcomesOf(destination, handOverStreams([large]));
      expect(outcomes).toEqual([{ contentId: 'large', status: 'failed', error }]);
      expect(await content()).toBe(linesOf(first));
      await outcomesOf(destination, handOver([second]));
      expect(await content()).toBe(linesOf(first, second));
    });

    it('cuts the file back when it is aborted, and goes on', async () => {
      const destination = open();
      const stop = new AbortController();
      const large = { contentId: 'large', records: hanging([...batch, ...batch]) };
      const delivery = outcomesOf(destination, handOverStreams([large]), stop.signal);
      const queuedBehind = outcomesOf(destination, handOver([first]));
      stop.abort(new Error('enough'));
      await expect(delivery).rejects.toThrow('enough');
      await queuedBehind;
      expect(await content()).toBe(linesOf(first));
    });

    it('stores all of it', async () => {
      async function* records() {
        for (let count = 0; count < 3; count++) yield batch;
      }
      const outcomes = await outcomesOf(
        open(),
        handOverStreams([{ contentId: 'large', records: records() }]),
      );
      const count = 3 * batch.length;
      expect(outcomes).toMatchObject([{ records: count, bytes: count * 64 * 1024, isRepeat: false }]);
      expect((await content()) === `${'5'.repeat(64 * 1024)}\n`.repeat(count)).toBe(true);
    });
  });

  it('stores more days than it keeps files open', async () => {
    const blobs = Array.from({ length: 150 }, (_, index) => {
      const contentCreated = new Date(Date.UTC(2026, 0, 1 + index)).toISOString();
      return aBlob(`blob ${index}`, { contentCreated });
    });
    const destination = open();
    const descriptorsBefore = (await readdir('/dev/fd')).length;
    await outcomesOf(destination, handOver(blobs));
    expect((await readdir('/dev/fd')).length - descriptorsBefore).toBeLessThan(blobs.length);
    const repeats = await outcomesOf(destination, handOver(blobs));
    expect(repeats.every((outcome) => outcome.status === 'delivered' && outcome.isRepeat)).toBe(true);
    for (const blob of blobs) {
      expect(await readFile(dayFilePaths(path, blob).data, 'utf8')).toBe(linesOf(blob));
    }
  });

  it('leaves no file but day files that a reader would take for records', async () => {
    const destination = open();
    await destination.check(new AbortController().signal);
    await outcomesOf(destination, handOver([first, aBlob('odd', { contentType: 'a/b.ndjson' })]));
    const names = (await readdir(path, { recursive: true })).map((name) => basename(name));
    expect(names.filter((name) => /\.ndjson(\.gz)?$/.test(name))).toEqual([
      '2026-11-22.ndjson',
      '2026-11-22.ndjson',
    ]);
    expect(names.filter((name) => name.startsWith('.')).toSorted()).toEqual([
      '.2026-11-22.journal',
      '.2026-11-22.journal',
      '.lock',
    ]);
  });

  it('refuses to deliver once it is closed', async () => {
    const destination = open();
    await destination.close();
    await expect(outcomesOf(destination, handOver([first]))).rejects.toThrow('is closed');
  });

  it('reports a blob without a valid time as failed and stores the others', async () => {
    const outcomes = await outcomesOf(
      open(),
      handOver([aBlob('odd', { contentCreated: 'yesterday' }), second]),
    );
    expect(outcomes).toMatchObject([
      { contentId: 'odd', status: 'failed' },
      { contentId: 'second', status: 'delivered' },
    ]);
  });
});

function linesOf(...blobs: ReturnType<typeof aBlob>[]): string {
  return blobs
    .flatMap(({ records }) => records.map((record) => `${Buffer.from(record).toString()}\n`))
    .join('');
}
