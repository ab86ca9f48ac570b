import { describe, expect, it, vi } from 'vitest';
import type { Fetched } from '../../src/activities/fetch-ahead.ts';
import type { BlobOrigin } from '../../src/domain/content-blob.ts';
import {
  aBody,
  aMemory,
  blobOf,
  collect,
  fetchAll,
  inChunks,
  mebibyte,
  never,
  origins,
  readAll,
} from './fetched-blobs.ts';

/** Lets everything go on that waits for nobody. */
const settled = () => new Promise((resolve) => setImmediate(resolve));

describe('fetchAhead', () => {
  it('fetches no more than the limit at once', async () => {
    let running = 0;
    let most = 0;
    const retrieve = async () => {
      most = Math.max(most, ++running);
      await new Promise((resolve) => setImmediate(resolve));
      running--;
      return aBody(1);
    };
    expect(await collect(fetchAll(origins(20), retrieve, { limit: 3 }))).toHaveLength(20);
    expect(most).toBe(3);
  });

  it('hands a blob on only when it is whole, so that a cut body never shows', async () => {
    const retrieve = async () =>
      (async function* () {
        yield Buffer.from('[1,');
        throw new Error('cut off');
      })();
    const [fetched] = await collect(fetchAll(origins(1), retrieve));
    expect(fetched).toMatchObject({ origin: { contentId: '0' }, error: new Error('cut off') });
  });

  it.each([
    ['[1,2', 'unavailable'],
    ['<html>', 'unexpectedResponse'],
  ])('hands on nothing of %j', async (body, kind) => {
    const retrieve = async () => inChunks(body);
    const [fetched] = await collect(fetchAll(origins(1), retrieve));
    expect(fetched).toMatchObject({ error: { kind } });
  });

  it('hands a large blob on while the rest of it is still to come', async () => {
    let isEnded = false;
    const [fetched] = await collect(fetchAll(origins(1), async () => aBody(9, () => (isEnded = true))));
    expect(isEnded).toBe(false);
    expect(await readAll(blobOf(fetched))).toBe(9 * mebibyte);
    expect(isEnded).toBe(true);
  });

  it('hands a large blob on although its first record is still to come', async () => {
    let read = 0;
    const retrieve = async () =>
      (async function* () {
        for await (const chunk of inChunks(`["${'x'.repeat(9 * mebibyte)}"]`)) {
          read += chunk.length;
          yield chunk;
        }
      })();
    const [fetched] = await collect(fetchAll(origins(1), retrieve));
    expect(read).toBeLessThan(5 * mebibyte);
    expect(await readAll(blobOf(fetched))).toBe(9 * mebibyte + 2);
  });

  it('ends the streams of large blobs that nobody reads', async () => {
    let ended = 0;
    const memory = aMemory();
    const fetched = fetchAll(origins(3), async () => aBody(9, () => ended++), { limit: 3, memory });
    for await (const one of fetched) {
      await blobOf(one).records[Symbol.asyncIterator]().return?.();
      break;
    }
    await vi.waitFor(() => expect([ended, memory.lookAhead.reservedBytes]).toEqual([3, 0]));
  });

  it('ends the stream of a blob that was yielded to somebody who went away', async () => {
    let ended = 0;
    const memory = aMemory();
    const fetched = fetchAll(origins(1), async () => aBody(9, () => ended++), { memory });
    for await (const one of fetched) {
      blobOf(one);
      break;
    }
    expect([ended, memory.lookAhead.reservedBytes]).toEqual([1, 0]);
  });

  it('leaves the last blob to who took it', async () => {
    const fetched = fetchAll(origins(1), async () => aBody(9));
    const blob = blobOf((await fetched.next()).value as Fetched);
    expect((await fetched.next()).done).toBe(true);
    expect(await readAll(blob)).toBe(9 * mebibyte);
  });

  it.each([1, 9])('never lets a blob of %d MiB that was given up look complete', async (size) => {
    const [fetched] = await collect(fetchAll(origins(1), async () => aBody(size)));
    const records = blobOf(fetched).records[Symbol.asyncIterator]();
    await records.next();
    const pending = records.next();
    await records.return?.();
    const read = await Promise.allSettled([pending, records.next(), records.next()]);
    expect(read.map((one) => one.status === 'fulfilled' && one.value.done)).not.toContain(true);
  });

  it('yields what could not be fetched with its error, and goes on', async () => {
    const memory = aMemory();
    const retrieve = async ({ contentId }: BlobOrigin) => {
      if (contentId === '1') throw new Error('refused');
      return aBody(1);
    };
    const all = await collect(fetchAll(origins(3), retrieve, { limit: 1, memory }));
    expect(all.map((one) => ('error' in one ? 'error' : one.blob.contentId))).toEqual(['0', 'error', '2']);
    for (const one of all) if ('blob' in one) await readAll(one.blob);
    expect(memory.lookAhead.reservedBytes).toBe(0);
  });
});

describe('the memory of fetchAhead', () => {
  it('is held for what a complete blob takes, until its records have been read', async () => {
    const memory = aMemory();
    const body = `[${'"a",'.repeat(100)}"a"]`;
    const [fetched] = await collect(fetchAll(origins(1), async () => inChunks(body), { memory }));
    expect(memory.lookAhead.reservedBytes).toBe(body.length);
    await readAll(blobOf(fetched));
    expect(memory.lookAhead.reservedBytes).toBe(0);
  });

  it('is held for a large blob until its end', async () => {
    const memory = aMemory();
    const [fetched] = await collect(fetchAll(origins(1), async () => aBody(9), { memory }));
    const batches = blobOf(fetched).records[Symbol.asyncIterator]();
    for (let batch = 0; batch < 8; batch++) await batches.next();
    expect(memory.lookAhead.reservedBytes).toBe(4 * mebibyte);
    while ((await batches.next()).done !== true);
    expect(memory.lookAhead.reservedBytes).toBe(0);
  });

  it('is given back when a large blob turns out to be cut', async () => {
    const memory = aMemory();
    const retrieve = async () =>
      (async function* () {
        for await (const chunk of aBody(9)) if (chunk.length > 1) yield chunk;
      })();
    const [fetched] = await collect(fetchAll(origins(1), retrieve, { memory }));
    await expect(readAll(blobOf(fetched))).rejects.toMatchObject({ kind: 'unavailable' });
    expect(memory.lookAhead.reservedBytes).toBe(0);
  });

  it('is not held while a blob waits for its answer', async () => {
    const memory = aMemory();
    const controller = new AbortController();
    const retrieve = () => new Promise<never>((_, reject) => (controller.signal.onabort = () => reject()));
    const all = collect(fetchAll(origins(1), retrieve, { memory }));
    await settled();
    expect(memory.lookAhead.reservedBytes).toBe(0);
    controller.abort();
    expect(await all).toHaveLength(1);
  });

  it('is waited for no longer than until the signal aborts', async () => {
    const memory = aMemory(4 * mebibyte);
    const held = await memory.lookAhead.reserve(1, never);
    const controller = new AbortController();
    let ended = 0;
    const options = { memory, signal: controller.signal };
    const all = collect(fetchAll(origins(2), async () => aBody(2, () => ended++), options));
    await settled();
    controller.abort(new Error('shutting down'));
    expect((await all).map((one) => ('error' in one ? one.error : undefined))).toEqual([
      new Error('shutting down'),
      new Error('shutting down'),
    ]);
    expect(ended).toBe(2);
    held.release();
    expect(memory.lookAhead.reservedBytes).toBe(0);
  });
});
