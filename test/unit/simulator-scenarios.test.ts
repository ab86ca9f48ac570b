/* oxlint-disable max-lines -- one line of thought per scenario, in the order of their table */
import { readFile } from 'node:fs/promises';
import { createServer, request } from 'node:http';
import type { IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { once } from 'node:events';
import { afterEach, describe, expect, it } from 'vitest';
import { blobAt } from '../../src/simulator/blobs.ts';
import { faultKinds } from '../../src/simulator/fault-kinds.ts';
import { settableOptions } from '../../src/simulator/rules.ts';
import { quirksWithoutScenario, scenarios } from '../../src/simulator/scenarios.ts';
import { SimulatorClient, codeOf, contentType, eventsIn, itemsOf, publisher } from './simulator-client.ts';
import { startSimulator } from '../../src/simulator/start.ts';
import type { Item } from './simulator-client.ts';

let client: SimulatorClient;
let token: string;
afterEach(() => client.simulator.close());

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;
const listPath = `subscriptions/list?${publisher}`;
const contentPath = `subscriptions/content?contentType=${contentType}&${publisher}`;
const headers = () => ({ Authorization: `Bearer ${token}` });
const feed = (tenantId = client.tenantId()) => `${client.simulator.url}/api/v1.0/${tenantId}/activity/feed/`;

/** With the one token of the test. */
const get = (pathOrUrl: string, tenantId?: string) =>
  fetch(pathOrUrl.startsWith('http') ? pathOrUrl : feed(tenantId) + pathOrUrl, {
    headers: headers(),
    redirect: 'manual',
  });
const post = (path: string, body?: string) =>
  fetch(feed() + path, { method: 'POST', headers: headers(), ...(body !== undefined && { body }) });
const startOf = (type = contentType) => post(`subscriptions/start?contentType=${type}&${publisher}`);
const blobOf = ({ contentUri }: Item) => get(`${contentUri}?${publisher}`);
const iso = (timeMs: number) => new Date(timeMs).toISOString();
const listed = (fromMs: number, untilMs: number) =>
  get(`${contentPath}&startTime=${iso(fromMs)}&endTime=${iso(untilMs)}`);
const itemsBetween = async (fromMs: number, untilMs: number) => itemsOf(await listed(fromMs, untilMs));
const started = async () => {
  token = await client.token();
  await startOf();
};

/** Status and body of so many answers, one after the other. */
async function answers(count: number, ask: () => Promise<Response>) {
  const seen: { status: number; text: string; headers: Headers }[] = [];
  for (let number = 0; number < count; number++) {
    const response = await ask();
    seen.push({ status: response.status, text: await response.text(), headers: response.headers });
  }
  return seen;
}
const outcomes = async (count: number, ask: () => Promise<Response>) =>
  new Set(
    (await answers(count, ask)).map(({ status, text }) => {
      const kind =
        /"code":"([^"]+)"/.exec(text)?.[1] ?? (text.startsWith('<!DOCTYPE') ? 'html' : text.slice(0, 4));
      return status === 200 && kind !== 'html' && text !== '' && !text.startsWith('{')
        ? '200'
        : `${status} ${kind}`;
    }),
  );
/** Names and values of the headers as they stand on the wire. */
const rawHeaders = async (path: string) => {
  const sent = request(feed() + path, { headers: headers() }).end();
  const [response] = (await once(sent, 'response')) as [IncomingMessage];
  response.resume();
  return response.rawHeaders;
};
const timesOf = ({ contentId }: Item) =>
  contentId
    .split('$')
    .slice(0, 2)
    .map((position) => {
      const [, date, time, ms] = /^(\d{8})(\d{6})(\d{3})/.exec(position) ?? [];
      const iso8601 = `${date}T${time}.${ms}Z`.replace(/^(....)(..)(..)T(..)(..)/, '$1-$2-$3T$4:$5:');
      return Date.parse(iso8601);
    }) as [number, number];
/** An item whose range spans some minutes, and a time in the middle of it. */
const rangedItem = async () => {
  const items = await itemsBetween(client.time.nowMs - 20 * hourMs, client.time.nowMs);
  const [item] = items.filter((one) => timesOf(one)[1] - timesOf(one)[0] > 5 * minuteMs);
  if (item === undefined) throw new Error('no ranged blob');
  const [first, last] = timesOf(item);
  return { item, middleMs: Math.floor((first + last) / 2) };
};
const recordsOf = async (item: Item) =>
  eventsIn(await (await blobOf(item)).text()).map((event) => JSON.stringify(event));
const ofBlob = (items: readonly Item[], blobContentId: string) =>
  items.filter(({ contentId }) => client.simulator.content(contentId)?.blobContentId === blobContentId);
const firstItems = async (count: number) =>
  (await itemsBetween(client.time.nowMs - 20 * hourMs, client.time.nowMs)).slice(0, count);

/** What each scenario shows on the wire. */
const effects: Record<string, () => Promise<void>> = {
  'already-enabled': async () => {
    await started();
    expect(await codeOf(await startOf())).toBe('AF20024');
  },
  'start-cooldown': async () => {
    await started();
    const again = await startOf();
    expect([again.status, await codeOf(again)]).toEqual([403, '429']);
  },
  'start-cooldown-per-tenant': async () => {
    await started();
    expect(await codeOf(await startOf('Audit.General'))).toBe('429');
  },
  'retry-in-an-hour': async () => {
    token = await client.token();
    const seen = await answers(4, startOf);
    expect(seen.map(({ status }) => status)).toEqual([500, 500, 500, 200]);
    expect(seen[0]?.text).toContain('in an hour');
  },
  'backfill-22h': async () => {
    await started();
    const items = await itemsBetween(client.time.nowMs - 24 * hourMs, client.time.nowMs);
    expect(items[0]?.contentCreated.slice(0, 13)).toBe('2026-11-21T14');
  },
  'backfill-nothing': async () => {
    await started();
    expect(await itemsOf(await get(contentPath))).toEqual([]);
    client.time.nowMs += hourMs / 2;
    expect(await itemsOf(await get(contentPath))).toHaveLength(60);
  },
  'quiet-tenant': async () => {
    await started();
    client.time.nowMs += 48 * hourMs;
    token = await client.token();
    expect(await itemsOf(await get(contentPath))).toEqual([]);
  },
  'subscription-disabled': async () => {
    await started();
    const seen = await answers(6, () => get(contentPath));
    expect(seen.map(({ status }) => status)).toEqual([200, 200, 200, 200, 400, 400]);
    expect(seen[5]?.text).toContain('AF20023');
    expect((await startOf()).status).toBe(200);
    expect((await get(contentPath)).status).toBe(200);
  },
  'webhook-lost': async () => {
    token = await client.token();
    const receiver = createServer((_request, response) => void response.end()).listen(0, '127.0.0.1');
    await once(receiver, 'listening');
    const address = `http://127.0.0.1:${(receiver.address() as AddressInfo).port}/`;
    const answer = await post(
      `subscriptions/start?contentType=${contentType}&${publisher}`,
      JSON.stringify({ webhook: { address } }),
    );
    expect(await answer.json()).toMatchObject({ webhook: { address, status: 'enabled' } });
    expect(await (await get(listPath)).json()).toEqual([{ contentType, status: 'enabled', webhook: null }]);
    receiver.close();
    receiver.closeAllConnections();
  },
  'throttled-403': async () => {
    token = await client.token();
    expect(await outcomes(30, () => get(listPath))).toEqual(new Set(['200', '403 AF429']));
  },
  'throttled-429': async () => {
    token = await client.token();
    const throttled = (await answers(30, () => get(listPath))).filter(({ status }) => status === 429);
    expect(throttled.length).toBeGreaterThan(3);
    expect(throttled.every((answer) => answer.headers.get('retry-after') === '2')).toBe(true);
  },
  'throttled-single-quotes': async () => {
    token = await client.token();
    const [throttled] = (await answers(30, () => get(listPath))).filter(({ status }) => status === 403);
    expect(throttled?.text).toMatch(/^\{'error':\{'code':'AF429'/);
  },
  'throttling-storm': async () => {
    token = await client.token();
    expect(await outcomes(20, () => get(listPath))).toEqual(new Set(['403 AF429', '429 AF429']));
    client.time.nowMs += minuteMs;
    expect(await outcomes(5, () => get(listPath))).toEqual(new Set(['200']));
  },
  quota: async () => {
    token = await client.token();
    const ask = async () => (await get(listPath)).status;
    for (let batch = 0; batch < 20; batch++)
      expect(new Set(await Promise.all(Array.from({ length: 100 }, ask)))).toEqual(new Set([200]));
    expect(await codeOf(await get(listPath))).toBe('AF429');
    client.time.nowMs += minuteMs;
    expect((await get(listPath)).status).toBe(200);
  },
  'shared-quota': async () => {
    token = await client.token();
    const without = await answers(21, () => get('subscriptions/list'));
    expect(without.map(({ status }) => status)).toEqual([...Array<number>(20).fill(200), 403]);
    expect(without[20]?.text).toContain('PublisherId=00000000-0000-0000-0000-000000000000');
    expect((await get(listPath)).status).toBe(200);
  },
  'small-pages': async () => {
    await started();
    const raw = await rawHeaders(contentPath);
    const place = raw.indexOf('NextPageUri');
    expect(raw[place + 1]).toMatch(
      /\?contenttype=.*&endtime=.*\.\d{7}Z&starttime=.*&nextpage=\d{23}\$\d{23}\$\w+$/,
    );
    expect(raw[place + 2]).toBe('X-AspNet-Version');
  },
  'lower-case-headers': async () => {
    await started();
    expect(await rawHeaders(contentPath)).toEqual(
      expect.arrayContaining(['nextpageuri', 'x-aspnet-version']),
    );
  },
  'out-of-order': async () => {
    await started();
    const times = (await itemsOf(await get(contentPath))).map(({ contentCreated }) => contentCreated);
    expect(times).not.toEqual(times.toSorted());
  },
  'empty-pages': async () => {
    await started();
    const empty = await get(contentPath);
    expect(await itemsOf(empty)).toEqual([]);
    const next = empty.headers.get('nextpageuri') ?? '';
    expect((await itemsOf(await get(`${next}&${publisher}`))).length).toBeGreaterThan(10);
  },
  'self-link': async () => {
    await started();
    const links = (await answers(40, () => get(contentPath))).map((answer) =>
      answer.headers.get('nextpageuri'),
    );
    expect(links).toContain(feed() + contentPath);
  },
  'endless-pages': async () => {
    await started();
    const pages = await answers(40, () => get(contentPath));
    const endless = pages.flatMap((page) => page.headers.get('nextpageuri')?.match(/.*&round=.*/)?.[0] ?? []);
    expect(endless.length).toBeGreaterThan(1);
    expect(new Set(endless).size).toBe(endless.length);
    expect((await get(endless[0] ?? '')).status).toBe(200);
  },
  'stale-page-links': async () => {
    await started();
    const link = (await get(contentPath)).headers.get('nextpageuri') ?? '';
    expect(await outcomes(30, () => get(`${link}&${publisher}`))).toEqual(new Set(['200', '400 AF20031']));
  },
  'error-object-200': async () => {
    await started();
    expect(await outcomes(20, () => get(listPath))).toEqual(new Set(['200', '200 AF50000']));
    expect(await outcomes(20, () => get(contentPath))).toEqual(new Set(['200', '200 AF50000']));
  },
  'partial-200': async () => {
    await started();
    client.time.nowMs += 40 * hourMs;
    token = await client.token();
    const fromMs = client.time.nowMs - 48 * hourMs;
    const items = await itemsBetween(fromMs, client.time.nowMs);
    expect(items.length).toBeGreaterThan(10);
    expect(items.every(({ contentCreated }) => contentCreated < iso(fromMs + 24 * hourMs))).toBe(true);
  },
  'window-24h-refused': async () => {
    await started();
    const { nowMs } = client.time;
    expect(await codeOf(await listed(nowMs - 24 * hourMs, nowMs))).toBe('AF20055');
    expect((await listed(nowMs - 23 * hourMs, nowMs)).status).toBe(200);
  },
  'seven-days-strict': async () => {
    await started();
    const sevenDaysAgoMs = client.time.nowMs - 7 * 24 * hourMs;
    client.time.nowMs += 1_000;
    expect(await codeOf(await listed(sevenDaysAgoMs, sevenDaysAgoMs + hourMs))).toBe('AF20055');
    expect((await listed(sevenDaysAgoMs + hourMs, sevenDaysAgoMs + 2 * hourMs)).status).toBe(200);
  },
  'clock-skew': async () => {
    token = await client.token();
    const date = (await get(listPath)).headers.get('date') ?? '';
    expect(Date.parse(date)).toBe(client.time.nowMs + 2 * hourMs);
  },
  'unstable-now': async () => {
    await started();
    client.time.nowMs += minuteMs;
    const [fromMs, untilMs] = [client.time.nowMs - minuteMs, client.time.nowMs];
    const early = await itemsBetween(fromMs, untilMs + 20 * hourMs);
    client.time.nowMs += 6_000;
    const settled = await itemsBetween(fromMs, untilMs);
    expect(settled.length).toBeGreaterThan(early.length);
  },
  'late-content': async () => {
    await started();
    const [fromMs, untilMs] = [client.time.nowMs - 12 * hourMs, client.time.nowMs];
    const early = (await itemsBetween(fromMs, untilMs)).length;
    client.time.nowMs += 73 * hourMs;
    token = await client.token();
    expect((await itemsBetween(fromMs, untilMs)).length - early).toBeGreaterThan(5);
  },
  'cut-lost': async () => {
    await started();
    const { item, middleMs } = await rangedItem();
    const before = await itemsBetween(middleMs - hourMs, middleMs);
    const after = await itemsBetween(middleMs, middleMs + hourMs);
    expect(ofBlob(before, item.contentId)).toEqual([]);
    const [tail] = ofBlob(after, item.contentId);
    expect(tail?.contentId).not.toBe(item.contentId);
    const whole = await recordsOf(item);
    const rest = await recordsOf(tail!);
    expect(rest.length).toBeLessThan(whole.length);
    expect(whole.slice(-rest.length)).toEqual(rest);
  },
  'cut-neighbour': async () => {
    await started();
    const { item, middleMs } = await rangedItem();
    const [head] = ofBlob(await itemsBetween(middleMs - hourMs, middleMs), item.contentId);
    const [tail] = ofBlob(await itemsBetween(middleMs, middleMs + hourMs), item.contentId);
    expect(new Set([head?.contentId, tail?.contentId, item.contentId]).size).toBe(3);
    expect([...(await recordsOf(head!)), ...(await recordsOf(tail!))]).toEqual(await recordsOf(item));
  },
  'cut-reordered': async () => {
    await started();
    const { item, middleMs } = await rangedItem();
    const [before] = ofBlob(await itemsBetween(middleMs - hourMs, middleMs), item.contentId);
    const [after] = ofBlob(await itemsBetween(middleMs, middleMs + hourMs), item.contentId);
    const whole = await recordsOf(item);
    for (const cut of [before!, after!]) {
      expect(cut.contentId).not.toBe(item.contentId);
      expect(await recordsOf(cut)).toEqual(whole.toReversed());
    }
  },
  'items-outside-window': async () => {
    await started();
    const fromMs = client.time.nowMs - 6 * hourMs;
    const times = (await itemsBetween(fromMs, fromMs + hourMs)).map(({ contentCreated }) => contentCreated);
    expect(times.some((time) => time < iso(fromMs))).toBe(true);
    expect(times.some((time) => time >= iso(fromMs + hourMs))).toBe(true);
  },
  'expired-items': async () => {
    await started();
    const items = (await itemsOf(await get(contentPath))) as (Item & { contentExpiration: string })[];
    const [expired] = items.filter(({ contentExpiration }) => contentExpiration < iso(client.time.nowMs));
    expect(await codeOf(await blobOf(expired!))).toBe('AF20051');
    expect(client.simulator.report().subscriptions[0]?.blobs.available).toBeLessThan(20 * 12);
  },
  'expiration-20-days': async () => {
    await started();
    const [item] = (await itemsOf(await get(contentPath))) as (Item & { contentExpiration: string })[];
    const days = (Date.parse(item!.contentExpiration) - Date.parse(item!.contentCreated)) / (24 * hourMs);
    expect(Math.round(days)).toBe(20);
  },
  'moved-region': async () => {
    await started();
    const middleMs = client.time.nowMs - 10 * hourMs;
    const items = await itemsBetween(middleMs - hourMs, middleMs + hourMs);
    const moved = items.filter(({ contentId }) => contentId.endsWith('$na0030$na0030'));
    expect([items.length, moved.length]).toEqual([24, 12]);
    expect((await blobOf(moved[0]!)).status).toBe(200);
  },
  'strict-parameters': async () => {
    await started();
    const raw = `${contentPath}&startTime=2026-11-22T00:00:00+00:00&endTime=2026-11-22T01:00:00+00:00`;
    expect(await codeOf(await get(raw))).toBe('AF20002');
    expect(await codeOf(await get('subscriptions/list?PublisherIdentifier=me'))).toBe('AF20002');
    const [item] = await firstItems(1);
    expect(await codeOf(await get(`audit/${item!.contentId.replaceAll('$', '')}?${publisher}`))).toBe(
      'AF20052',
    );
  },
  'foreign-links': async () => {
    await started();
    const pages = await answers(60, () => get(contentPath));
    const own = new URL(client.simulator.url).host;
    const isForeign = (link: string | null | undefined) => link != null && new URL(link).host !== own;
    const link = pages.map((page) => page.headers.get('nextpageuri')).find(isForeign) ?? '';
    const contentUri = pages
      .flatMap(({ status, text }) => (status === 200 ? (JSON.parse(text) as Item[]) : []))
      .map((item) => item.contentUri)
      .find(isForeign);
    const location = pages.map((page) => page.headers.get('location')).find(isForeign);
    expect([link, contentUri, location].every(Boolean)).toBe(true);
    await fetch(link);
    expect(client.simulator.report().violations).toMatchObject([{ name: 'followedForeignLink', count: 1 }]);
    await get(contentUri!);
    expect(client.simulator.report().violations).toMatchObject([
      { name: 'followedForeignLink' },
      { name: 'sentTokenToForeignHost', count: 1 },
    ]);
  },
  duplicates: async () => {
    await started();
    const records = (await Promise.all((await firstItems(100)).map(recordsOf))).flat();
    expect(1 - new Set(records).size / records.length).toBeGreaterThan(0.1);
  },
  'stuck-blobs': async () => {
    await started();
    const items = await firstItems(240);
    const stuck = async () =>
      (
        await Promise.all(
          items.map(async (item) => ((await blobOf(item)).status === 500 ? item.contentId : [])),
        )
      ).flat();
    const first = await stuck();
    expect(first.length).toBeGreaterThan(0);
    expect(first.length).toBeLessThan(15);
    expect(await stuck()).toEqual(first);
  },
  'bursts-of-500': async () => {
    await started();
    const [item] = await firstItems(1);
    const statuses = (await answers(60, () => blobOf(item!))).map(({ status }) => status);
    expect(new Set(statuses.slice(0, 30))).toEqual(new Set([500]));
    expect(new Set(statuses.slice(30))).toEqual(new Set([200, 500]));
  },
  'blob-errors': async () => {
    await started();
    const [item] = await firstItems(1);
    for (let call = 0; call < 100; call++)
      await blobOf(item!)
        .then((response) => response.text())
        .catch(() => undefined);
    expect(Object.keys(client.simulator.report().requests.blob ?? {}).toSorted()).toEqual([
      '200',
      '404 AF20050',
      '503 html',
      'closedMidBody',
      'cutBody',
      'reset',
    ]);
  },
  'huge-blob': async () => {
    await started();
    const subscription = client.simulator.population.tenants[0]!.subscriptions[0]!;
    const { contentId } = blobAt(subscription, subscription.history.blobs / 2);
    const response = await get(`audit/${contentId}?${publisher}`);
    let bytes = 0;
    for await (const chunk of response.body as unknown as AsyncIterable<Uint8Array>) bytes += chunk.length;
    expect(bytes / 1024 / 1024).toBeGreaterThan(68);
    expect(bytes / 1024 / 1024).toBeLessThan(75);
  },
  'busy-tenant': async () => {
    await started();
    const fromMs = client.time.nowMs - hourMs;
    const askedMs = performance.now();
    expect(await itemsBetween(fromMs, fromMs + minuteMs)).toHaveLength(120);
    expect(performance.now() - askedMs).toBeGreaterThan(290);
  },
  'slow-answers': async () => {
    await started();
    const [item] = await firstItems(1).catch(() => []);
    const abort = new AbortController();
    const ask = (url: string) =>
      fetch(url, { headers: headers(), signal: abort.signal }).then((response) => response.text());
    const held = [
      ...Array<string>(40).fill(feed() + contentPath),
      ...Array<string>(80).fill(`${item!.contentUri}?${publisher}`),
    ].map(ask);
    while (client.simulator.faults().some(({ answered }) => answered === 0))
      await client.control('/_control/clock');
    abort.abort();
    const results = await Promise.allSettled(held);
    expect(results.filter(({ status }) => status === 'rejected').length).toBeGreaterThan(2);
  },
  'odd-content-type': async () => {
    await started();
    const response = await blobOf((await firstItems(1))[0]!);
    expect(response.headers.get('content-type')).toBe('text/html; charset=utf-8');
    expect(eventsIn(await response.text())).toBeInstanceOf(Array);
  },
  'bare-records': async () => {
    await started();
    const bodies = await Promise.all((await firstItems(20)).map(async (item) => (await blobOf(item)).text()));
    const shapes = bodies.map((body) => Array.isArray(JSON.parse(body.replace(/^\ufeff/, ''))));
    expect(new Set(shapes)).toEqual(new Set([true, false]));
  },
  'changing-bodies': async () => {
    await started();
    const [item] = (await firstItems(20)).filter(
      ({ contentId }) => (client.simulator.content(contentId)?.blobRecords ?? 0) > 5,
    );
    const whole = async (): Promise<string[]> => recordsOf(item!).catch(whole);
    const [first, second] = [await whole(), await whole()];
    expect(second).not.toEqual(first);
    expect(second.toSorted()).toEqual(first.toSorted());
  },
  'paged-blobs': async () => {
    await started();
    const [item] = (await firstItems(20)).filter(
      ({ contentId }) => (client.simulator.content(contentId)?.blobRecords ?? 0) > 5,
    );
    const first = await blobOf(item!);
    const second = await get(`${first.headers.get('nextpageuri')}&${publisher}`);
    const records = [...eventsIn(await first.text()), ...eventsIn(await second.text())];
    expect(records).toHaveLength(client.simulator.content(item!.contentId)!.blobRecords);
    expect(second.headers.get('nextpageuri')).toBeNull();
    expect(client.simulator.report().subscriptions[0]?.blobs).toMatchObject({
      fetched: 1,
      fetchedMoreThanOnce: 0,
    });
  },
  'unexpected-replies': async () => {
    token = await client.token();
    expect(await outcomes(100, () => get(listPath))).toEqual(
      new Set(['200', '200 ', '200 html', '400 AF99999', '503 The ']),
    );
  },
  'html-pages': async () => {
    token = await client.token();
    expect(await outcomes(60, () => get(listPath))).toEqual(new Set(['200', '200 html', '503 html']));
  },
  outage: async () => {
    expect([(await client.askForToken()).status, (await get(listPath)).status]).toEqual([503, 503]);
    client.time.nowMs += minuteMs;
    expect((await client.askForToken()).status).toBe(200);
  },
  resets: async () => {
    const results = await Promise.allSettled(Array.from({ length: 40 }, () => client.askForToken()));
    expect(new Set(results.map(({ status }) => status))).toEqual(new Set(['fulfilled', 'rejected']));
  },
  'short-tokens': async () => {
    const { access_token, expires_in } = (await (await client.askForToken()).json()) as Record<
      string,
      unknown
    >;
    expect(expires_in).toBe(3599);
    token = String(access_token);
    expect((await get(listPath)).status).toBe(200);
    client.time.nowMs += minuteMs;
    expect((await get(listPath)).status).toBe(401);
  },
  'expired-secret': async () => {
    expect(await (await client.askForToken()).json()).toMatchObject({ error_codes: [7000222] });
    client.time.nowMs += 10 * minuteMs;
    expect((await client.askForToken()).status).toBe(200);
  },
  'unknown-application': async () => {
    expect(await (await client.askForToken()).json()).toMatchObject({ error_codes: [700016] });
  },
  'tenant-gone': async () => {
    expect(await (await client.askForToken()).json()).toMatchObject({ error_codes: [90002] });
    expect(await codeOf(await get(listPath))).toBe('AF20011');
  },
  'token-endpoint-trouble': async () => {
    const seen = await answers(40, () => client.askForToken());
    expect(new Set(seen.map(({ status }) => status))).toEqual(new Set([200, 429, 503]));
    expect(seen.find(({ status }) => status === 429)?.headers.get('retry-after')).toBe('1');
    expect(seen.some(({ text }) => text.includes('AADSTS90033'))).toBe(true);
  },
  'token-without-roles': async () => {
    token = await client.token();
    const refused = await get(listPath);
    expect([refused.status, await refused.text()]).toEqual([
      401,
      expect.stringContaining('permission set ()'),
    ]);
  },
  'delegated-permission': async () => {
    token = await client.token();
    const claims = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()) as object;
    expect(claims).toMatchObject({ scp: 'ActivityFeed.Read ActivityFeed.ReadDlp ServiceHealth.Read' });
    expect(claims).not.toHaveProperty('roles');
    expect(await codeOf(await get(listPath))).toBe('AF10001');
  },
  'consent-revoked': async () => {
    token = await client.token();
    const seen = await answers(12, () => get(listPath));
    expect(seen.map(({ status }) => status)).toEqual([...Array<number>(10).fill(200), 401, 401]);
    token = await client.token();
    expect(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()).not.toContain('roles');
    client.time.nowMs += 10 * minuteMs;
    token = await client.token();
    expect((await get(listPath)).status).toBe(200);
  },
  'denied-without-envelope': async () => {
    token = await client.token();
    const [denied] = (await answers(40, () => get(listPath))).filter(({ status }) => status === 401);
    expect(denied?.text).toBe('{"Message":"Authorization has been denied for this request."}');
  },
  'wrong-cloud': async () => {
    token = await client.token();
    expect((await get(listPath)).status).toBe(401);
    expect(await codeOf(await get(`audit/1$2$audit_exchange$Audit_Exchange$na0022?${publisher}`))).toBe(
      'AF20052',
    );
  },
  'other-statuses': async () => {
    token = await client.token();
    expect([...(await outcomes(40, () => get(listPath)))].toSorted()).toEqual([
      '200',
      '400 AF10001',
      '400 AF50000',
      '503 AF429',
    ]);
  },
  'lenient-tenant-path': async () => {
    await started();
    const [item] = await firstItems(1);
    expect((await get(listPath, client.tenantId(1))).status).toBe(200);
    expect((await get(contentPath, client.tenantId(1))).status).toBe(200);
    const elsewhere = `audit/${item!.contentId}?${publisher}`;
    expect(await codeOf(await get(elsewhere, client.tenantId(1)))).toBe('AF20052');
  },
  'audit-off': async () => {
    token = await client.token();
    const refused = await startOf();
    expect([refused.status, await refused.text()]).toEqual([
      400,
      expect.stringContaining(`DataServiceException: Tenant ${client.tenantId()} does not exist`),
    ]);
    client.time.nowMs += 10 * minuteMs;
    expect((await startOf()).status).toBe(200);
  },
};

describe('a scenario', () => {
  it.each(scenarios)('$name: $summary', async ({ name }) => {
    client = await SimulatorClient.inScenario(name);
    token = '';
    await effects[name]?.();
    expect(effects).toHaveProperty(name);
  });

  it('is refused when there is none of its name', async () => {
    await expect(SimulatorClient.inScenario('nonsense')).rejects.toThrow(
      /^scenario: nonsense is unknown; there are already-enabled,/,
    );
    client = await SimulatorClient.start();
  });
});

describe('an option', () => {
  it.each([
    [{ cut: 'half' as never }, /^cut: half is not one of none, lost, neighbour, reordered$/],
    [{ pageSize: 0 }, /^pageSize: 0 must be 1 or more$/],
    [{ roles: 'ActivityFeed.Read' as never }, /^roles: ActivityFeed.Read must be a list$/],
    [{ late: { rate: 2, delayMs: [1, 2] as const } }, /^late\.rate: 2 is not between 0 and 1$/],
    [{ startTime: 'noon' }, /^startTime: noon is not an ISO 8601 time$/],
  ])('that makes no sense is named: %j', async (options, message) => {
    client = await SimulatorClient.start();
    await expect(startSimulator(options)).rejects.toThrow(message);
  });
});

describe('the table of scenarios', () => {
  it('covers all 55 quirks, or says why not', async () => {
    client = await SimulatorClient.start();
    const covered = new Set([
      ...scenarios.flatMap(({ quirks }) => quirks),
      ...Object.keys(quirksWithoutScenario).map(Number),
    ]);
    expect([...covered].toSorted((a, b) => a - b)).toEqual(
      Array.from({ length: 55 }, (_, number) => number + 1),
    );
  });

  it('and all faults and options stand in docs/simulator.md', async () => {
    client = await SimulatorClient.start();
    const page = await readFile(new URL('../../docs/simulator.md', import.meta.url), 'utf8');
    const names = [...scenarios.map(({ name }) => name), ...Object.keys(faultKinds), ...settableOptions];
    expect(names.filter((name) => !page.includes(`\`${name}\``))).toEqual([]);
  });

  it('has a name once', async () => {
    client = await SimulatorClient.start();
    expect(new Set(scenarios.map(({ name }) => name)).size).toBe(scenarios.length);
  });
});
