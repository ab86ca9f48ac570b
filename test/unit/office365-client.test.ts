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
  live,
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
    for await (const chunk of await client.retrieveContent({ contentId }, exchange, live)) void chunk;
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

  describe('measures the clock of the service', () => {
    const tenMinutesAhead = () => ({ date: new Date(Date.now() + 600_000).toUTCString() });
    const inTenMinutes = expect.closeTo(600_000, -5) as number;

    it('by its answers', async () => {
      expect(client.clockOffsetMs).toBe(0);
      api.script = [reply([], { headers: tenMinutesAhead() })];
      await client.listSubscriptions(never);
      expect(client.clockOffsetMs).toEqual(inTenMinutes);
    });

    it('by its refusals, such as that of a window that a wrong clock has planned', async () => {
      const refusal = JSON.stringify({ error: { code: 'AF20055', message: '' } });
      api.script = [reply(refusal, { status: 400, headers: tenMinutesAhead() })];
      await expect(list()).rejects.toMatchObject({ kind: 'windowRefused' });
      expect(client.clockOffsetMs).toEqual(inTenMinutes);
    });

    it.each([
      ['an error page', '<html>', 502],
      ['a page with status 200', '<html>', 200],
      ['a sign-in form', '', 401],
    ])('but not by %s of a proxy in between', async (_what, body, status) => {
      api.script = [reply(body, { status, headers: tenMinutesAhead() })];
      await expect(client.listSubscriptions(never)).rejects.toThrow();
      expect(client.clockOffsetMs).toBe(0);
    });
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
    const pauses: (number | undefined)[] = [];
    const budget = {
      acquire: async () => () => undefined,
      throttled: (retryAfterMs: number | undefined) => void pauses.push(retryAfterMs),
    };
    const caller = createApiCaller({ publisherIdentifier, tokens: issuer, dispatcher, budget });
    const call = { operation: 'startSubscription', url: api.origin };
    api.script = [refuse('429', 403)];
    await caller.call(call, live);
    expect(pauses).toEqual([]);
    api.script = [refuse('AF429', 403), reply('', { status: 429, headers: { 'retry-after': '7' } })];
    await caller.call(call, live);
    await caller.call(call, live);
    expect(pauses).toEqual([undefined, 7000]);
  });

  it('waits, whatever it asks for, when the service has asked one of them to', async () => {
    api.script = [reply('', { status: 429, headers: { 'retry-after': '120' } }), reply([])];
    await expect(list()).rejects.toMatchObject({ kind: 'throttled', retryAfterMs: 120_000 });
    const start = client.startSubscription(exchange, never);
    await expect(start).rejects.toMatchObject({
      kind: 'throttled',
      message: expect.stringMatching(/^startSubscription Audit\.Exchange: not sent/),
    });
    expect(api.received).toHaveLength(1);
  });

  it('is given up with the token that was refused twice, so that the next one asks for another', async () => {
    api.script = [reply('', { status: 401 })];
    await expect(client.listSubscriptions(never)).rejects.toMatchObject({ kind: 'unauthorized' });
    api.script = [reply([])];
    await client.listSubscriptions(never);
    expect(api.received.at(-1)?.headers.authorization).toBe('Bearer token-3');
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
      Array.from({ length: 10 }, () => client.retrieveContent({ contentId }, exchange, live)),
    );
    api.script = [reply([])];
    expect(await client.listSubscriptions(never)).toEqual([]);
  });
});
