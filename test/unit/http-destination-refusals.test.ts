import { text } from 'node:stream/consumers';
import { describe, expect, it } from 'vitest';
import type { DeliveryOutcome } from '../../src/destinations/destination.ts';
import { aBlob, handOver, outcomesOf } from '../contract/blobs.ts';
import { aDestination, aLargeBlob, aStand, destinationErrorOf } from './http-destination-stand.ts';
import { serve } from './http-servers.ts';

describe('a refused request', () => {
  it.each([
    [400, 'rejected'],
    [422, 'rejected'],
    [413, 'tooLarge'],
  ] as const)(
    'with %i is split down to the bad record, which goes to the dead letter as %s',
    async (status, reason) => {
      const stand = await aStand(
        {},
        { onRequest: ({ body }) => (body.includes('"bad 3/7"') ? status : undefined) },
      );
      const blobs = ['1', '2', '3', '4'].map((name) =>
        aBlob(name, {
          records: Array.from({ length: 20 }, (_, index) => Buffer.from(`{"Id":"bad ${name}/${index}"}`)),
        }),
      );
      const outcomes = await outcomesOf(stand.destination, handOver(blobs));
      expect(outcomes.map((outcome) => [outcome.contentId, outcome.status])).toEqual(
        expect.arrayContaining(blobs.map(({ contentId }) => [contentId, 'delivered'])),
      );
      expect(stand.siem.report).toEqual({ records: 79, repeats: 0 });
      expect(await stand.deadLetters()).toEqual([
        expect.objectContaining({
          contentId: '3',
          contentType: 'Audit.General',
          index: 7,
          reason,
          destination: 'siem',
          detail: expect.stringContaining(`HTTP ${status}`) as string,
          text: '{"Id":"bad 3/7"}',
        }),
      ]);
    },
  );

  it('that is too large arrives in parts', async () => {
    const stand = await aStand({}, { onRequest: ({ body }) => (body.length > 2500 ? 413 : undefined) });
    const blob = aLargeBlob('large', 9);
    await outcomesOf(stand.destination, handOver([blob]));
    expect(stand.siem.report).toEqual({ records: 9, repeats: 0 });
    expect(await stand.deadLetters()).toEqual([]);
  });

  it('with 413 before the server has read it is split, too', async () => {
    const lines: string[] = [];
    const server = await serve((request, response) => {
      if (Number(request.headers['content-length']) > 500_000) {
        response.writeHead(413, { connection: 'close' }).end();
        return;
      }
      void text(request).then((body) => {
        lines.push(...body.trimEnd().split('\n'));
        response.end();
      });
    });
    const destination = aDestination({ url: server.url });
    await outcomesOf(destination, handOver([aLargeBlob('large', 900)]));
    expect(new Set(lines).size).toBe(900);
    expect(lines).toHaveLength(900);
  });

  it('is not delivered as long as the dead letter cannot be written', async () => {
    const { siem } = await aStand();
    siem.refuses = (record) => record.includes('/1');
    const destination = aDestination({ url: siem.url }, { deadLetterFolder: '/dev/null/in-the-way' });
    const error = await destinationErrorOf(outcomesOf(destination, handOver([aBlob('a')])));
    expect([error.kind, error.message]).toEqual(['unavailable', expect.stringContaining('dead letter')]);
  });

  it('that meets trouble of the server in parts acknowledges the blobs that are complete', async () => {
    const stand = await aStand(
      { concurrency: 1 },
      {
        onRequest: ({ body }) => {
          if (body.includes('"a/0"') && body.includes('"b/0"')) return 400;
          return body.includes('"b/0"') ? 503 : undefined;
        },
      },
    );
    const outcomes: DeliveryOutcome[] = [];
    const delivery = outcomesOf(stand.destination, handOver([aBlob('a'), aBlob('b')]), undefined, (outcome) =>
      outcomes.push(outcome),
    );
    expect((await destinationErrorOf(delivery)).kind).toBe('unavailable');
    expect(outcomes).toMatchObject([{ contentId: 'a', status: 'delivered', records: 3 }]);
  });
});
