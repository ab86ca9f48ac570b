import { afterEach, describe, expect, it } from 'vitest';
import { SimulatorClient, codeOf, contentType, itemsOf, publisher } from './simulator-client.ts';
import type { Item } from './simulator-client.ts';

let client: SimulatorClient;
afterEach(() => client.simulator.close());

describe('a listing', () => {
  it('has items in the documented shape', async () => {
    client = await SimulatorClient.start();
    await client.startSubscription();
    const [item] = await itemsOf(await client.window('2026-11-22T00:00:00', '2026-11-22T12:00:00'));
    const contentId = item?.contentId ?? '';
    expect(item).toEqual({
      contentType,
      contentId,
      contentUri: `${client.simulator.url}/api/v1.0/${client.tenantId()}/activity/feed/audit/${contentId}`,
      contentCreated: expect.stringMatching(/^2026-11-22T00:\d\d:\d\d\.\d{3}Z$/) as string,
      contentExpiration: expect.stringMatching(/^2026-11-2\dT.*Z$/) as string,
    });
  });

  it('includes its start and excludes its end', async () => {
    client = await SimulatorClient.start();
    await client.startSubscription();
    const all = await itemsOf(await client.window('2026-11-22T00:00:00', '2026-11-22T12:00:00'));
    const [from = '', until = ''] = [all[3]?.contentCreated, all.at(-1)?.contentCreated];
    const inner = await itemsOf(await client.window(from, until));
    expect(inner).toEqual(all.filter((item) => item.contentCreated >= from && item.contentCreated < until));
    expect(inner[0]?.contentCreated).toBe(from);
  });

  it('is the same over pages of any size as on one page', async () => {
    client = await SimulatorClient.start({ pageSize: 7 });
    await client.startSubscription();
    const pages: Item[][] = [];
    let link: string | null = 'first';
    while (link !== null) {
      const response: Response =
        link === 'first'
          ? await client.window('2026-11-21T18:00:00', '2026-11-22T12:00:00')
          : await client.api(`${link}&${publisher}`);
      pages.push(await itemsOf(response));
      link = response.headers.get('NextPageUri');
    }
    expect(pages.slice(0, -1).every((page) => page.length === 7)).toBe(true);
    const tenant = client.simulator.population.tenants[0]?.tenantId;
    await client.simulator.close();
    client = await SimulatorClient.start();
    expect(client.simulator.population.tenants[0]?.tenantId).toBe(tenant);
    await client.startSubscription();
    const whole = await itemsOf(await client.window('2026-11-21T18:00:00', '2026-11-22T12:00:00'));
    expect(pages.flat().map(({ contentId }) => contentId)).toEqual(whole.map(({ contentId }) => contentId));
    expect(whole.length).toBe(108);
  });

  it('links to the next page in the real form', async () => {
    client = await SimulatorClient.start({ pageSize: 7 });
    await client.startSubscription();
    const response = await client.window('2026-11-22T00:00:00', '2026-11-22T12:00:00');
    expect(response.headers.get('nextpageuri')?.replace(client.simulator.url, '')).toMatch(
      new RegExp(
        `^/api/v1\\.0/${client.tenantId()}/activity/feed/subscriptions/content\\?contenttype=${contentType}` +
          '&endtime=2026-11-22T12:00:00\\.0000000Z&starttime=2026-11-22T00:00:00\\.0000000Z' +
          '&nextpage=\\d{23}\\$20261122000000000000000\\$(na|emea)\\d{4}$',
      ),
    );
  });

  it('refuses a page link that is none with AF20031', async () => {
    client = await SimulatorClient.start();
    await client.startSubscription();
    const response = await client.api(
      `subscriptions/content?contenttype=${contentType}&endtime=2026-11-22T12:00:00.0000000Z&starttime=2026-11-22T00:00:00.0000000Z&nextpage=garbage&${publisher}`,
    );
    expect([response.status, await codeOf(response)]).toEqual([400, 'AF20031']);
  });

  it.each([
    ['more than 24 hours', '2026-11-21T11:59:59', '2026-11-22T12:00:00'],
    ['an end before the start', '2026-11-22T11:00', '2026-11-22T10:00'],
    ['an empty span', '2026-11-22T11:00', '2026-11-22T11:00'],
    ['a start more than seven days ago', '2026-11-15T11:59:59', '2026-11-16T00:00'],
  ])('refuses %s with AF20055', async (_name, from, until) => {
    client = await SimulatorClient.start();
    await client.startSubscription();
    const response = await client.window(from, until);
    expect([response.status, await codeOf(response)]).toEqual([400, 'AF20055']);
  });

  it('takes exactly 24 hours, an end in the future, and every documented and observed form of a time', async () => {
    client = await SimulatorClient.start();
    await client.startSubscription();
    for (const [from, until] of [
      ['2026-11-22T00:00', '2026-11-23T00:00'],
      ['2026-11-22', '2026-11-23'],
      ['2026-11-22T00:00:00Z', '2026-11-22T11:00:00.1234567Z'],
      ['2026-11-22T00:00:00%2B00:00', '2026-11-22T11:00:00%2B00:00'],
    ] as const)
      expect((await client.window(from, until)).status).toBe(200);
  });

  it('refuses one time without the other, and a raw plus sign', async () => {
    client = await SimulatorClient.start();
    await client.startSubscription();
    const half = await client.api(
      `subscriptions/content?contentType=${contentType}&startTime=2026-11-22&${publisher}`,
    );
    expect(await codeOf(half)).toBe('AF20055');
    expect(await codeOf(await client.window('2026-11-22T00:00:00+00:00', '2026-11-22T01:00:00+00:00'))).toBe(
      'AF20002',
    );
  });

  it('reaches 22 hours behind the first start, or as far back as there is content when told so', async () => {
    client = await SimulatorClient.start({ historyHours: 48 });
    await client.startSubscription();
    const day = ['2026-11-21T12:00:00', '2026-11-22T12:00:00'] as const;
    expect(await itemsOf(await client.window(...day))).toHaveLength(22 * 6);
    await client.simulator.close();
    client = await SimulatorClient.start({ historyHours: 48, historyVisibleAtStart: 'all' });
    await client.startSubscription();
    expect(await itemsOf(await client.window(...day))).toHaveLength(24 * 6);
  });

  it('shows live content once its time has come and nothing after a freeze', async () => {
    client = await SimulatorClient.start({ liveEveryMs: 60_000 });
    await client.startSubscription();
    const count = async () =>
      (await itemsOf(await client.window('2026-11-22T12:00:00', '2026-11-22T14:00:00'))).length;
    expect(await count()).toBe(0);
    client.time.nowMs += 10 * 60_000;
    expect(await count()).toBe(10);
    const response = await fetch(`${client.simulator.url}/_control/freeze`, { method: 'POST' });
    expect(await response.json()).toMatchObject({ frozenAt: '2026-11-22T12:10:00.000Z' });
    client.time.nowMs += 10 * 60_000;
    expect(await count()).toBe(10);
  });
});
