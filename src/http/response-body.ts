import { pipeline } from 'node:stream';
import { createGunzip } from 'node:zlib';
import type { Dispatcher } from 'undici';

/** Offered with every request whose answer is read by `decodedBody`. */
export const acceptEncoding = 'gzip';

/** Larger than Node's 16 KiB, so that fewer records span two pieces. */
const gunzipChunkBytes = 64 * 1024;

/** 1 KiB a second over a minute: below any line that could carry a tenant's events, above a body that drips. */
const leastPace = { bytes: 60 * 1024, ms: 60_000 };

/**
 * The body as it arrives, without its gzip coding; may be iterated once, and has to be (or its connection stays taken).
 * Iterating throws when the connection breaks, when the body is shorter than its Content-Length, when it drips, and when
 * the gzip stream is damaged or ends early. Leaving the iteration closes the connection. Undefined (and the connection
 * closed) for a coding that was not offered.
 */
export function decodedBody(response: Dispatcher.ResponseData): AsyncIterable<Uint8Array> | undefined {
  const { body, headers } = response;
  const coding = String(headers['content-encoding'] ?? 'identity').toLowerCase();
  if (coding === 'identity' || coding === '') return atLeastPace(body);
  if (coding !== 'gzip' && coding !== 'x-gzip') {
    body.on('error', ignore).destroy();
    return undefined;
  }
  return pipeline(atLeastPace(body), createGunzip({ chunkSize: gunzipChunkBytes }), ignore);
}

/** For errors that the iteration reports, or nobody needs: without a listener they would end the process. */
function ignore(): void {}

/** Throws when too little arrived. Only the time spent waiting for the sender counts: a slow reader may take its own. */
async function* atLeastPace(body: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let arrivedBytes = 0;
  let waitedMs = 0;
  let askedMs = performance.now();
  for await (const chunk of body) {
    waitedMs += performance.now() - askedMs;
    arrivedBytes += chunk.length;
    if (waitedMs >= leastPace.ms) {
      if (arrivedBytes < leastPace.bytes)
        throw Object.assign(new Error('the body drips'), { code: 'BODY_DRIPS' });
      arrivedBytes = 0;
      waitedMs = 0;
    }
    yield chunk;
    askedMs = performance.now();
  }
}

/** Up to `maxBytes` of a body as UTF-8 text; `isWhole` says whether that is all of it. Throws as the body does. */
export async function readText(
  body: AsyncIterable<Uint8Array>,
  maxBytes: number,
): Promise<{ readonly text: string; readonly isWhole: boolean }> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of body) {
    chunks.push(chunk);
    bytes += chunk.length;
    if (bytes > maxBytes) break;
  }
  const text = Buffer.concat(chunks).subarray(0, maxBytes).toString('utf8');
  return { text, isWhole: bytes <= maxBytes };
}
