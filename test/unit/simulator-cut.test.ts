import { afterEach, describe, expect, it } from 'vitest';
import type { CutReading } from '../../src/simulator/cut-blobs.ts';
import { SimulatorClient, contentType, eventsIn, publisher } from './simulator-client.ts';
import type { Item } from './simulator-client.ts';

const minuteMs = 60_000;
const readings = ['lost', 'neighbour', 'reordered'] as const;
let client: SimulatorClient;
let token: string;
let startMs: number;

async function startWith(cut: CutReading): Promise<void> {
  client = await SimulatorClient.start({
    cut,
    tenants: 1,
    historyHours: 0,
    liveEveryMs: 2 * minuteMs,
    recordsPerBlob: [5, 40],
    tokenLifetimeSeconds: 24 * 3600,
  });
  startMs = client.time.nowMs;
  token = await client.token();
  await client.startSubscription();
}
afterEach(() => client.simulator.close());

const get = (url: string) => fetch(url, { headers: { Authorization: `Bearer ${token}` } });
async function listed(fromMs: number, untilMs: number): Promise<Item[]> {
  const times = `startTime=${new Date(fromMs).toISOString()}&endTime=${new Date(untilMs).toISOString()}`;
  const feed = `${client.simulator.url}/api/v1.0/${client.tenantId()}/activity/feed`;
  const page = await get(`${feed}/subscriptions/content?contentType=${contentType}&${times}&${publisher}`);
  return (await page.json()) as Item[];
}

/**
 * Listens for three hours, every seven minutes and each hour once more over what it has had, and says how often it got each
 * record. Asks for `marginMs` more at both ends than it accepts, and takes no id twice.
 */
async function collect(marginMs: number): Promise<Map<string, number>> {
  const known = new Set<string>();
  const records = new Map<string, number>();
  const take = async (fromMs: number, untilMs: number) => {
    for (const { contentId, contentCreated } of await listed(fromMs - marginMs, untilMs + marginMs)) {
      const createdMs = Date.parse(contentCreated);
      if (known.has(contentId) || createdMs < fromMs || createdMs >= untilMs) continue;
      known.add(contentId);
      const content = client.simulator.content(contentId);
      for (let number = content?.records[0] ?? 0; number < (content?.records[1] ?? 0); number++) {
        const record = `${content?.blobContentId} ${number}`;
        records.set(record, (records.get(record) ?? 0) + 1);
      }
    }
  };
  let doneMs = startMs;
  for (let step = 1; step <= 26; step++) {
    client.time.nowMs = startMs + step * 7 * minuteMs;
    await take(doneMs, client.time.nowMs);
    doneMs = client.time.nowMs;
    if (step % 9 === 0) await take(doneMs - 61 * minuteMs, doneMs);
  }
  return records;
}

describe('a client that asks for half an hour more at both ends than it accepts', () => {
  it.each(readings)('gets each record once where a cut is: %s', async (cut) => {
    await startWith(cut);
    const records = await collect(30 * minuteMs);
    expect(new Set(records.values())).toEqual(new Set([1]));
    const blobs = new Set([...records.keys()].map((record) => record.split(' ')[0]));
    const [reported] = client.simulator.report().subscriptions;
    expect(blobs.size).toBe(reported?.blobs.available);
    expect(reported?.cutIds).toBeGreaterThan(0);
  });
});

describe('a client that asks for windows without a gap and without a margin', () => {
  it.each(readings)('loses or doubles records where a cut is: %s', async (cut) => {
    await startWith(cut);
    const records = await collect(0);
    const doubled = [...records.values()].filter((times) => times > 1).length;
    expect(doubled).toBeGreaterThan(0);
  });

  it('loses the head of a blob for good where a cut is: lost', async () => {
    await startWith('lost');
    client.time.nowMs += 3 * 60 * minuteMs;
    // Within the last minute of a range, so that the window before would have something to show, too.
    const beforeMs = startMs - 60 * minuteMs;
    const [longest] = (await listed(beforeMs, client.time.nowMs)).filter(({ contentId, contentCreated }) => {
      const fiveMinutesBefore = new Date(Date.parse(contentCreated) - 5 * minuteMs)
        .toISOString()
        .replace(/\D/g, '');
      return contentId < fiveMinutesBefore;
    });
    const middleMs = Date.parse(longest!.contentCreated) - minuteMs;
    const got = [...(await listed(beforeMs, middleMs)), ...(await listed(middleMs, client.time.nowMs))];
    const contents = got.map(({ contentId }) => client.simulator.content(contentId)!);
    const tails = contents.filter(({ records }) => records[0] > 0);
    expect(tails.length).toBeGreaterThan(0);
    for (const { blobContentId, records, blobRecords } of tails) {
      expect(contents.filter((content) => content.blobContentId === blobContentId)).toHaveLength(1);
      expect(records[1]).toBe(blobRecords);
    }
  });
});

describe('a window that starts with the last moment of a blob', () => {
  it('still shows its last record', async () => {
    await startWith('neighbour');
    client.time.nowMs += 3 * 60 * minuteMs;
    const ranged = (await listed(startMs - 60 * minuteMs, client.time.nowMs)).filter(
      ({ contentId }) => contentId.split('$')[0] !== contentId.split('$')[1],
    );
    expect(ranged.length).toBeGreaterThan(5);
    for (const { contentId, contentCreated } of ranged) {
      const createdMs = Date.parse(contentCreated);
      const shown = (await listed(createdMs, createdMs + 1)).map((item) =>
        client.simulator.content(item.contentId)!,
      );
      const [last] = shown.filter(({ blobContentId }) => blobContentId === contentId);
      expect(last?.records).toEqual([last!.blobRecords - 1, last!.blobRecords]);
    }
  });
});

describe('the oracle', () => {
  it('knows which records stand under the id of a cut blob', async () => {
    await startWith('neighbour');
    client.time.nowMs += 3 * 60 * minuteMs;
    const items = await listed(startMs + 60 * minuteMs, startMs + 90 * minuteMs);
    const cut = items.filter(
      ({ contentId }) => client.simulator.content(contentId)!.blobContentId !== contentId,
    );
    expect(cut.length).toBeGreaterThan(0);
    for (const { contentId, contentUri } of cut) {
      const answer = await client.control(`/_content/${encodeURIComponent(contentId)}`);
      const { records } = (await answer.json()) as { records: [number, number] };
      const body = await (await get(`${contentUri}?${publisher}`)).text();
      expect(eventsIn(body)).toHaveLength(records[1] - records[0]);
    }
  });

  it('counts a blob as fetched once its parts are there, and as fetched twice when it comes whole after that', async () => {
    await startWith('neighbour');
    client.time.nowMs += 3 * 60 * minuteMs;
    // The first window starts before all content, so that only the middle cuts.
    const [beforeMs, middleMs] = [startMs - 60 * minuteMs, startMs + 90 * minuteMs];
    const parts = [...(await listed(beforeMs, middleMs)), ...(await listed(middleMs, client.time.nowMs))];
    const blobs = () => client.simulator.report().subscriptions[0]!.blobs;
    for (const { contentUri } of parts) await (await get(`${contentUri}?${publisher}`)).text();
    expect(blobs()).toMatchObject({ fetched: 90, neverFetched: 0, fetchedMoreThanOnce: 0 });
    for (const { contentUri } of await listed(beforeMs, client.time.nowMs))
      await (await get(`${contentUri}?${publisher}`)).text();
    expect(blobs()).toMatchObject({ fetched: 90, fetchedMoreThanOnce: 90 });
  });

  it('answers 404 for an id that nobody was shown', async () => {
    await startWith('lost');
    expect((await client.control('/_content/nonsense')).status).toBe(404);
  });
});
