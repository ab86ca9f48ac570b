import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { MetricMeter } from '@temporalio/common';
import { MockActivityEnvironment } from '@temporalio/testing';
import { DefaultLogger, type LogEntry } from '@temporalio/worker';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { countDeadLetter } from '../../src/activities/dead-letter-count.ts';
import { splitBlobs } from '../../src/activities/split-blob.ts';
import { createDeadLetter, type DeadLetter } from '../../src/dead-letter/dead-letter.ts';
import type { DeliveryOutcome, Destination, RecordsOfBlob } from '../../src/destinations/destination.ts';
import { createFileDestination } from '../../src/destinations/file/index.ts';
import { ByteBudget } from '../../src/http/byte-budget.ts';
import { aBlob, outcomesOf } from '../contract/blobs.ts';
import { linesBelow } from '../contract/file-system.ts';

/** Bodies on their way through the record reader into files, with a limit of 100 bytes for a record. */
const maxRecordBytes = 100;
const oversized = `{"Id":"hunter2","Data":"${'x'.repeat(200)}"}`;
const never = new AbortController().signal;

let folder: string;
let destination: Destination;
let deadLetter: DeadLetter;

beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'office365-ingest-oversized-'));
  destination = createFileDestination('archive', { path: path.join(folder, 'events') });
  deadLetter = createDeadLetter({
    folderOf: () => path.join(folder, 'dead-letter'),
    onWritten: () => undefined,
  });
});

afterEach(async () => {
  await destination.close();
  await rm(folder, { recursive: true, force: true });
});

/** The blob as a destination is handed it. */
function aBlobOf(body: string, to: DeadLetter = deadLetter): RecordsOfBlob {
  const { records: _records, ...origin } = aBlob('blob 1');
  const memory = { lookAhead: new ByteBudget(1), largeRecords: new ByteBudget(1) };
  const split = splitBlobs({ maxRecordBytes, deadLetter: to, memory, signal: never });
  async function* chunks() {
    for (let start = 0; start < body.length; start += 40) yield Buffer.from(body.slice(start, start + 40));
  }
  return { ...origin, records: split(chunks(), origin) };
}

async function deliver(blob: RecordsOfBlob): Promise<DeliveryOutcome[]> {
  return outcomesOf(
    destination,
    (async function* () {
      yield blob;
    })(),
  );
}

async function deadLetters(): Promise<string[]> {
  const names = await readdir(path.join(folder, 'dead-letter'), { recursive: true }).catch(() => []);
  const records = names.filter((name) => /-\d+\.json$/.test(name)).toSorted();
  return Promise.all(records.map((name) => readFile(path.join(folder, 'dead-letter', name), 'utf8')));
}

describe('splitBlobs', () => {
  it('puts a record above the limit into the dead letter and hands on the others', async () => {
    const outcomes = await deliver(aBlobOf(`[{"Id":1},${oversized},{"Id":3}]`));
    expect(outcomes).toMatchObject([{ status: 'delivered', records: 2 }]);
    expect((await linesBelow(path.join(folder, 'events'))).map(String)).toEqual(['{"Id":1}', '{"Id":3}']);
    expect(await deadLetters()).toEqual([oversized]);
  });

  it('lets a blob be acknowledged only after its dead letter is safe', async () => {
    const events: string[] = [];
    let finish: () => void = () => undefined;
    const slow: DeadLetter = {
      write: async (record, bytes) => {
        await deadLetter.write(record, bytes);
        await new Promise<void>((resolve) => (finish = resolve));
        events.push('safe');
      },
    };
    const delivering = deliver(aBlobOf(`[1,${oversized}]`, slow)).then(() => events.push('acknowledged'));
    await vi.waitFor(async () => expect(await deadLetters()).toHaveLength(1));
    finish();
    await delivering;
    expect(events).toEqual(['safe', 'acknowledged']);
  });

  it('fails the blob when the dead letter cannot be written', async () => {
    const full: DeadLetter = { write: () => Promise.reject(new Error('the disk is full')) };
    const outcomes = await deliver(aBlobOf(`[1,${oversized},2]`, full));
    expect(outcomes).toMatchObject([{ status: 'failed', error: new Error('the disk is full') }]);
    expect(await linesBelow(path.join(folder, 'events'))).toEqual([]);
  });

  it('fails a blob that is cut inside a record above the limit, and keeps nothing of it', async () => {
    const outcomes = await deliver(aBlobOf(`[1,${oversized.slice(0, 150)}`));
    expect(outcomes).toMatchObject([{ status: 'failed', error: { kind: 'unavailable' } }]);
    expect(await deadLetters()).toEqual([]);
    expect(await linesBelow(path.join(folder, 'events'))).toEqual([]);
  });

  it('has one dead letter, however often the blob is read', async () => {
    const body = `[${oversized},${oversized.replace('hunter2', 'hunter3')}]`;
    await deliver(aBlobOf(body.slice(0, -1)));
    await deliver(aBlobOf(body));
    await deliver(aBlobOf(body));
    expect(await deadLetters()).toHaveLength(2);
  });
});

describe('countDeadLetter', () => {
  it('counts the record and tells where it came from, not what is in it', async () => {
    const counted: unknown[] = [];
    const meter = {
      createCounter: (name: string) => ({
        add: (value: number, tags: unknown) => counted.push([name, value, tags]),
      }),
      withTags: () => meter,
    } as unknown as MetricMeter;
    const logged: LogEntry[] = [];
    const environment = new MockActivityEnvironment(
      {},
      { logger: new DefaultLogger('WARN', (entry) => logged.push(entry)), metricMeter: meter },
    );
    const counting = createDeadLetter({
      folderOf: () => path.join(folder, 'dead-letter'),
      onWritten: countDeadLetter,
    });
    await environment.run(async () => {
      for await (const batch of aBlobOf(`[1,${oversized}]`, counting).records) void batch;
    });
    expect(counted).toContainEqual([
      'office365_ingest_dead_letter_records',
      1,
      expect.objectContaining({ content_type: 'Audit.General', reason: 'tooLarge' }),
    ]);
    expect(logged).toHaveLength(1);
    expect(logged[0]).toMatchObject({ level: 'WARN', meta: { contentId: 'blob 1', index: 1 } });
    expect(JSON.stringify(logged[0]?.meta)).not.toContain('hunter2');
  });
});
