import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { blobKey, blobLine, parseJournal, startLine } from '../../src/destinations/file/journal.ts';
import { dayFilePaths } from '../../src/destinations/file/layout.ts';
import { pathComponent } from '../../src/files/path-component.ts';
import { encodeLines } from '../../src/destinations/ndjson.ts';
import { aBlob } from '../contract/blobs.ts';

describe('lines', () => {
  it('are the bytes of the records, with line ends inside replaced by spaces', () => {
    const someByte = fc.oneof(fc.constantFrom(0x0a, 0x0d, 0x20), fc.integer({ min: 0, max: 255 }));
    const someRecord = fc.array(someByte, { maxLength: 40 }).map((bytes) => Uint8Array.from(bytes));
    fc.assert(
      fc.property(fc.array(someRecord, { maxLength: 20 }), (records) => {
        const expected = records.map((record) => `${latin1(record).replaceAll(/[\r\n]/g, ' ')}\n`).join('');
        expect(latin1(encodeLines(records))).toBe(expected);
      }),
    );
  });

  it('leave the records themselves as they are', () => {
    const record = Buffer.from('{\n}');
    encodeLines([record]);
    expect(record.toString()).toBe('{\n}');
  });
});

describe('the path of a blob', () => {
  it('is made of tenant, content type and the UTC day of contentCreated', () => {
    const blob = aBlob('any', {
      tenantId: 'contoso',
      contentType: 'DLP.All',
      contentCreated: '2026-11-22T23:59:59.999Z',
    });
    expect(dayFilePaths('/events', blob)).toEqual({
      folders: ['/events', '/events/contoso', '/events/contoso/DLP.All'],
      data: '/events/contoso/DLP.All/2026-11-22.ndjson',
      journal: '/events/contoso/DLP.All/.2026-11-22.journal',
    });
  });

  it.each([
    ['Audit.General', 'Audit.General'],
    ['..', '%2E.'],
    ['.lock', '%2Elock'],
    ['../../etc', '%2E.%2F..%2Fetc'],
    ['50 % of ü', '50%20%25%20of%20%C3%BC'],
    ['', '%'],
    ['trap.ndjson', 'trap%2Endjson'],
    ['trap.NDJSON.gz', 'trap%2ENDJSON.gz'],
  ])('has %j as the folder %s', (text, folder) => {
    expect(pathComponent(text)).toBe(folder);
  });

  it('stays inside the folder, visible and short, and differs where strings differ', () => {
    const someText = fc.oneof(fc.string({ unit: 'grapheme' }), fc.string({ minLength: 190, maxLength: 260 }));
    fc.assert(
      fc.property(someText, someText, (one, other) => {
        expect(pathComponent(one)).toMatch(/^[A-Za-z0-9_%-][A-Za-z0-9._%~-]{0,199}$/);
        expect(pathComponent(one) === pathComponent(other)).toBe(one === other);
      }),
    );
  });
});

describe('a journal', () => {
  const [one, other] = [blobKey('one'), blobKey('other')];

  it('tells which blobs are stored, their records, and where the data ends', () => {
    const journal = Buffer.from(startLine(0) + blobLine(one, 120, 3) + blobLine(other, 120, 0));
    expect(parseJournal(journal)).toEqual({
      blobs: new Map([
        [one, 3],
        [other, 0],
      ]),
      end: 120,
      length: journal.length,
    });
  });

  it('ends before a torn last line, wherever it is torn', () => {
    const whole = blobLine(one, 120, 3);
    const last = blobLine(other, 240, 3);
    for (let length = 0; length < last.length; length++) {
      expect(parseJournal(Buffer.from(whole + last.slice(0, length)))).toEqual({
        blobs: new Map([[one, 3]]),
        end: 120,
        length: whole.length,
      });
    }
  });

  it('keeps the blobs behind a damaged line', () => {
    const journal = Buffer.from(`${blobLine(one, 120, 3)}\0\0\0\0\n${blobLine(other, 240, 3)}`);
    expect(parseJournal(journal)).toMatchObject({ end: 240, length: journal.length });
  });

  it('knows no end when it has no valid line', () => {
    expect(parseJournal(Buffer.from('damaged\n'))).toEqual({ blobs: new Map(), end: undefined, length: 0 });
  });
});

function latin1(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('latin1');
}
