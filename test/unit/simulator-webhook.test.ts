import { createServer } from 'node:http';
import type { IncomingHttpHeaders, Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { SimulatorClient, codeOf, contentType, itemsOf, publisher } from './simulator-client.ts';

interface Received {
  readonly headers: IncomingHttpHeaders;
  readonly body: unknown;
}

let client: SimulatorClient;
let receiver: Server;
let address: string;
let received: Received[];
let status: number;

beforeEach(async () => {
  received = [];
  status = 200;
  receiver = createServer((request, response) => {
    void text(request).then((body) => {
      received.push({ headers: request.headers, body: JSON.parse(body) });
      response.writeHead(status).end();
    });
  }).listen(0, '127.0.0.1');
  await once(receiver, 'listening');
  address = `http://127.0.0.1:${(receiver.address() as AddressInfo).port}/o365`;
  client = await SimulatorClient.start({ plainHttpWebhooks: true, liveEveryMs: 60_000, startCooldownMs: 0 });
});
afterEach(async () => {
  await client.simulator.close();
  receiver.close();
  receiver.closeAllConnections();
});

const start = async (webhook: object) =>
  fetch(
    `${client.simulator.url}/api/v1.0/${client.tenantId()}/activity/feed/subscriptions/start?contentType=${contentType}&${publisher}`,
    {
      method: 'POST',
      headers: { Authorization: `Bearer ${await client.token()}` },
      body: JSON.stringify({ webhook }),
    },
  );
const notifications = () =>
  client.api(
    `subscriptions/notifications?contentType=${contentType}&startTime=2026-11-22T11:00&endTime=2026-11-22T13:00&${publisher}`,
  );

describe('a webhook', () => {
  it('is asked for its agreement, and then belongs to the subscription', async () => {
    const answer = await start({ address, authId: 'mine', expiration: '' });
    expect(await answer.json()).toEqual({
      contentType,
      status: 'enabled',
      webhook: { status: 'enabled', address, authId: 'mine', expiration: null },
    });
    const [{ headers, body } = { headers: {}, body: {} }] = received;
    expect(headers).toMatchObject({ 'webhook-authid': 'mine' });
    expect(body).toEqual({ validationCode: headers['webhook-validationcode'] });
    expect(await (await client.subscriptions()).json()).toEqual([
      {
        contentType,
        status: 'enabled',
        webhook: { authId: 'mine', address, expiration: '', status: 'enabled' },
      },
    ]);
  });

  it('that answers anything but 200 is AF20021, and nothing is started', async () => {
    status = 204;
    const answer = await start({ address });
    expect(answer.status).toBe(400);
    expect(await answer.json()).toEqual({
      error: {
        code: 'AF20021',
        message: `The webhook endpoint (${address}) could not be validated. The endpoint did not return HTTP 200.`,
      },
    });
    expect(await (await client.subscriptions()).json()).toEqual([]);
  });

  it('must begin with https unless told otherwise, and must not have expired', async () => {
    expect(await codeOf(await start({ address, expiration: '2026-11-22T11:59:59' }))).toBe('AF20003');
    await client.simulator.close();
    client = await SimulatorClient.start();
    expect(await codeOf(await start({ address }))).toBe('AF20021');
    expect(received).toEqual([]);
  });

  it('shows as expired after its time, and goes with a start without one', async () => {
    await start({ address, expiration: '2026-11-22T12:30:00Z' });
    client.time.nowMs += 3_600_000;
    expect(await (await client.subscriptions()).json()).toMatchObject([{ webhook: { status: 'expired' } }]);
    expect((await client.startSubscription()).status).toBe(200);
    expect(await (await client.subscriptions()).json()).toMatchObject([{ webhook: null }]);
  });

  it('is told of new content, which the list of notifications then shows', async () => {
    await start({ address, authId: 'mine' });
    client.time.nowMs += 5 * 60_000;
    const sent = (await (await notifications()).json()) as { contentId: string }[];
    const listed = await itemsOf(await client.window('2026-11-22T12:00', '2026-11-22T13:00'));
    expect(listed.length).toBeGreaterThan(3);
    expect(sent).toMatchObject(listed);
    expect(sent[0]).toMatchObject({
      notificationStatus: 'Succeeded',
      notificationSent: '2026-11-22T12:05:00.000Z',
    });
    expect(received[1]).toMatchObject({
      headers: { 'webhook-authid': 'mine', 'content-type': 'application/json; utf-8' },
      body: sent.map(({ contentId }) => ({
        contentId,
        tenantId: client.tenantId(),
        clientId: client.simulator.clientId,
      })),
    });
  });

  it('is gone after five failures in a row', async () => {
    await start({ address });
    status = 500;
    for (let failure = 0; failure < 5; failure++) {
      client.time.nowMs += 60_000;
      expect(await (await notifications()).json()).toEqual([]);
    }
    expect(await (await client.subscriptions()).json()).toEqual([
      { contentType, status: 'enabled', webhook: null },
    ]);
  });
});

describe('without a webhook', () => {
  it('there are no notifications, and none at all before a start', async () => {
    expect(await codeOf(await notifications())).toBe('AF20022');
    await client.startSubscription();
    client.time.nowMs += 5 * 60_000;
    expect(await (await notifications()).json()).toEqual([]);
  });
});

describe('friendly names', () => {
  const names = async (language: string) =>
    fetch(
      `${client.simulator.url}/api/v1.0/${client.tenantId()}/activity/feed/resources/dlpSensitiveTypes?${publisher}`,
      {
        headers: { Authorization: `Bearer ${await client.token()}`, 'Accept-Language': language },
      },
    );

  it('come in one language, with the empty object at the end', async () => {
    expect(await (await names('en-US')).json()).toEqual([
      { id: '50842eb7-edc8-4019-85dd-5a5c1f2bb085', name: 'CreditCardNumber' },
      {},
    ]);
    expect(await codeOf(await names('en-US,es'))).toBe('AF20053');
    expect(await codeOf(await names('***'))).toBe('AF20054');
  });
});
