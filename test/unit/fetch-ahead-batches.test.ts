import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gzipSync } from 'node:zlib';
import { Agent, request } from 'undici';
import { afterAll, afterEach, describe, expect, it, vi } from 'vitest';
import type { Fetched } from '../../src/activities/fetch-ahead.ts';
import { SharedBlobs } from '../../src/activities/shared-blobs.ts';
import type { RecordsOfBlob } from '../../src/destinations/destination.ts';
import { decodedBody } from '../../src/http/response-body.ts';
import { aMemory, fetchAll, mebibyte, origins } from './fetched-blobs.ts';

describe('forty batches at once', () => {
  const agent = new Agent({ connections: 40 });
  let server: Server | undefined;

  afterAll(() => agent.close());

  afterEach(async () => {
    server?.closeAllConnections();
    await new Promise((resolve) => server?.close(resolve));
    server = undefined;
  });

  /** Answers every request with this body, in gzip. */
  async function serve(body: Buffer): Promise<() => Promise<AsyncIterable<Uint8Array>>> {
    const compressed = gzipSync(body, { level: 1 });
    server = createServer((_, response) => {
      response.setHeader('content-encoding', 'gzip').end(compressed);
    });
    await new Promise<void>((resolve) => server!.listen(0, '127.0.0.1', resolve));
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
    return async () => decodedBody(await request(url, { dispatcher: agent }))!;
  }

  /** Two destinations that read at their own pace, one blob after the other. */
  async function runBatch(
    blobs: AsyncIterable<RecordsOfBlob>,
    readBlob: (blob: RecordsOfBlob, which: number) => Promise<void>,
  ): Promise<void> {
    const shared = new SharedBlobs(blobs, 2);
    await Promise.all(
      [0, 1].map(async (which) => {
        try {
          for await (const blob of shared.of(which)) {
            await readBlob(blob, which);
          }
        } finally {
          await shared.leave(which);
        }
      }),
    );
  }

  async function* blobsOf(fetched: AsyncIterable<Fetched>): AsyncGenerator<RecordsOfBlob> {
    for await (const one of fetched) if ('blob' in one) yield one.blob;
  }

  it('over blobs of nearly 4 MiB stay within the budget, and all end', async () => {
    const record = `"${'x'.repeat(60_000)}"`;
    const body = Buffer.from(`[${Array.from({ length: 65 }, () => record).join(',')}]`);
    expect(body.length).toBeLessThan(4 * mebibyte);
    const answer = await serve(body);
    const memory = aMemory(32 * mebibyte);
    let held = 0;
    let mostHeld = 0;
    async function* counted(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void, undefined> {
      for await (const chunk of chunks) {
        held += chunk.length;
        mostHeld = Math.max(mostHeld, held);
        yield chunk;
      }
    }
    let records = 0;
    const batches = Array.from({ length: 40 }, () =>
      runBatch(
        blobsOf(fetchAll(origins(2), async () => counted(await answer()), { memory })),
        async (blob, which) => {
          for await (const batch of blob.records) records += batch.length;
          if (which === 0) held -= body.length;
        },
      ),
    );
    await Promise.all(batches);
    expect(records).toBe(2 * 40 * 2 * 65);
    expect(mostHeld).toBeGreaterThan(16 * mebibyte);
    // Each of the 80 fetches has its first chunk of up to 64 KiB before it reserves.
    expect(mostHeld).toBeLessThanOrEqual((32 + 5) * mebibyte);
    expect(memory.lookAhead.reservedBytes).toBe(0);
  });

  it('over blobs with a record of 6 MiB do not wait for each other for ever', async () => {
    const record = `"${'x'.repeat(6 * mebibyte)}"`;
    const answer = await serve(Buffer.from(`[1,${record},2]`));
    const memory = aMemory(8 * mebibyte, 16 * mebibyte);
    let bytes = 0;
    let mostReserved = 0;
    const batches = Array.from({ length: 40 }, () =>
      runBatch(
        blobsOf(fetchAll(origins(1), answer, { memory, maxRecordBytes: 8 * mebibyte })),
        async (blob) => {
          for await (const batch of blob.records) {
            mostReserved = Math.max(mostReserved, memory.largeRecords.reservedBytes);
            for (const one of batch) bytes += one.length;
          }
        },
      ),
    );
    await Promise.all(batches);
    expect(bytes).toBe(2 * 40 * (record.length + 2));
    expect(mostReserved).toBe(16 * mebibyte);
    expect(memory.lookAhead.reservedBytes + memory.largeRecords.reservedBytes).toBe(0);
  });

  it('give back what they held when they are aborted, wherever they are', async () => {
    const record = `"${'x'.repeat(60_000)}"`;
    const answer = await serve(Buffer.from(`[${Array.from({ length: 80 }, () => record).join(',')}]`));
    const memory = aMemory(32 * mebibyte);
    const batches = Array.from({ length: 40 }, async (_, index) => {
      const controller = new AbortController();
      let reads = 0;
      const reading = runBatch(
        blobsOf(fetchAll(origins(2), answer, { memory, signal: controller.signal })),
        async (blob) => {
          for await (const batch of blob.records) {
            void batch;
            // Somewhere between the first record of the first blob and the middle of the second one.
            if (++reads > index * 5) controller.abort(new Error('cancelled'));
            controller.signal.throwIfAborted();
          }
        },
      );
      await expect(reading).rejects.toThrow('cancelled');
    });
    await Promise.all(batches);
    await vi.waitFor(() => expect(memory.lookAhead.reservedBytes).toBe(0));
  });
});
