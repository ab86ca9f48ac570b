import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { request, type Dispatcher } from 'undici';
import { describe, expect, it } from 'vitest';
import { userAgent } from '../../src/http/dispatcher.ts';
import { createApiCaller } from '../../src/office365/api-caller.ts';
import type { ManagementApiClient } from '../../src/office365/client.ts';
import {
  anHour,
  contentId,
  exchange,
  listBlobs,
  never,
  nextPage,
  page,
  publisherIdentifier,
  refuse,
  reply,
  useFakeApi,
  type FakeApi,
  type TokenIssuer,
} from './office365-fake-api.ts';

let api: FakeApi;
let dispatcher: Dispatcher;
let issuer: TokenIssuer;
let client: ManagementApiClient;
useFakeApi((parts) => ({ api, dispatcher, issuer, client } = parts));

const window = anHour;
const list = (asked = window, contentType = exchange) => listBlobs(client, asked, contentType);

describe('every call', () => {
  it('carries token, publisher, user agent and the offer of gzip, pages and blobs too', async () => {
    api.script = [
      reply([]),
      reply({ contentType: exchange, status: 'enabled' }),
      page(api, [], nextPage(api, 'a')),
      page(api, []),
      reply('[]'),
    ];
    await client.listSubscriptions(never);
    await client.startSubscription(exchange, never);
    await list();
    for await (const chunk of await client.retrieveContent({ contentId }, exchange, never)) void chunk;
    expect(api.received).toHaveLength(5);
    for (const { url, headers } of api.received) {
      const query = new URL(url ?? '', api.origin).searchParams;
      expect([...query.keys()].filter((key) => /^publisheridentifier$/i.test(key))).toHaveLength(1);
      expect(query.get('PublisherIdentifier')).toBe(publisherIdentifier);
      expect(headers).toMatchObject({
        authorization: 'Bearer token-1',
        'user-agent': userAgent,
        'accept-encoding': 'gzip',
      });
    }
  });

  it.each([
    [
      '401 without a code',
      reply({ Message: 'Authorization has been denied for this request.' }, { status: 401 }),
    ],
    ['AF10001', refuse('AF10001', 403)],
  ])('is repeated once with a new token after %s', async (_what, refusal) => {
    api.script = [refusal, reply([])];
    expect(await client.listSubscriptions(never)).toEqual([]);
    expect(api.received.map(({ headers }) => headers.authorization)).toEqual([
      'Bearer token-1',
      'Bearer token-2',
    ]);
    api.received = [];
    api.script = [refusal];
    await expect(client.listSubscriptions(never)).rejects.toMatchObject({ kind: 'unauthorized' });
    expect(api.received).toHaveLength(2);
  });

  it.each([
    [refuse('AF50000', 500), 'unavailable'],
    [refuse('AF429', 403), 'throttled'],
    [reply('<html>', { status: 503 }), 'unavailable'],
    [reply('', { status: 302, headers: { location: '/elsewhere' } }), 'unexpectedResponse'],
    [reply('[]', { headers: { 'content-encoding': 'br' } }), 'unexpectedResponse'],
  ])('is tried once otherwise %#', async (step, kind) => {
    api.script = [step];
    await expect(client.listSubscriptions(never)).rejects.toMatchObject({ kind });
    expect(api.received).toHaveLength(1);
  });

  it('is not sent with a token that lacks the role, and says which one to grant', async () => {
    api.script = [reply([])];
    issuer.roles = ['ActivityFeed.Read'];
    expect(await list()).toEqual([]);
    await expect(list(window, 'DLP.All')).rejects.toMatchObject({
      kind: 'unauthorized',
      message: expect.stringMatching(/lacks the role ActivityFeed\.ReadDlp.*admin consent/),
    });
    expect(api.received).toHaveLength(1);
    issuer.roles = [];
    issuer.invalidateAll();
    await expect(client.listSubscriptions(never)).rejects.toThrow(/ActivityFeed\.Read\b/);
    expect(api.received).toHaveLength(1);
  });

  it('looks at a new token once the role is granted', async () => {
    api.script = [reply([])];
    issuer.roles = [];
    issuer.invalidateAll();
    await expect(list()).rejects.toMatchObject({ kind: 'unauthorized' });
    issuer.roles = ['ActivityFeed.Read'];
    expect(await list()).toEqual([]);
  });

  it('leaves a token that cannot be read to the API', async () => {
    api.script = [reply([])];
    issuer.roles = undefined;
    issuer.invalidateAll();
    expect(await list()).toEqual([]);
  });

  it('rejects with the reason of an abort while it waits for the answer', async () => {
    const abort = new AbortController();
    const reason = new Error('cancelled');
    api.script = [() => abort.abort(reason)];
    await expect(client.listSubscriptions(abort.signal)).rejects.toBe(reason);
  });

  it('measures the clock of the service', async () => {
    expect(client.clockOffsetMs).toBe(0);
    api.script = [reply([], { headers: { date: new Date(Date.now() + 600_000).toUTCString() } })];
    await client.listSubscriptions(never);
    expect(client.clockOffsetMs).toBeGreaterThan(590_000);
    expect(client.clockOffsetMs).toBeLessThan(610_000);
  });

  it('puts neither URL, token nor body into an error', async () => {
    for (const step of [
      refuse('AF50000', 500, 'bob@contoso.com'),
      reply('bob@contoso.com'),
      (request: IncomingMessage) => request.socket.destroy(),
    ]) {
      api.script = [step];
      const error: unknown = await list().catch((thrown: unknown) => thrown);
      expect((error as Error).message).toMatch(/^listAvailableContent Audit\.Exchange: /);
      expect((error as Error).message).not.toMatch(/bob|token-|http:|0873ee4d/);
    }
  });

  it('keeps to eight requests at a time', async () => {
    const waiting: ServerResponse[] = [];
    const eight = new Promise<void>((resolve) => {
      api.script = [(_request, response) => void (waiting.push(response) === 8 && resolve())];
    });
    const calls = Array.from({ length: 10 }, () => client.listSubscriptions(never));
    await eight;
    // A ninth request would have arrived by the time a later connection has had its answers.
    api.script = [(_request, response) => void response.end()];
    for (let turn = 0; turn < 3; turn++) await (await request(api.origin)).body.dump();
    expect(api.received).toHaveLength(8 + 3);
    api.script = [reply([])];
    for (const response of waiting) response.end('[]');
    await Promise.all(calls);
  });

  it('slows the tenant down when it is throttled, but not for the cooldown of a start', async () => {
    let throttled = 0;
    const budget = { acquire: async () => () => undefined, throttled: () => void throttled++ };
    const caller = createApiCaller({ publisherIdentifier, tokens: issuer, dispatcher, budget });
    const call = { operation: 'startSubscription', url: api.origin };
    api.script = [refuse('429', 403)];
    await caller.call(call, never);
    expect(throttled).toBe(0);
    api.script = [refuse('AF429', 403), reply('', { status: 429 })];
    await caller.call(call, never);
    await caller.call(call, never);
    expect(throttled).toBe(2);
  });

  it('closes the connection of an answer that it cannot decode', async () => {
    let closed: Promise<unknown> = Promise.resolve();
    api.script = [
      (_request, response) => {
        closed = once(response, 'close');
        response.writeHead(200, { 'content-encoding': 'br' }).write('x');
      },
    ];
    await expect(client.listSubscriptions(never)).rejects.toMatchObject({ kind: 'unexpectedResponse' });
    await closed;
  });

  it('is not held up by blobs that nobody reads on', async () => {
    const large = Buffer.alloc(4 * 1024 * 1024, 'x');
    api.script = [reply(large)];
    await Promise.all(
      Array.from({ length: 10 }, () => client.retrieveContent({ contentId }, exchange, never)),
    );
    api.script = [reply([])];
    expect(await client.listSubscriptions(never)).toEqual([]);
  });
});
