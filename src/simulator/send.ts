import type { ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import { finished, pipeline } from 'node:stream/promises';
import { promisify } from 'node:util';
import { setTimeout as delay } from 'node:timers/promises';
import { constants, createGzip, gzip } from 'node:zlib';
import type { Answer } from './answer.ts';
import type { ConnectionTrouble } from './fault-effect.ts';

/** Bodies above this are streamed; smaller ones are sent whole with their length. */
const wholeBodyBytes = 1024 * 1024;
const gzipOptions = { level: constants.Z_BEST_SPEED };
const compressed = promisify(gzip);

/** Sends an answer with back-pressure. False when the client went away before the end. */
export async function sendAnswer(
  response: ServerResponse,
  answer: Answer,
  isGzipOffered: boolean,
): Promise<boolean> {
  try {
    const bytes = await sendBody(response, answer, isGzipOffered);
    answer.served?.(bytes);
    return true;
  } catch (error) {
    if (response.destroyed) return false;
    throw error;
  }
}

/** The length of the body before compression. */
async function sendBody(response: ServerResponse, answer: Answer, isGzipOffered: boolean): Promise<number> {
  const encoding = isGzipOffered ? { 'Content-Encoding': 'gzip', Vary: 'Accept-Encoding' } : {};
  const { head, rest } = upTo(wholeBodyBytes, chunksOf(answer.body));
  const whole = Buffer.concat(head);
  if (rest === undefined) {
    const body = isGzipOffered ? await compressed(whole, gzipOptions) : whole;
    response.writeHead(answer.status, {
      ...answer.headers,
      ...encoding,
      'Content-Length': String(body.length),
    });
    response.end(body);
    await finished(response);
    return whole.length;
  }
  let bytes = 0;
  const source = Readable.from(
    counting(joined(whole, rest), (length) => (bytes += length)),
    { objectMode: false },
  );
  response.writeHead(answer.status, { ...answer.headers, ...encoding });
  if (isGzipOffered) await pipeline(source, createGzip(gzipOptions), response);
  else await pipeline(source, response);
  return bytes;
}

/** How a body is held back. */
export interface Pace {
  readonly trouble: 'slowBody' | 'drip';
  readonly delayMs: number;
  readonly bytesPerSecond: number;
}

/** Sends all of an answer, slowly and without compression. False when the client went away before the end. */
export async function sendSlowly(response: ServerResponse, answer: Answer, pace: Pace): Promise<boolean> {
  let bytes = 0;
  const chunks = counting(chunksOf(answer.body), (length) => (bytes += length));
  const source = Readable.from(pace.trouble === 'drip' ? dripping(chunks, pace) : pausing(chunks, pace), {
    objectMode: false,
  });
  response.writeHead(answer.status, answer.headers);
  try {
    await pipeline(source, response);
  } catch (error) {
    if (response.destroyed) return false;
    throw error;
  }
  answer.served?.(bytes);
  return true;
}

/** The first half of the first chunk, a pause, and the rest. */
async function* pausing(chunks: Iterable<Buffer>, { delayMs }: Pace): AsyncGenerator<Buffer> {
  let isPaused = false;
  for (const chunk of chunks) {
    const half = isPaused ? 0 : Math.ceil(chunk.length / 2);
    if (!isPaused) {
      yield chunk.subarray(0, half);
      await delay(delayMs, undefined, { ref: false });
      isPaused = true;
    }
    yield chunk.subarray(half);
  }
}

/** Ten pieces a second. */
async function* dripping(chunks: Iterable<Buffer>, { bytesPerSecond }: Pace): AsyncGenerator<Buffer> {
  const pieceBytes = Math.max(1, Math.floor(bytesPerSecond / 10));
  for (const chunk of chunks)
    for (let at = 0; at < chunk.length; at += pieceBytes) {
      yield chunk.subarray(at, at + pieceBytes);
      await delay(100, undefined, { ref: false });
    }
}

/** Spoils the connection as asked, after at most the first part of the body. */
export function sendSpoilt(
  response: ServerResponse,
  answer: Answer,
  trouble: Extract<ConnectionTrouble, 'reset' | 'closedMidBody' | 'cutBody'>,
): void {
  if (trouble === 'reset') {
    response.socket?.resetAndDestroy();
    return;
  }
  const [first = Buffer.alloc(0)] = chunksOf(answer.body);
  const half = first.subarray(0, Math.floor(first.length / 2));
  const statedLength = trouble === 'cutBody' ? half.length : first.length;
  response.writeHead(answer.status, { ...answer.headers, 'Content-Length': String(statedLength) });
  if (trouble === 'cutBody') response.end(half);
  else response.write(half, () => response.destroy());
}

function chunksOf(body: Answer['body']): Iterable<Buffer> {
  return typeof body === 'string' ? [Buffer.from(body)] : body;
}

/** The chunks until they exceed the limit, and an iterator over what follows, if anything does. */
function upTo(limit: number, chunks: Iterable<Buffer>) {
  const iterator = chunks[Symbol.iterator]();
  const head: Buffer[] = [];
  for (let bytes = 0; bytes <= limit;) {
    const { value, done } = iterator.next();
    if (done) return { head, rest: undefined };
    head.push(value);
    bytes += value.length;
  }
  return { head, rest: iterator };
}

function* joined(head: Buffer, rest: Iterator<Buffer>): Generator<Buffer> {
  yield head;
  for (let next = rest.next(); !next.done; next = rest.next()) yield next.value;
}

function* counting(chunks: Iterable<Buffer>, count: (bytes: number) => void): Generator<Buffer> {
  for (const chunk of chunks) {
    count(chunk.length);
    yield chunk;
  }
}
