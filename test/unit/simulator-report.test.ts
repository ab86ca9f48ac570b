import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import type { FaultRequest } from '../../src/simulator/faults.ts';
import type { SimulatorReport } from '../../src/simulator/ledger.ts';
import { SimulatorClient, eventsIn, itemsOf, publisher } from './simulator-client.ts';

const types = ['Audit.Exchange', 'Audit.General'];
let client: SimulatorClient;

beforeEach(async () => {
  client = await SimulatorClient.start({
    tenants: 1,
    contentTypes: types,
    historyHours: 2,
    blobsPerHour: 10,
    recordsPerBlob: [2, 4],
  });
  for (const type of types) await client.startSubscription(type);
});
afterEach(() => client.simulator.close());

const addFault = (fault: FaultRequest) => client.simulator.addFault(fault);
const firstUri = async () => (await itemsOf(await client.content()))[0]?.contentUri ?? '';

describe('the report', () => {
  const reported = async () => (await (await client.control('/_report')).json()) as SimulatorReport;

  it('counts requests by operation and outcome', async () => {
    addFault({ operation: 'list', kind: 'AF429', count: 1 });
    addFault({ operation: 'list', kind: 'unauthorized', count: 1 });
    for (let call = 0; call < 4; call++) await (await client.subscriptions()).text();
    expect((await reported()).requests).toEqual({
      token: { '200': 6 },
      start: { '200': 2 },
      list: { '403 AF429': 1, '401': 1, '200': 2 },
    });
  });

  it('counts blobs available, listed, fetched once, fetched again and never fetched', async () => {
    const uri = await firstUri();
    const items = await itemsOf(await client.content());
    const bodies: Buffer[] = [];
    for (const target of [uri, uri, items[1]?.contentUri ?? ''])
      bodies.push(Buffer.from(await (await client.blob(target)).arrayBuffer()));
    const records = bodies.map((body) => eventsIn(body.toString('utf8')).length);
    const [exchange, general] = (await reported()).subscriptions;
    expect(exchange).toEqual({
      tenantId: client.tenantId(),
      contentType: 'Audit.Exchange',
      status: 'enabled',
      blobs: { available: 20, listed: 20, fetched: 2, fetchedMoreThanOnce: 1, neverFetched: 18 },
      served: {
        records: records.reduce((sum, count) => sum + count, 0),
        bytes: bodies.reduce((sum, body) => sum + body.length, 0),
      },
      cutIds: 0,
      neverListed: [],
      neverFetchedExamples: items.slice(2, 7).map(({ contentId }) => contentId),
    });
    expect(general?.blobs).toMatchObject({ available: 20, listed: 0, neverFetched: 20 });
  });

  it('does not count a blob as fetched that did not arrive wholly', async () => {
    const uri = await firstUri();
    for (const kind of ['truncated', 'cutJson', 'html200'] as const) {
      addFault({ operation: 'blob', kind, count: 1 });
      await client
        .blob(uri)
        .then((response) => response.text())
        .catch(() => undefined);
    }
    expect((await reported()).subscriptions[0]?.blobs).toMatchObject({ fetched: 0, neverFetched: 20 });
  });

  it('names violations of the protocol with an example', async () => {
    await client.api('subscriptions/list');
    await client.api(
      `subscriptions/content?contentType=Audit.Exchange&startTime=2026-01-01&endTime=2026-01-03&${publisher}`,
    );
    await client.content('Audit.SharePoint');
    expect((await reported()).violations).toEqual([
      {
        name: 'missingPublisherIdentifier',
        count: 1,
        example: `GET /api/v1.0/${client.tenantId()}/activity/feed/subscriptions/list`,
      },
      { name: 'windowOver24Hours', count: 1, example: expect.stringContaining('2026-01-03') as string },
      { name: 'windowBeyond7Days', count: 1, example: expect.stringContaining('2026-01-03') as string },
      {
        name: 'listedWithoutSubscription',
        count: 1,
        example: expect.stringContaining('Audit.SharePoint') as string,
      },
    ]);
  });

  it('names a start within the 15 minutes and content fetched again after it had arrived', async () => {
    await client.startSubscription();
    const uri = await firstUri();
    for (let time = 0; time < 2; time++) await (await client.blob(uri)).text();
    expect((await reported()).violations).toMatchObject([
      { name: 'startedTooSoon', count: 1 },
      { name: 'refetchedContent', count: 1, example: expect.stringContaining('/audit/') as string },
    ]);
  });

  it('shows the spans with content that no listing has covered', async () => {
    const neverListed = async () => (await reported()).subscriptions[0]?.neverListed;
    const [all] = (await neverListed()) ?? [];
    expect(all).toEqual({ startTime: '2026-11-22T10:00:00.000Z', endTime: '2026-11-22T12:00:00.001Z' });
    await client.window('2026-11-22T10:00', '2026-11-22T10:30');
    await client.window('2026-11-22T11:30', '2026-11-22T13:00');
    expect(await neverListed()).toEqual([
      { startTime: '2026-11-22T10:30:00.000Z', endTime: '2026-11-22T11:30:00.000Z' },
    ]);
    await client.window('2026-11-22T10:30', '2026-11-22T11:30');
    expect(await neverListed()).toEqual([]);
  });

  it('takes a window for listed only as far as its pages were asked for', async () => {
    await client.simulator.close();
    client = await SimulatorClient.start({ pageSize: 5, historyHours: 2, blobsPerHour: 10 });
    await client.startSubscription();
    const { headers } = await client.window('2026-11-22T10:00', '2026-11-22T12:30');
    const [rest] = (await reported()).subscriptions[0]?.neverListed ?? [];
    expect(headers.get('nextpageuri')).toContain(rest?.startTime.replace(/\D/g, ''));
  });

  it('knows the most requests of a tenant within a minute', async () => {
    const before = (await reported()).tenants[0]?.requests ?? 0;
    for (let call = 0; call < 5; call++) await client.subscriptions();
    client.time.nowMs += 60_000;
    await client.subscriptions();
    expect((await reported()).tenants[0]).toMatchObject({
      requests: before + 12,
      peakRequestsPerMinute: before + 10,
    });
  });

  it('knows the highest number of requests that one tenant had under way', async () => {
    const peak = async () => (await reported()).tenants[0]?.peakConcurrentRequests;
    expect(await peak()).toBe(1);
    addFault({ operation: 'list', kind: 'slow', delayMs: 600_000 });
    const abort = new AbortController();
    const held = Array.from({ length: 5 }, () => client.subscriptions(abort.signal));
    while (client.simulator.faults()[0]?.answered !== 5) await client.control('/_control/clock');
    abort.abort();
    await Promise.allSettled(held);
    expect(await peak()).toBe(5);
  });
});

describe('the configuration for a collector', () => {
  it('names the simulator, its tenants and credentials, and takes other settings', async () => {
    const response = await client.control('/_config?settle_time=5s&sweep_ages=10s,1m&lookback=7d');
    expect(parse(await response.text())).toEqual({
      client_id: client.simulator.clientId,
      client_secret: client.simulator.clientSecret,
      interval: '1s',
      max_interval: '5s',
      settle_time: '5s',
      requests_per_minute: 'unlimited',
      sweep_ages: ['10s', '1m'],
      lookback: '7d',
      tenants: [
        {
          tenant_id: client.tenantId(),
          name: 'tenant-1',
          api_url: client.simulator.url,
          login_url: client.simulator.url,
          subscriptions: types,
        },
      ],
    });
  });
});
