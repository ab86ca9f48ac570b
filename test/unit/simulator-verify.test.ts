import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { verifyDelivery } from '../../src/simulator/verify.ts';
import { SimulatorClient, itemsOf } from './simulator-client.ts';

const types = ['Audit.Exchange', 'DLP.All'];
/** What a faultless collector writes, by content type; lines end in a line feed. */
const delivered = new Map<string, string>();
let client: SimulatorClient;
let folder: string;

const fileOf = (contentType: string) =>
  path.join(folder, client.tenantId(), contentType, '2026-11-22.ndjson');
const verify = () => verifyDelivery({ simulatorUrl: client.simulator.url, folder });
/** The findings without the sizes and examples. */
const findings = async () => {
  const { missing, doubled, altered, unexpected } = await verify();
  return { missing, doubled, altered, unexpected };
};
const nothing = { missing: 0, doubled: 0, altered: 0, unexpected: 0 };

/** Changes the lines of the file of Audit.Exchange. */
async function edit(change: (lines: string[]) => string[]): Promise<void> {
  const lines = (await readFile(fileOf('Audit.Exchange'), 'utf8')).split('\n').slice(0, -1);
  await writeFile(fileOf('Audit.Exchange'), `${change(lines).join('\n')}\n`);
}

beforeAll(async () => {
  client = await SimulatorClient.start({
    tenants: 1,
    contentTypes: types,
    historyHours: 2,
    blobsPerHour: 20,
    recordsPerBlob: [1, 10],
    liveEveryMs: 60_000,
  });
  for (const type of types) await client.startSubscription(type);
  client.time.nowMs += 10 * 60_000;
  client.simulator.freeze();
  client.time.nowMs += 10 * 60_000;
  for (const type of types) {
    const lines: string[] = [];
    for (const { contentUri } of await itemsOf(await client.content(type))) {
      const records = recordsIn(await (await client.blob(contentUri)).text());
      lines.push(...records.map((record) => `${record.trim().replace(/[\r\n]/g, ' ')}\n`));
    }
    delivered.set(type, lines.join(''));
  }
});
afterAll(() => client.simulator.close());

beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'simulator-verify-'));
  for (const [type, lines] of delivered) {
    await mkdir(path.dirname(fileOf(type)), { recursive: true });
    await writeFile(fileOf(type), lines);
  }
});
afterEach(() => rm(folder, { recursive: true }));

/** The texts between the outermost commas of an array of objects: what a collector has to do, here without any speed. */
function recordsIn(body: string): string[] {
  const array = body.replace(/^\ufeff/, '').trim();
  const tokens = array.slice(1, -1).match(/"[^"\\]*(?:\\.[^"\\]*)*"|[{}[\],]|[^"{}[\],]+/gs) ?? [];
  const records: string[] = [''];
  let depth = 0;
  for (const token of tokens) {
    if (token === '{' || token === '[') depth++;
    if (token === '}' || token === ']') depth--;
    if (token === ',' && depth === 0) records.push('');
    else records[records.length - 1] += token;
  }
  return records;
}

describe('verifyDelivery', () => {
  it('finds nothing wrong with files that hold each record as often as it was served', async () => {
    const result = await verify();
    expect(result).toMatchObject({ ...nothing, examples: [] });
    expect(result.blobs).toBe(2 * (40 + 10));
    expect(result.servedTwice).toBeGreaterThan(0);
    const sizes = await Promise.all(types.map(async (type) => (await readFile(fileOf(type))).length));
    expect(result.bytes + result.records).toBe(sizes.reduce((sum, size) => sum + size, 0));
  });

  it('finds a missing line and names its blob', async () => {
    await edit((lines) => lines.toSpliced(3, 1));
    expect(await findings()).toEqual({ ...nothing, missing: 1 });
    expect((await verify()).examples).toEqual([
      expect.stringMatching(/^missing: record \d+ of \d{23}\$\d{23}\$audit_exchange\$/),
    ]);
  });

  it('finds a doubled line and names its place', async () => {
    await edit((lines) => [...lines, lines[5] ?? '']);
    expect(await findings()).toEqual({ ...nothing, doubled: 1 });
    expect((await verify()).examples[0]).toMatch(/^doubled: .*2026-11-22\.ndjson:\d+ /);
  });

  it('finds a line of which one byte was altered, which is then missing as well', async () => {
    await edit((lines) => lines.with(0, `${lines[0]?.slice(0, -1)} }`));
    expect(await findings()).toEqual({ ...nothing, missing: 1, altered: 1 });
  });

  it('finds a line of one subscription among those of another', async () => {
    const [stray = ''] = (await readFile(fileOf('DLP.All'), 'utf8')).split('\n');
    await edit((lines) => [stray, ...lines]);
    expect(await findings()).toEqual({ ...nothing, unexpected: 1 });
  });

  it('counts a record that stands twice in the feed as missing when the files hold it once', async () => {
    await edit((lines) => {
      const repeated = lines.findIndex((line, number) => lines.indexOf(line) < number);
      expect(repeated).toBeGreaterThan(0);
      return lines.toSpliced(repeated, 1);
    });
    expect(await findings()).toEqual({ ...nothing, missing: 1 });
  });

  it('takes everything for missing when there are no files', async () => {
    const { records } = await verify();
    const empty = await verifyDelivery({ population: client.simulator.snapshot(), files: [] });
    expect(empty).toMatchObject({ ...nothing, records, missing: records });
  });

  it('takes files of a tenant that was not subscribed for unexpected', async () => {
    const stray = path.join(folder, '00000000-0000-4000-8000-000000000000', 'Audit.Exchange');
    await mkdir(stray, { recursive: true });
    await writeFile(path.join(stray, '2026-11-22.ndjson'), '{"Id":"1"}\n{"Id":"2"}');
    expect(await findings()).toEqual({ ...nothing, unexpected: 2 });
  });

  it('does not care for order, for the number of files or for gzip', async () => {
    const lines = (await readFile(fileOf('Audit.Exchange'), 'utf8')).split('\n').slice(0, -1);
    const half = Math.floor(lines.length / 2);
    await edit(() => lines.slice(half).toReversed());
    const nested = path.join(path.dirname(fileOf('Audit.Exchange')), '2026-11-22');
    await mkdir(nested);
    await writeFile(path.join(nested, 'a.ndjson.gz'), gzipSync(`${lines.slice(0, half).join('\n')}\n`));
    expect(await findings()).toEqual(nothing);
  });

  it('leaves out what was created at or after a stated time', async () => {
    const all = await verify();
    const until = new Date(client.time.nowMs - 3_600_000).toISOString();
    const earlier = await verifyDelivery({ simulatorUrl: client.simulator.url, folder, until });
    expect(earlier.records).toBeLessThan(all.records);
    expect(earlier.missing).toBe(0);
    expect(earlier.unexpected + earlier.altered + earlier.doubled).toBeGreaterThan(0);
  });

  it('takes files in any place, whosever records they hold', async () => {
    const [first = '', second = ''] = [...delivered.values()];
    const [one, two] = [path.join(folder, 'one.jsonl'), path.join(folder, 'two.log.gz')];
    await writeFile(one, first.slice(0, first.lastIndexOf('\n', first.length - 2) + 1));
    await writeFile(two, gzipSync(second));
    const result = await verifyDelivery({ simulatorUrl: client.simulator.url, paths: [one, two] });
    expect(result).toMatchObject({ ...nothing, missing: 1 });
  });
});

describe('verifyDelivery with a feed of surprises', () => {
  it('expects late content once it is visible, and never what was listed as expired', async () => {
    const feed = await SimulatorClient.start({
      tenants: 1,
      late: { rate: 0.5, delayMs: [3_600_000, 3_600_000] },
      expiredShare: 0.2,
      historyHours: 0,
      liveEveryMs: 60_000,
    });
    try {
      await feed.startSubscription();
      const expected = async () => {
        const { blobs } = await verifyDelivery({ population: feed.simulator.snapshot(), files: [] });
        expect(blobs).toBe(feed.simulator.report().subscriptions[0]?.blobs.available);
        return blobs;
      };
      feed.time.nowMs += 3_600_000 - 1;
      const early = await expected();
      feed.time.nowMs += 3_600_000 - 1;
      const later = await expected();
      expect(early).toBeLessThan(36);
      expect(later - early).toBeGreaterThan(36);
      const items = await itemsOf(await feed.window('2026-11-22T12:00', '2026-11-22T13:00'));
      expect(items).toHaveLength(60);
    } finally {
      await feed.simulator.close();
    }
  });
});
