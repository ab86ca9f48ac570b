import { once } from 'node:events';
import { createServer, request, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import type { DeliveryOutcome, Destination, RecordsOfBlob } from '../../src/destinations/destination.ts';
import { DestinationError } from '../../src/errors.ts';

/** A server on loopback that takes records as lines, and the destination that sends them there, one blob after the other. */
export interface FakeHttpDestination {
  readonly destination: Destination;
  /** Lines of each blob that was acknowledged, by contentId. */
  readonly received: ReadonlyMap<string, readonly string[]>;
  /** How requests are answered from now on: a status, or not before `release`. Default 200. */
  answer: number | 'never';
  /** Answers what was not answered, and all that follows, with 200. */
  release(): void;
  /** Reads all blobs before it sends the first. Default false. */
  readsAhead: boolean;
  /** Blobs that are refused with 400, by contentId. */
  readonly refused: Set<string>;
  /** Blobs that have arrived, whatever the answer. */
  requests: number;
  close(): Promise<void>;
}

export async function startFakeHttpDestination(name: string): Promise<FakeHttpDestination> {
  const received = new Map<string, readonly string[]>();
  const refused = new Set<string>();
  const held: (() => void)[] = [];
  const server = createServer((incoming, response) => void take(incoming, response));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;

  async function take(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    const contentId = decodeURIComponent(incoming.url!.slice(1));
    const body = await buffer(incoming);
    fake.requests++;
    if (fake.answer === 'never') await new Promise<void>((resolve) => held.push(resolve));
    const status = refused.has(contentId) ? 400 : Number(fake.answer);
    if (status === 200) received.set(contentId, body.toString().trimEnd().split('\n'));
    response.writeHead(status).end();
  }

  const fake: FakeHttpDestination = {
    destination: {
      name,
      deliver: (blobs, signal) => deliver(fake.readsAhead ? readAll(blobs) : blobs, { port, name, signal }),
      check: async () => undefined,
      close: async () => undefined,
    },
    received,
    answer: 200,
    release: () => {
      fake.answer = 200;
      for (const answer of held.splice(0)) answer();
    },
    readsAhead: false,
    refused,
    requests: 0,
    close: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
  return fake;
}

interface Sending {
  readonly port: number;
  readonly name: string;
  readonly signal: AbortSignal;
}

async function* deliver(
  blobs: AsyncIterable<RecordsOfBlob>,
  sending: Sending,
): AsyncGenerator<DeliveryOutcome, void, undefined> {
  for await (const { contentId, records } of blobs) {
    const lines: Uint8Array[] = [];
    try {
      for await (const batch of records) lines.push(...batch);
    } catch (error) {
      yield { contentId, status: 'failed', error };
      continue;
    }
    const status = await post(contentId, lines, sending);
    const bytes = lines.reduce((sum, line) => sum + line.length, 0);
    if (status === 200) {
      yield { contentId, status: 'delivered', records: lines.length, bytes, isRepeat: false };
    } else if (status === 400) {
      yield {
        contentId,
        status: 'failed',
        error: new DestinationError('rejected', `${sending.name}: HTTP 400`),
      };
    } else {
      const kind = status === 401 ? 'unauthorized' : 'unavailable';
      throw new DestinationError(kind, `${sending.name}: HTTP ${status}`);
    }
  }
}

async function* readAll(blobs: AsyncIterable<RecordsOfBlob>): AsyncGenerator<RecordsOfBlob, void, undefined> {
  const all: RecordsOfBlob[] = [];
  for await (const blob of blobs) {
    const batches: (readonly Uint8Array[])[] = [];
    for await (const batch of blob.records) batches.push(batch);
    all.push({ ...blob, records: Readable.from(batches) });
  }
  yield* all;
}

/** The status of the answer. Throws the signal's reason when it aborts. */
async function post(
  contentId: string,
  lines: readonly Uint8Array[],
  { port, signal }: Sending,
): Promise<number> {
  const path = `/${encodeURIComponent(contentId)}`;
  const sent = request({ host: '127.0.0.1', port, path, method: 'POST', signal });
  for (const line of lines) {
    sent.write(
      `${Buffer.from(line)
        .toString()
        .replaceAll(/[\r\n]/g, ' ')}\n`,
    );
  }
  sent.end();
  try {
    const [response] = (await once(sent, 'response')) as [IncomingMessage];
    response.resume();
    return response.statusCode!;
  } catch (error) {
    signal.throwIfAborted();
    throw new DestinationError('unavailable', 'no answer', { cause: error });
  }
}
