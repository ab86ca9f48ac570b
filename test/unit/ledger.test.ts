import { appendFile, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { CoverageHour } from '../../src/domain/coverage.ts';
import type { Loss } from '../../src/domain/losses.ts';
import type { LedgerEntry } from '../../src/ledger/entries.ts';
import { openLedger } from '../../src/ledger/ledger.ts';
import { readLedger, type LedgerQuery } from '../../src/ledger/read-ledger.ts';

const subscription = { tenantId: '0873ee4d-d342-44f2-8961-74c442a2fad2', contentType: 'Audit.Exchange' };
let root: string;

beforeEach(async () => {
  root = path.join(await mkdtemp(path.join(tmpdir(), 'office365-ingest-ledger-')), 'coverage');
});

afterEach(() => rm(path.dirname(root), { recursive: true, force: true }));

describe('a ledger', () => {
  it('keeps hours and losses in a file for each month, one JSON object a line', async () => {
    await append([anHour('2026-10-31T23'), anHour('2026-11-01T00')], [aLoss('2026-11-02T00:30:00.000Z')]);
    const files = await readdir(folder());
    expect(files.toSorted()).toEqual(['2026-10.jsonl', '2026-11.jsonl']);
    const lines = (await readFile(path.join(folder(), '2026-11.jsonl'), 'utf8')).split('\n').filter(Boolean);
    expect(lines.map((line): unknown => JSON.parse(line))).toEqual([
      { kind: 'hour', ...anHour('2026-11-01T00') },
      { kind: 'loss', ...aLoss('2026-11-02T00:30:00.000Z') },
    ]);
  });

  it('says of what was written twice what was written last, and once', async () => {
    await append([anHour('2026-11-01T00'), anHour('2026-11-01T00', { destination: 'siem' })]);
    await append([anHour('2026-11-01T00', { delivered: 12 })]);
    expect(await read()).toEqual([
      { kind: 'hour', ...anHour('2026-11-01T00', { delivered: 12 }) },
      { kind: 'hour', ...anHour('2026-11-01T00', { destination: 'siem' }) },
    ]);
  });

  it('tells losses apart by span, blob and destinations', async () => {
    const time = '2026-11-02T00:30:00.000Z';
    const losses = [
      aLoss(time),
      aLoss(time, { endTime: '2026-11-02T01:00:00.000Z' }),
      aLoss(time, { contentId: 'a' }),
      aLoss(time, { contentId: 'a', destinations: ['siem'] }),
    ];
    await append([], losses);
    await append(
      [],
      losses.map((loss) => ({ ...loss, isRecorded: true })),
    );
    expect(await read()).toEqual(losses.map((loss) => ({ kind: 'loss', ...loss })));
  });

  it('loses nothing behind a line that a crash cut short', async () => {
    await append([anHour('2026-11-01T00')]);
    await appendFile(path.join(folder(), '2026-11.jsonl'), '{"kind":"hour","hour":"2026-11-01T01","deli');
    await append([anHour('2026-11-01T02')]);
    await appendFile(path.join(folder(), '2026-11.jsonl'), '{"kind":"loss"');
    expect(await hoursRead()).toEqual(['2026-11-01T00', '2026-11-01T02']);
  });

  it('is written to by many at once, line by line', async () => {
    const hours = Array.from({ length: 24 }, (_, hour) => `2026-11-01T${String(hour).padStart(2, '0')}`);
    await Promise.all(hours.map((hour) => append([anHour(hour)])));
    expect(await hoursRead()).toEqual(hours);
  });

  it('is empty before anything was written', async () => {
    expect(await read()).toEqual([]);
  });

  it('never leaves its folder, whatever a content type is called', async () => {
    const odd = { ...subscription, contentType: '../../outside' };
    await openLedger(root).append(odd, { hours: [anHour('2026-11-01T00')], losses: [] });
    expect(await readdir(path.dirname(root))).toEqual(['coverage']);
    expect(await read({ ...odd })).toHaveLength(1);
  });

  it.each([
    ['from the middle of an hour', { from: '2026-11-01T00:30:00Z' }, ['2026-11-01T00', '2026-11-01T01']],
    ['from its end', { from: '2026-11-01T01:00:00Z' }, ['2026-11-01T01']],
    ['to the end of the month before', { to: '2026-11-01T00:00:00Z' }, ['2026-10-31T23']],
    ['to an hour', { to: '2026-11-01T01:00:00+00:00' }, ['2026-10-31T23', '2026-11-01T00']],
  ])('shows a span of time: %s', async (_, span, expected) => {
    await append([anHour('2026-11-01T01'), anHour('2026-10-31T23'), anHour('2026-11-01T00')]);
    expect(await hoursRead({ ...subscription, ...span })).toEqual(expected);
  });

  it('shows a loss that began before the span and lasted into it', async () => {
    const loss = aLoss('2026-10-20T00:00:00.000Z', { endTime: '2026-11-05T00:00:00.000Z' });
    await append([], [loss, aLoss('2026-10-21T00:00:00.000Z')]);
    expect(await read({ ...subscription, from: '2026-11-04T00:00:00Z' })).toEqual([
      { kind: 'loss', ...loss },
    ]);
  });

  it('says what to mend when it cannot be written', async () => {
    await mkdir(path.dirname(root), { recursive: true });
    await writeFile(root, 'a file in the way');
    await expect(append([anHour('2026-11-01T00')])).rejects.toMatchObject({
      name: 'LedgerError',
      kind: 'unavailable',
      message: expect.stringContaining(root),
    });
  });

  it('says what to mend when it cannot be read', async () => {
    await mkdir(path.join(folder(), '2026-11.jsonl'), { recursive: true });
    await expect(read()).rejects.toMatchObject({ name: 'LedgerError', kind: 'unavailable' });
  });
});

function append(hours: readonly CoverageHour[], losses: readonly Loss[] = []): Promise<void> {
  return openLedger(root).append(subscription, { hours, losses });
}

async function read(query: LedgerQuery = subscription): Promise<LedgerEntry[]> {
  const entries: LedgerEntry[] = [];
  for await (const entry of readLedger(root, query)) entries.push(entry);
  return entries;
}

async function hoursRead(query?: LedgerQuery): Promise<string[]> {
  return (await read(query)).map((entry) => (entry.kind === 'hour' ? entry.hour : 'loss'));
}

function folder(): string {
  return path.join(root, subscription.tenantId, subscription.contentType);
}

function anHour(hour: string, overrides: Partial<CoverageHour> = {}): CoverageHour {
  return {
    destination: 'archive',
    hour,
    listed: 10,
    delivered: 10,
    late: 1,
    pending: 0,
    quarantined: 0,
    lost: 0,
    records: 300,
    complete: true,
    final: true,
    ...overrides,
  };
}

function aLoss(startTime: string, overrides: Partial<Loss> = {}): Loss {
  return { startTime, endTime: startTime, reason: 'AF20051', time: '2026-11-09T00:00:00.000Z', ...overrides };
}
