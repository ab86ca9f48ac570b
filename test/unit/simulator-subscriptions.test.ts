import { afterEach, describe, expect, it } from 'vitest';
import { SimulatorClient, codeOf, contentType, itemsOf, publisher } from './simulator-client.ts';

let client: SimulatorClient;
afterEach(() => client.simulator.close());

describe('the caller', () => {
  it('is refused without a token, with a foreign one and with an expired one, in 61 bytes', async () => {
    client = await SimulatorClient.start();
    const url = `${client.simulator.url}/api/v1.0/${client.tenantId()}/activity/feed/subscriptions/list?${publisher}`;
    const expired = await client.token();
    client.time.nowMs += 3_600_000;
    for (const authorization of ['', 'Bearer a.b.c', `Bearer ${expired}`]) {
      const response = await fetch(url, { headers: { Authorization: authorization } });
      expect(response.status).toBe(401);
      expect(response.headers.get('www-authenticate')).toBe('Bearer');
      expect(Buffer.byteLength(await response.text())).toBe(61);
    }
  });

  it('gets AF20010 for the path of another tenant and AF20013 for none', async () => {
    client = await SimulatorClient.start();
    expect(await codeOf(await client.api(`subscriptions/list?${publisher}`, 'GET', client.tenantId(1)))).toBe(
      'AF20010',
    );
    expect(await codeOf(await client.api(`subscriptions/list?${publisher}`, 'GET', 'contoso.example'))).toBe(
      'AF20013',
    );
  });

  it('gets AF10001 when the token has no role, and for DLP.All when that role is missing', async () => {
    client = await SimulatorClient.start({ roles: [] });
    expect(await codeOf(await client.subscriptions())).toBe('AF10001');
    await client.simulator.close();
    client = await SimulatorClient.start({ roles: ['ActivityFeed.Read'] });
    expect((await client.subscriptions()).status).toBe(200);
    const response = await client.api(`subscriptions/start?contentType=DLP.All&${publisher}`, 'POST');
    expect([response.status, await codeOf(response)]).toEqual([401, 'AF10001']);
  });

  it('gets AF20002 for a PublisherIdentifier that is no GUID, AF20001 and AF20020 for the content type', async () => {
    client = await SimulatorClient.start();
    expect(await codeOf(await client.api('subscriptions/list?PublisherIdentifier=me'))).toBe('AF20002');
    expect(await codeOf(await client.api(`subscriptions/start?${publisher}`, 'POST'))).toBe('AF20001');
    expect(
      await codeOf(await client.api(`subscriptions/start?contentType=Audit.Nothing&${publisher}`, 'POST')),
    ).toBe('AF20020');
  });
});

describe('subscriptions', () => {
  it('are started, listed, stopped and shown as disabled', async () => {
    client = await SimulatorClient.start();
    expect(await (await client.subscriptions()).json()).toEqual([]);
    const enabled = { contentType, status: 'enabled', webhook: null };
    expect(await (await client.startSubscription()).json()).toEqual(enabled);
    expect(await (await client.subscriptions()).json()).toEqual([enabled]);
    const stopped = await client.stopSubscription();
    expect([stopped.status, await stopped.text()]).toEqual([200, '']);
    expect(await (await client.subscriptions()).json()).toEqual([{ ...enabled, status: 'disabled' }]);
  });

  it('take names and content types in any letter case', async () => {
    client = await SimulatorClient.start();
    const response = await client.api(
      `Subscriptions/Start?CONTENTTYPE=audit.exchange&publisheridentifier=${client.tenantId()}`,
      'POST',
    );
    expect(await response.json()).toMatchObject({ contentType });
    expect(client.simulator.report().violations).toEqual([]);
  });

  it('may be started again after 15 minutes only, and are then AF20024 while enabled', async () => {
    client = await SimulatorClient.start();
    await client.startSubscription();
    client.time.nowMs += 60_000 * 6 + 14_000;
    const tooSoon = await client.startSubscription();
    expect([tooSoon.status, await tooSoon.json()]).toEqual([
      403,
      {
        error: {
          code: '429',
          message: 'Too many frequent subscription start requests. Please retry again after 8m 46s.',
        },
      },
    ]);
    client.time.nowMs += 60_000 * 8 + 46_000;
    const again = await client.startSubscription();
    expect([again.status, await codeOf(again)]).toEqual([400, 'AF20024']);
  });

  it('know no cool-down when it is switched off', async () => {
    client = await SimulatorClient.start({ startCooldownMs: 0 });
    await client.startSubscription();
    expect(await codeOf(await client.startSubscription())).toBe('AF20024');
  });

  it('answer a listing with AF20022 before the first start and AF20023 after a stop', async () => {
    client = await SimulatorClient.start();
    expect(await codeOf(await client.window('2026-11-22T00:00', '2026-11-22T12:00'))).toBe('AF20022');
    await client.startSubscription();
    await client.stopSubscription();
    expect(await codeOf(await client.window('2026-11-22T00:00', '2026-11-22T12:00'))).toBe('AF20023');
  });

  it('never show what became available while they were stopped', async () => {
    client = await SimulatorClient.start({ liveEveryMs: 60_000, startCooldownMs: 0 });
    await client.startSubscription();
    await client.stopSubscription();
    client.time.nowMs += 3_600_000;
    await client.startSubscription();
    client.time.nowMs += 3_600_000;
    const items = await itemsOf(await client.window('2026-11-22T12:00:00', '2026-11-22T14:00:00'));
    expect(items.length).toBe(60);
    expect(items.every(({ contentCreated }) => contentCreated >= '2026-11-22T13:00')).toBe(true);
  });
});
