import type { Dispatcher } from 'undici';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Secret, type Credential } from '../../src/config/config.ts';
import { createHttpDispatcher, userAgent } from '../../src/http/dispatcher.ts';
import { createTokenProvider } from '../../src/office365/token-provider.ts';
import {
  clientId,
  never,
  refusal,
  scope,
  startFakeTokenEndpoint,
  tenantId,
  token,
  type Answer,
  type FakeTokenEndpoint,
  type Reply,
  type TokenRequest,
} from './office365-fake-token-endpoint.ts';

const secretText = 'a+b&c%d~secret';

let endpoint: FakeTokenEndpoint;
let dispatcher: Dispatcher;

beforeEach(async () => {
  endpoint = await startFakeTokenEndpoint();
  dispatcher = createHttpDispatcher();
});

afterEach(async () => {
  vi.useRealTimers();
  await dispatcher.destroy();
  await endpoint.close();
});

function provider(credential: Credential = { type: 'secret', secret: new Secret(secretText) }) {
  return createTokenProvider(
    { tenantId, clientId, credential, loginUrl: endpoint.loginUrl, scope },
    { dispatcher, readSecretFile: () => Promise.reject(new Error('no file is asked for')) },
  );
}

describe('createTokenProvider', () => {
  it('asks the v2 endpoint of a plain-http address with the client credentials', async () => {
    const { roles, value } = await provider().getToken(never);
    expect(roles).toEqual(['ActivityFeed.Read']);
    expect(value.split('.')).toHaveLength(3);
    expect(endpoint.received).toHaveLength(1);
    const { path, form, ...request } = endpoint.received[0] as TokenRequest;
    expect(path).toBe(`/${tenantId}/oauth2/v2.0/token`);
    expect(request.userAgent).toBe(userAgent);
    expect(Object.fromEntries(form)).toMatchObject({
      grant_type: 'client_credentials',
      client_id: clientId,
      client_secret: secretText,
      scope: expect.stringContaining(scope),
    });
  });

  it('shares one request among calls at the same time and keeps its token', async () => {
    const tokens = provider();
    const [first, second] = await Promise.all([tokens.getToken(never), tokens.getToken(never)]);
    expect(second).toBe(first);
    expect(await tokens.getToken(never)).toBe(first);
    expect(endpoint.received).toHaveLength(1);
  });

  it('renews a token five minutes before it expires', async () => {
    vi.useFakeTimers({ toFake: ['Date'] });
    const startMs = Date.now();
    const tokens = provider();
    const first = await tokens.getToken(never);
    vi.setSystemTime(startMs + (3599 - 310) * 1000);
    expect(await tokens.getToken(never)).toBe(first);
    vi.setSystemTime(startMs + (3599 - 290) * 1000);
    expect(await tokens.getToken(never)).not.toBe(first);
    expect(endpoint.received).toHaveLength(2);
  });

  it('asks again after the token was invalidated, and keeps a newer one', async () => {
    const tokens = provider();
    const first = await tokens.getToken(never);
    tokens.invalidate(first);
    const second = await tokens.getToken(never);
    expect(second.value).not.toBe(first.value);
    tokens.invalidate(first);
    expect(await tokens.getToken(never)).toBe(second);
    expect(endpoint.received).toHaveLength(2);
  });

  it('leaves the shared request to the others when one of them is aborted', async () => {
    let answer: (sent: Answer) => void = () => undefined;
    const arrived = new Promise<void>((resolve) => {
      endpoint.reply = () => {
        resolve();
        return new Promise<Answer>((send) => (answer = send));
      };
    });
    const tokens = provider();
    const abort = new AbortController();
    const aborted = tokens.getToken(abort.signal);
    const patient = tokens.getToken(never);
    await arrived;
    const reason = new Error('cancelled');
    abort.abort(reason);
    await expect(aborted).rejects.toBe(reason);
    answer(token());
    expect((await patient).roles).toEqual(['ActivityFeed.Read']);
    expect(endpoint.received).toHaveLength(1);
  });

  it('tells a refusal by its code and asks again at the next call', async () => {
    endpoint.reply = () => refusal(7000222);
    const tokens = provider();
    await expect(tokens.getToken(never)).rejects.toMatchObject({
      kind: 'unauthorized',
      message: expect.stringMatching(/HTTP 401, AADSTS7000222.*expired/),
    });
    endpoint.reply = () => token();
    await tokens.getToken(never);
    expect(endpoint.received).toHaveLength(2);
  });

  it('is not stopped by an earlier 429', async () => {
    endpoint.reply = () => ({ status: 429, headers: { 'retry-after': '30' }, body: '' });
    const tokens = provider();
    await expect(tokens.getToken(never)).rejects.toMatchObject({ kind: 'throttled', retryAfterMs: 30_000 });
    endpoint.reply = () => token();
    await tokens.getToken(never);
    expect(endpoint.received).toHaveLength(2);
  });

  it.each<[string, Reply, string]>([
    ['HTML with 200', { body: '<html>' }, 'unexpectedResponse'],
    ['HTML with 502', { status: 502, body: '<html>' }, 'unavailable'],
    ['an answer without token', { body: '{}' }, 'unexpectedResponse'],
    ['a redirect', { status: 302, headers: { location: '/other' }, body: '' }, 'unexpectedResponse'],
    ['a reset', 'reset', 'unavailable'],
  ])('tries once and sorts %s', async (_what, answer, kind) => {
    endpoint.reply = () => answer;
    await expect(provider().getToken(never)).rejects.toMatchObject({ kind });
    expect(endpoint.received).toHaveLength(1);
  });

  it('puts no secret into an error', async () => {
    for (const answer of [refusal(7000215), { body: secretText }, 'reset' as const]) {
      endpoint.reply = () => answer;
      const error: unknown = await provider()
        .getToken(never)
        .catch((thrown: unknown) => thrown);
      expect((error as Error).message).not.toContain(secretText);
    }
  });

  it('accepts the string numbers of the older endpoint', async () => {
    endpoint.reply = () => token({ roles: [] }, '3599');
    const tokens = provider();
    const first = await tokens.getToken(never);
    expect(first.roles).toEqual([]);
    expect(await tokens.getToken(never)).toBe(first);
  });

  it('leaves the roles open for a token that it cannot read', async () => {
    endpoint.reply = () => ({
      body: JSON.stringify({ token_type: 'Bearer', expires_in: 3599, access_token: 'opaque' }),
    });
    expect((await provider().getToken(never)).roles).toBeUndefined();
  });
});
