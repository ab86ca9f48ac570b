import { describe, expect, it } from 'vitest';
import type { ManagementApiClient } from '../../src/office365/client.ts';
import { exchange, feedPath, never, refuse, reply, useFakeApi, type FakeApi } from './office365-fake-api.ts';

let api: FakeApi;
let client: ManagementApiClient;
useFakeApi((parts) => ({ api, client } = parts));

describe('listSubscriptions', () => {
  it('gives canonical content types, and unknown for an absent status', async () => {
    api.script = [
      reply([
        { contentType: 'audit.exchange', status: 'enabled', webhook: null },
        { contentType: 'DLP.All' },
      ]),
    ];
    expect(await client.listSubscriptions(never)).toEqual([
      { contentType: 'Audit.Exchange', status: 'enabled' },
      { contentType: 'DLP.All', status: 'unknown' },
    ]);
  });

  it.each([
    [{ error: { code: 'AF20011', message: '' } }, 'tenantNotReady'],
    ['<html>', 'unexpectedResponse'],
    ['[{"contentType":"Audit.Exchange"', 'unexpectedResponse'],
    [[{ contentType: 5 }], 'unexpectedResponse'],
    ['', 'unexpectedResponse'],
  ])('does not take %j with status 200 for a list', async (body, kind) => {
    api.script = [reply(body)];
    await expect(client.listSubscriptions(never)).rejects.toMatchObject({ kind });
  });
});

describe('startSubscription', () => {
  it('posts without a body but with its length', async () => {
    api.script = [reply({ contentType: exchange, status: 'enabled', webhook: null })];
    expect(await client.startSubscription(exchange, never)).toBe('started');
    expect(api.received[0]).toMatchObject({ method: 'POST', headers: { 'content-length': '0' } });
    expect(api.received[0]?.url).toMatch(
      new RegExp(`^${feedPath}/subscriptions/start\\?contentType=Audit\\.Exchange&`),
    );
  });

  it('takes AF20024 for success', async () => {
    api.script = [refuse('AF20024')];
    expect(await client.startSubscription(exchange, never)).toBe('alreadyEnabled');
  });

  it('passes on the wait of the cooldown', async () => {
    api.script = [refuse('429', 403, 'Please retry again after 14m 56s.')];
    const started = client.startSubscription(exchange, never);
    await expect(started).rejects.toMatchObject({ kind: 'throttled', retryAfterMs: 896_000 });
  });

  it('does not take an error with status 200 for success', async () => {
    api.script = [refuse('AF50000', 200)];
    await expect(client.startSubscription(exchange, never)).rejects.toMatchObject({ kind: 'unavailable' });
  });
});

describe('stopSubscription', () => {
  it.each([
    ['200 without a body', reply('')],
    ['204', reply('', { status: 204 })],
    ['200 with what a start answers', reply({ contentType: exchange, status: 'disabled' })],
  ])('posts without a body but with its length, and takes %s for success', async (_what, answer) => {
    api.script = [answer];
    await client.stopSubscription(exchange, never);
    expect(api.received[0]).toMatchObject({ method: 'POST', headers: { 'content-length': '0' } });
    expect(api.received[0]?.url).toMatch(
      new RegExp(`^${feedPath}/subscriptions/stop\\?contentType=Audit\\.Exchange&`),
    );
  });

  it.each([
    [refuse('AF20022'), 'subscriptionNotStarted'],
    [refuse('AF50000', 200), 'unavailable'],
    [reply('<html>'), 'unexpectedResponse'],
  ])('does not take an error for success %#', async (answer, kind) => {
    api.script = [answer];
    await expect(client.stopSubscription(exchange, never)).rejects.toMatchObject({ kind });
  });
});
