import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  createDeadLetter,
  type DeadLetter,
  type DeadLetterRecord,
} from '../../src/dead-letter/dead-letter.ts';
import { aBlob } from '../contract/blobs.ts';

let folder: string;
let deadLetter: DeadLetter;
let written: DeadLetterRecord[];

beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'office365-ingest-dead-letter-'));
  written = [];
  deadLetter = createDeadLetter({
    folderOf: (tenantId) => path.join(folder, /^\d{4}/.exec(tenantId)?.[0] ?? 'other'),
    onWritten: (record) => written.push(record),
  });
});

afterEach(() => rm(folder, { recursive: true, force: true }));

const { records: _records, ...origin } = aBlob('20201122$audit_general$Audit_General$emea0036');
const record: DeadLetterRecord = { origin, index: 3, reason: 'tooLarge', detail: 'larger than 10 bytes' };
const day = ['1111', '11111111-2222-3333-4444-555555555555', 'Audit.General', '2026-11-22'].join('/');

/** Names of all files below the folder. */
async function files(): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => path.relative(folder, path.join(entry.parentPath, entry.name)))
    .toSorted();
}

const read = (name: string) => readFile(path.join(folder, name));

async function* inParts(...parts: (string | Error)[]): AsyncGenerator<Uint8Array, void, undefined> {
  for (const part of parts) {
    if (part instanceof Error) throw part;
    yield Buffer.from(part);
  }
}

describe('the dead letter', () => {
  it('keeps the exact bytes of a record, and beside them where they come from', async () => {
    const bytes = Buffer.from([0x7b, 0xff, 0x00, 0x0a, 0x7d]);
    await deadLetter.write(record, bytes);
    const [file, reason] = await files();
    expect(file).toMatch(new RegExp(`^${day}/[0-9a-f]{32}-3\\.json$`));
    expect(reason).toBe(file?.replace('.json', '.reason.json'));
    expect(await read(file!)).toEqual(bytes);
    expect(JSON.parse((await read(reason!)).toString())).toEqual({
      ...origin,
      index: 3,
      bytes: 5,
      reason: 'tooLarge',
      detail: 'larger than 10 bytes',
    });
    expect(written).toEqual([record]);
  });

  it('takes the bytes as they come', async () => {
    await deadLetter.write(record, inParts('{"a":', '"b"', '}'));
    const [file] = await files();
    expect((await read(file!)).toString()).toBe('{"a":"b"}');
  });

  it('replaces a record by its repeat', async () => {
    await deadLetter.write(record, Buffer.from('{"a":1}'));
    const before = await files();
    await deadLetter.write(record, Buffer.from('{"a":1}'));
    expect(await files()).toEqual(before);
    expect((await read(before[0]!)).toString()).toBe('{"a":1}');
  });

  it('keeps apart records, blobs and destinations', async () => {
    const other = { ...origin, contentId: `${origin.contentId}x` };
    const letters: DeadLetterRecord[] = [
      record,
      { ...record, index: 4 },
      { ...record, origin: other },
      { ...record, destination: 'archive' },
      { ...record, destination: `${origin.tenantId}/archive` },
    ];
    await Promise.all(letters.map((letter, index) => deadLetter.write(letter, Buffer.from(`${index}`))));
    const names = (await files()).filter((name) => !name.endsWith('.reason.json'));
    const contents = await Promise.all(names.map(async (name) => (await read(name)).toString()));
    expect(contents.toSorted()).toEqual(['0', '1', '2', '3', '4']);
    expect(names.filter((name) => name.endsWith('-3-archive.json'))).toHaveLength(1);
  });

  it('never leaves its folder, whatever a name holds', async () => {
    const outside = { ...origin, tenantId: '../../x', contentType: '..', contentCreated: 'never' };
    await deadLetter.write({ ...record, origin: outside, destination: '../../x' }, Buffer.from('1'));
    const [file] = await files();
    expect(file).toMatch(/^other\/[^/]+\/[^/]+\/unknown-day\/[^/]+$/);
  });

  it('leaves nothing of a record whose bytes break off, and throws what they threw', async () => {
    const broken = Object.assign(new Error('reset'), { code: 'ECONNRESET', syscall: 'read' });
    await expect(deadLetter.write(record, inParts('{"a":', broken))).rejects.toBe(broken);
    expect(await files()).toEqual([]);
    expect(written).toEqual([]);
  });

  it('leaves the record of an earlier attempt alone when a repeat breaks off', async () => {
    await deadLetter.write(record, Buffer.from('{"a":1}'));
    const before = await files();
    await expect(deadLetter.write(record, inParts('{"a', new Error('cut')))).rejects.toThrow('cut');
    expect(await files()).toEqual(before);
    expect((await read(before[0]!)).toString()).toBe('{"a":1}');
  });

  it('says which folder it cannot write to and why, not what it was to write', async () => {
    await mkdir(path.join(folder, '1111'));
    await writeFile(path.join(folder, '1111', origin.tenantId), 'in the way');
    const writing = deadLetter.write(record, Buffer.from('{"password":"hunter2"}'));
    await expect(writing).rejects.toMatchObject({ name: 'DestinationError', kind: 'unavailable' });
    await expect(writing).rejects.toThrow(/dead letter.*1111.*a file is in the way/);
    await expect(writing).rejects.not.toThrow(/hunter2/);
    expect(written).toEqual([]);
  });

  it('survives two writers of the same record at once', async () => {
    const large = '1'.repeat(1_000_000);
    await Promise.all([1, 2, 3].map(() => deadLetter.write(record, inParts(large, large))));
    const names = await files();
    expect(names).toHaveLength(2);
    expect((await read(names[0]!)).toString()).toBe(large + large);
  });
});
