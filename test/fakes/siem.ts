import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import { gunzipSync } from 'node:zlib';

/** How a request is answered: with a status, not before this changes, or by cutting the connection when the records are stored. */
export type SiemAnswer = number | 'hang' | 'loseAnswer';

/** One request, whatever the answer; `body` is without gzip. */
export interface SiemRequest {
  readonly method: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

export interface SiemOptions {
  /** The records of a body, or undefined for one that is refused with 400. Default: lines, each with a line end. */
  readonly recordsOf?: (body: Buffer) => readonly Buffer[] | undefined;
  /** Told of each request, which is answered when it returns: with the status, if it returns one. */
  readonly onRequest?: (request: SiemRequest) => Promise<number | undefined> | number | undefined;
  /** Told of each record that is stored, repeats included. */
  readonly onStored?: (record: Buffer) => void;
}

/**
 * A SIEM on loopback that takes records by HTTP and keeps of each a hash and how often it came. All or nothing: a request is
 * stored when it is answered with a status below 300.
 */
export interface Siem {
  readonly url: string;
  /** Default 200. Whoever hangs is answered when it changes. */
  answer: SiemAnswer;
  /** How long each request takes, in milliseconds. Default 0. */
  delayMs: number;
  /** Requests with such a record in them are refused with 400. */
  refuses: (record: Buffer) => boolean;
  /** Requests so far, whatever the answer. */
  readonly requests: number;
  /** How many different records are stored, and how many times one came again. */
  readonly report: { readonly records: number; readonly repeats: number };
  /** How often this very record is stored. */
  countOf(record: Uint8Array): number;
  /** Connections that are open at this moment. */
  connections(): Promise<number>;
  /** Closes the port and all connections. */
  down(): Promise<void>;
  /** Opens the same port again. */
  up(): Promise<void>;
  close(): Promise<void>;
}

export async function startSiem(options: SiemOptions = {}): Promise<Siem> {
  const siem = new SiemServer(options);
  await siem.up();
  return siem;
}

class SiemServer implements Siem {
  delayMs = 0;
  refuses: (record: Buffer) => boolean = () => false;
  requests = 0;
  readonly #options: SiemOptions;
  readonly #server = createServer((request, response) => {
    // A client that left says so on the socket; here is nobody to tell.
    this.#take(request, response).catch(() => response.destroy());
  });
  readonly #counts = new Map<string, number>();
  readonly #hanging = new Set<() => void>();
  readonly #closed = new AbortController();
  #answer: SiemAnswer = 200;
  #port = 0;
  #stored = 0;

  constructor(options: SiemOptions) {
    this.#options = options;
  }

  get url(): string {
    return `http://127.0.0.1:${this.#port}/ingest`;
  }

  get answer(): SiemAnswer {
    return this.#answer;
  }

  set answer(answer: SiemAnswer) {
    this.#answer = answer;
    if (answer === 'hang') return;
    for (const goOn of this.#hanging) goOn();
    this.#hanging.clear();
  }

  get report(): Siem['report'] {
    return { records: this.#counts.size, repeats: this.#stored - this.#counts.size };
  }

  countOf(record: Uint8Array): number {
    return this.#counts.get(hashOf(record)) ?? 0;
  }

  connections(): Promise<number> {
    return promisify(this.#server.getConnections.bind(this.#server))();
  }

  async down(): Promise<void> {
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, 'close');
  }

  async up(): Promise<void> {
    this.#server.listen(this.#port, '127.0.0.1');
    await once(this.#server, 'listening');
    this.#port = (this.#server.address() as AddressInfo).port;
  }

  async close(): Promise<void> {
    this.#closed.abort();
    if (this.#server.listening) await this.down();
  }

  async #take(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const sent = await buffer(request);
    const body = request.headers['content-encoding'] === 'gzip' ? gunzipSync(sent) : sent;
    this.requests++;
    const asked = await this.#options.onRequest?.({
      method: request.method ?? '',
      headers: request.headers,
      body,
    });
    if (this.#answer === 'hang') await new Promise<void>((goOn) => this.#hanging.add(goOn));
    if (this.delayMs > 0) await delay(this.delayMs, undefined, { signal: this.#closed.signal });
    const status = asked ?? this.#statusFor(request, body);
    if (isGone(response.socket)) return;
    if (status < 300 && request.method !== 'OPTIONS') this.#store(body);
    if (this.#answer === 'loseAnswer') response.destroy();
    else response.writeHead(status).end();
  }

  #statusFor(request: IncomingMessage, body: Buffer): number {
    if (typeof this.#answer === 'number' && this.#answer !== 200) return this.#answer;
    if (request.method === 'OPTIONS') return 204;
    const records = this.#recordsOf(body);
    return records === undefined || records.some((record) => this.refuses(record)) ? 400 : 200;
  }

  #store(body: Buffer): void {
    for (const record of this.#recordsOf(body) ?? []) {
      const hash = hashOf(record);
      this.#counts.set(hash, (this.#counts.get(hash) ?? 0) + 1);
      this.#stored++;
      this.#options.onStored?.(record);
    }
  }

  #recordsOf(body: Buffer): readonly Buffer[] | undefined {
    return (this.#options.recordsOf ?? linesOf)(body);
  }
}

/** The lines of NDJSON without their ends; undefined when the last one has none or one is empty. */
export function linesOf(body: Buffer): Buffer[] | undefined {
  const lines: Buffer[] = [];
  let start = 0;
  for (let end = body.indexOf('\n'); end !== -1; end = body.indexOf('\n', start)) {
    if (end === start) return undefined;
    lines.push(body.subarray(start, end));
    start = end + 1;
  }
  return start === body.length && lines.length > 0 ? lines : undefined;
}

/** A hundred bits are enough to tell records apart, and short. */
function hashOf(record: Uint8Array): string {
  return createHash('sha256').update(record).digest('base64url').slice(0, 18);
}

function isGone(socket: Socket | null): boolean {
  return socket === null || socket.destroyed;
}
