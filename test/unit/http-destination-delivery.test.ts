import { setImmediate as turn } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import type { DeliveryOutcome } from '../../src/destinations/destination.ts';
import { aBlob, handOver, handOverStreams, outcomesOf, type BlobOfTest } from '../contract/blobs.ts';
import { serve } from './http-servers.ts';
import {
  aDestination,
  aLargeBlob,
  aStand,
  destinationErrorOf,
  type Stand,
} from './http-destination-stand.ts';

function blobsNamed(...names: string[]): BlobOfTest[] {
  return names.map((name) => aBlob(name));
}

function linesOf({ requests }: Stand): number[] {
  return requests.map(({ body }) => body.toString().split('\n').length - 1);
}

function keysOf({ requests }: Stand): unknown[] {
  return requests.map(({ headers }) => headers['idempotency-key']);
}

describe('requests', () => {
  it('hold the records of several blobs', async () => {
    const stand = await aStand();
    await outcomesOf(stand.destination, handOver(blobsNamed('a', 'b', 'c')));
    expect(linesOf(stand)).toEqual([9]);
  });

  it('go out when no more comes in time, full or not', async () => {
    const stand = await aStand({ max_batch_age: '5ms' });
    let arrived = (_outcome: DeliveryOutcome): void => undefined;
    const outcome = new Promise<DeliveryOutcome>((resolve) => (arrived = resolve));
    async function* blobs() {
      yield* handOver(blobsNamed('first'));
      await outcome;
    }
    await outcomesOf(stand.destination, blobs(), undefined, arrived);
    expect(await outcome).toMatchObject({ contentId: 'first', status: 'delivered' });
  });

  it('go out at once when no more will come', { timeout: 5000 }, async () => {
    const stand = await aStand({ max_batch_age: '10s' });
    await outcomesOf(stand.destination, handOver(blobsNamed('a', 'b')));
    async function* breakingOff() {
      yield* handOver(blobsNamed('c'));
      throw new Error('no more blobs to be had');
    }
    const outcomes: DeliveryOutcome[] = [];
    await expect(
      outcomesOf(stand.destination, breakingOff(), undefined, (outcome) => outcomes.push(outcome)),
    ).rejects.toThrow('no more blobs');
    expect(outcomes).toMatchObject([{ contentId: 'c', status: 'delivered' }]);
  });

  it('of a large blob are cut in the same places and carry the same keys, whatever else is sent', async () => {
    const stand = await aStand({ max_batch_size: '4KiB', max_batch_age: '10s', concurrency: 1 });
    const large = aLargeBlob('large', 10);
    const [before, after] = ['before', 'after'].map((name) => aBlob(name, { records: [Buffer.from('{}')] }));
    await outcomesOf(stand.destination, handOver([large]));
    expect(linesOf(stand)).toEqual([4, 4, 2]);
    await outcomesOf(stand.destination, handOver([before!, large, after!]));
    expect(linesOf(stand).slice(3)).toEqual([4, 4, 4]);
    expect(keysOf(stand).slice(3, 5)).toEqual(keysOf(stand).slice(0, 2));
  });

  it('are no more than the configured number at once, over all deliveries', async () => {
    const stand = await aStand({ max_batch_records: 3, concurrency: 3 });
    stand.siem.answer = 'hang';
    const deliveries = ['a', 'b'].map((name) =>
      outcomesOf(stand.destination, handOver([1, 2, 3, 4].map((number) => aBlob(name + number)))),
    );
    while (stand.siem.requests < 3) await turn();
    for (let turns = 0; turns < 200; turns++) await turn();
    expect(stand.siem.requests).toBe(3);
    stand.siem.answer = 200;
    await Promise.all(deliveries);
    expect(stand.siem.report).toEqual({ records: 24, repeats: 0 });
  });
});

describe('a repeat', () => {
  it('after an answer was lost carries the same key', async () => {
    const stand = await aStand({ max_batch_records: 3 });
    stand.siem.answer = 'loseAnswer';
    const blobs = blobsNamed('a', 'b');
    const error = await destinationErrorOf(outcomesOf(stand.destination, handOver(blobs)));
    expect(error.kind).toBe('unavailable');
    expect(stand.siem.report.repeats).toBe(0);
    const before = new Set(keysOf(stand));
    stand.siem.answer = 200;
    await outcomesOf(stand.destination, handOver(blobs));
    expect(stand.siem.report.records).toBe(6);
    expect([...before].every((key) => keysOf(stand).filter((other) => other === key).length === 2)).toBe(
      true,
    );
  });
});

describe('trouble of the server', () => {
  it('lets what is under way come to its end, so that it is not sent again, and begins nothing', async () => {
    let answerSlow = (): void => undefined;
    const slow = new Promise<undefined>((resolve) => {
      answerSlow = () => resolve(undefined);
    });
    const stand = await aStand(
      { max_batch_records: 3, concurrency: 2 },
      {
        onRequest: ({ body }) => {
          if (body.includes('slow')) return slow;
          return body.includes('refused') ? 503 : undefined;
        },
      },
    );
    const outcomes: DeliveryOutcome[] = [];
    const blobs = handOver(blobsNamed('slow', 'refused', 'later'));
    const delivery = destinationErrorOf(
      outcomesOf(stand.destination, blobs, undefined, (outcome) => outcomes.push(outcome)),
    );
    while (stand.siem.requests < 2) await turn();
    for (let turns = 0; turns < 200; turns++) await turn();
    answerSlow();
    expect((await delivery).kind).toBe('unavailable');
    expect(outcomes).toMatchObject([{ contentId: 'slow', status: 'delivered' }]);
    expect(stand.siem.requests).toBe(2);
  });

  it('ends the reading of a blob, however large it is', async () => {
    const { destination, siem } = await aStand();
    siem.answer = 503;
    let batchesRead = 0;
    async function* records() {
      for (; batchesRead < 10_000; batchesRead++) yield Array<Uint8Array>(64).fill(Buffer.alloc(1024, 'x'));
    }
    const delivery = outcomesOf(destination, handOverStreams([{ contentId: 'huge', records: records() }]));
    expect((await destinationErrorOf(delivery)).kind).toBe('unavailable');
    expect(batchesRead).toBeLessThan(200);
  });

  it.each([
    [301, 'misconfigured'],
    [401, 'unauthorized'],
    [403, 'unauthorized'],
    [404, 'misconfigured'],
    [405, 'misconfigured'],
    [408, 'unavailable'],
    [410, 'misconfigured'],
    [415, 'misconfigured'],
    [418, 'misconfigured'],
    [429, 'throttled'],
    [500, 'unavailable'],
    [503, 'unavailable'],
  ] as const)('that is told by %i is %s, and no record is to blame', async (status, kind) => {
    const stand = await aStand();
    stand.siem.answer = status;
    const error = await destinationErrorOf(outcomesOf(stand.destination, handOver(blobsNamed('a'))));
    expect(error.kind).toBe(kind);
    expect(error.message).toMatch(new RegExp(`^destination siem answered with HTTP ${status}: .+\\.$`));
    expect(stand.siem.requests).toBe(1);
    expect(await stand.deadLetters()).toEqual([]);
  });

  it('is tried again when nothing is answered in time', async () => {
    const stand = await aStand({ timeout: '1s' });
    stand.siem.answer = 'hang';
    const error = await destinationErrorOf(outcomesOf(stand.destination, handOver(blobsNamed('a'))));
    expect([error.kind, error.message]).toEqual([
      'unavailable',
      'destination siem: no answer came in time; it is tried again.',
    ]);
  });

  it('is tried again when nobody listens, and delivered once the server is back', async () => {
    const stand = await aStand();
    await stand.siem.down();
    const error = await destinationErrorOf(outcomesOf(stand.destination, handOver(blobsNamed('a'))));
    expect([error.kind, error.message]).toEqual([
      'unavailable',
      'destination siem: the connection was refused (ECONNREFUSED); it is tried again.',
    ]);
    await stand.siem.up();
    await outcomesOf(stand.destination, handOver(blobsNamed('a')));
    expect(stand.siem.report).toEqual({ records: 3, repeats: 0 });
  });
});

describe('an abort', () => {
  it('cuts the request that is under way', async () => {
    const stand = await aStand();
    stand.siem.answer = 'hang';
    const stop = new AbortController();
    const delivery = outcomesOf(stand.destination, handOver(blobsNamed('a')), stop.signal);
    while (stand.siem.requests === 0) await turn();
    const reason = new Error('no longer wanted');
    stop.abort(reason);
    await expect(delivery).rejects.toBe(reason);
    while ((await stand.siem.connections()) > 0) await turn();
  });
});

describe('Retry-After', () => {
  it.each([429, 503])('of an answer with %i is kept', async (status) => {
    const server = await serve((_request, response) =>
      response.writeHead(status, { 'retry-after': '17' }).end('{"UserId":"ann"}'),
    );
    const error = await destinationErrorOf(
      outcomesOf(aDestination({ url: server.url }), handOver(blobsNamed('a'))),
    );
    expect(error.retryAfterMs).toBe(17_000);
  });
});

describe('delivered_statuses', () => {
  it('alone count as delivered', async () => {
    const options = { delivered_statuses: ['201-202', 409] };
    for (const status of [201, 202, 409]) {
      const { destination } = await aStand(options, { onRequest: () => status });
      expect(await outcomesOf(destination, handOver(blobsNamed('a')))).toMatchObject([
        { status: 'delivered' },
      ]);
    }
    const { destination } = await aStand(options);
    const error = await destinationErrorOf(outcomesOf(destination, handOver(blobsNamed('a'))));
    expect([error.kind, error.message]).toEqual([
      'misconfigured',
      'destination siem answered with HTTP 200: it is none of delivered_statuses; name it there if it says so.',
    ]);
  });
});
