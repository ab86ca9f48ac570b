import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { gzipSync } from 'node:zlib';
import { Agent, request } from 'undici';
import { beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { networkFailure } from '../../src/http/network-failure.ts';
import { decodedBody } from '../../src/http/response-body.ts';
import { retryAfterMs } from '../../src/http/retry-after.ts';
import { serve } from './http-servers.ts';

async function ask(url: string) {
  const agent = new Agent();
  onTestFinished(() => agent.destroy());
  return request(url, { dispatcher: agent });
}

/** Time passes only when it is told to, so that a minute takes none. */
beforeEach(() => {
  vi.useFakeTimers({ toFake: ['performance'] });
  onTestFinished(() => void vi.useRealTimers());
});

/** Reads a body of ten pieces, each of which the server sends a time after the last one was read. */
async function readInPieces(piece: { readonly bytes: number; readonly afterMs: number }): Promise<number> {
  let askForMore = () => {};
  const { url } = await serve((_request, response) => {
    let sent = 0;
    askForMore = () => {
      vi.advanceTimersByTime(piece.afterMs);
      if (sent++ === 10) response.end();
      else response.write(Buffer.alloc(piece.bytes, 'x'));
    };
    response.flushHeaders();
  });
  const body = decodedBody(await ask(url)) ?? [];
  let bytes = 0;
  setImmediate(askForMore);
  for await (const chunk of body) {
    bytes += chunk.length;
    if (bytes % piece.bytes === 0) setImmediate(askForMore);
  }
  return bytes;
}

describe('decodedBody', () => {
  it('cuts a body that drips, however steadily', async () => {
    const failure: unknown = await readInPieces({ bytes: 500, afterMs: 10_000 }).catch(
      (error: unknown) => error,
    );
    expect(networkFailure(failure)).toBe('the answer came in too slowly (BODY_DRIPS)');
  });

  it('lets a body pass that is slow but moves', async () => {
    expect(await readInPieces({ bytes: 15_000, afterMs: 10_000 })).toBe(150_000);
  });

  it('does not take the pauses of its reader for those of the sender', async () => {
    const { url } = await serve((_request, response) => response.end('x'.repeat(200_000)));
    let bytes = 0;
    for await (const chunk of decodedBody(await ask(url)) ?? []) {
      bytes += chunk.length;
      vi.advanceTimersByTime(3_600_000);
    }
    expect(bytes).toBe(200_000);
  });

  it('closes the connection when the reader of a compressed body leaves', async () => {
    let isClosed: Promise<unknown> = Promise.resolve();
    const bytes = gzipSync(randomBytes(200_000));
    const { url } = await serve((_request, response) => {
      isClosed = once(response, 'close');
      response.writeHead(200, { 'content-encoding': 'gzip' }).write(bytes.subarray(0, -10));
    });
    for await (const chunk of decodedBody(await ask(url)) ?? []) {
      expect(chunk.length).toBeGreaterThan(0);
      break;
    }
    await isClosed;
  });
});

describe('retryAfterMs', () => {
  const nowMs = Date.parse('2026-11-22T12:00:00Z');
  it.each([
    ['120', 120_000],
    ['0.5', 500],
    ['Sun, 22 Nov 2026 12:00:30 GMT', 30_000],
    ['Sun, 22 Nov 2026 11:00:00 GMT', 0],
    ['Sun, 22 Nov 2099 11:00:00 GMT', 3_600_000],
    ['86400', 3_600_000],
    ['soon', undefined],
    [undefined, undefined],
  ])('reads %s', (header, expected) => {
    expect(retryAfterMs(header, nowMs)).toBe(expected);
  });
});
