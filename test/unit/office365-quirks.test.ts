import type { Dispatcher } from 'undici';
import { afterEach, describe, expect, it } from 'vitest';
import { Secret } from '../../src/config/config.ts';
import type { ContentBlob } from '../../src/domain/content-blob.ts';
import {
  isAccepted,
  isoTime,
  oldestListedMs,
  planOwedListing,
  type ListingPlan,
  type TimeWindow,
} from '../../src/domain/time-window.ts';
import { createHttpDispatcher } from '../../src/http/dispatcher.ts';
import { createManagementApiClient, type ManagementApiClient } from '../../src/office365/client.ts';
import { createTokenProvider } from '../../src/office365/token-provider.ts';
import { startSimulator, type Simulator, type SimulatorOptions } from '../../src/simulator/start.ts';

const hourMs = 3_600_000;
const minuteMs = 60_000;
const contentType = 'Audit.SharePoint';
const options = { signal: new AbortController().signal, priority: 'live' } as const;

let simulator: Simulator;
let client: ManagementApiClient;
let dispatcher: Dispatcher;

afterEach(end);

async function end(): Promise<void> {
  await dispatcher.destroy();
  await simulator.close();
}

/** The client at a simulator in a scenario. */
async function start(scenario: string | undefined, more: SimulatorOptions = {}): Promise<void> {
  simulator = await startSimulator({
    ...(scenario !== undefined && { scenarios: [scenario] }),
    tenants: 1,
    contentTypes: [contentType],
    liveEveryMs: 0,
    ...more,
  });
  dispatcher = createHttpDispatcher();
  const tenantId = simulator.population.tenants[0]?.tenantId ?? '';
  const tenant = {
    tenantId,
    clientId: simulator.clientId,
    credential: { type: 'secret', secret: new Secret(simulator.clientSecret) },
    loginUrl: simulator.url,
    scope: 'https://manage.office.com/.default',
  } as const;
  const readSecretFile = () => Promise.reject(new Error('no file is asked for'));
  client = createManagementApiClient({
    tenantId,
    publisherIdentifier: tenantId,
    apiUrl: simulator.url,
    tokens: createTokenProvider(tenant, { dispatcher, readSecretFile }),
    dispatcher,
    requestsPerMinute: Infinity,
  });
}

describe('the client', () => {
  it('asks for the application permission when a token has delegated ones alone', async () => {
    await start('delegated-permission');
    await expect(client.startSubscription(contentType, options.signal)).rejects.toMatchObject({
      kind: 'unauthorized',
      message: expect.stringMatching(
        /application permission ActivityFeed\.Read .*not a delegated one/,
      ) as string,
    });
  });

  it('lists what was created before its subscription was started', async () => {
    await start('backfill-22h');
    const startedMs = Date.now();
    await client.startSubscription(contentType, options.signal);
    const blobs = await list({ startTime: isoTime(startedMs - 22 * hourMs), endTime: isoTime(startedMs) });
    expect(blobs.length).toBeGreaterThan(200);
    expect(blobs.every(({ contentCreated }) => Date.parse(contentCreated) < startedMs)).toBe(true);
  });

  it('reaches back seven days by the clock of the service, which is not the local one', async () => {
    await start('clock-skew');
    await client.startSubscription(contentType, options.signal);
    const oldestWindow = (nowMs: number): TimeWindow => {
      const startMs = oldestListedMs(nowMs);
      const window = { startTime: isoTime(startMs), endTime: isoTime(startMs + hourMs) };
      return planOwedListing({ window, nowMs })?.requested ?? window;
    };
    await expect(list(oldestWindow(Date.now()))).rejects.toMatchObject({ kind: 'windowRefused' });
    expect(await list(oldestWindow(Date.now() + client.clockOffsetMs))).toBeInstanceOf(Array);
  });
});

describe('listing with margins, where a window shows parts of blobs under other ids', () => {
  const nowMs = Date.parse('2026-11-22T12:00:00Z');
  const population = {
    now: () => nowMs,
    startTime: isoTime(nowMs),
    historyHours: 6,
    blobsPerHour: 12,
    recordsPerBlob: [2, 6],
  } as const;
  const [fromMs, untilMs, stepMs] = [nowMs - 5 * hourMs, nowMs - hourMs, 25 * minuteMs] as const;

  const withoutMargins = ({ accepted }: ListingPlan) => ({ accepted, requested: accepted });
  const withOneMargin = ({ accepted, requested }: ListingPlan) => ({
    accepted,
    requested: { ...requested, endTime: accepted.endTime },
  });

  it.each([
    { scenario: 'cut-lost', others: 'windows without margins lose some', change: withoutMargins },
    { scenario: 'cut-neighbour', others: 'a margin at the start alone doubles some', change: withOneMargin },
    { scenario: 'cut-reordered', others: 'windows without margins double some', change: withoutMargins },
  ])('gets every record once where $others: $scenario', async ({ scenario, change }) => {
    await start(undefined, population);
    await client.startSubscription(contentType, options.signal);
    const all = await recordsOf(await listInSteps(untilMs - fromMs, (plan) => plan));
    await end();

    await start(scenario, population);
    await client.startSubscription(contentType, options.signal);
    const withMargins = await recordsOf(await listInSteps(stepMs, (plan) => plan));
    expect(withMargins).toEqual(all);
    expect(await recordsOf(await listInSteps(stepMs, change))).not.toEqual(all);
  });

  /** Lists the hours window by window, each as planned and then changed, and takes what is accepted. */
  async function listInSteps(
    spanMs: number,
    change: (plan: ListingPlan) => ListingPlan,
  ): Promise<readonly ContentBlob[]> {
    const blobs: ContentBlob[] = [];
    for (let startMs = fromMs; startMs < untilMs; startMs += spanMs) {
      const window = { startTime: isoTime(startMs), endTime: isoTime(Math.min(startMs + spanMs, untilMs)) };
      const plan = planOwedListing({ window, nowMs });
      if (plan === undefined) throw new Error('the span lies within the retention');
      const changed = change(plan);
      const listed = await list(changed.requested);
      blobs.push(...listed.filter(({ contentCreated }) => isAccepted(contentCreated, changed)));
    }
    return blobs;
  }
});

async function list(window: TimeWindow): Promise<readonly ContentBlob[]> {
  const blobs: ContentBlob[] = [];
  for await (const page of client.listAvailableContent(contentType, window, options)) blobs.push(...page);
  return blobs;
}

/** All records of the blobs as text, sorted: none has an order that means anything. */
async function recordsOf(blobs: readonly ContentBlob[]): Promise<readonly string[]> {
  const records: string[] = [];
  for (const blob of blobs) {
    const chunks: Uint8Array[] = [];
    for await (const chunk of await client.retrieveContent(blob, contentType, options)) chunks.push(chunk);
    const body = JSON.parse(Buffer.concat(chunks).toString('utf8').replace('\ufeff', '')) as unknown[];
    records.push(...body.map((record) => JSON.stringify(record)));
  }
  return records.toSorted();
}
