import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { topLevelText } from '../../src/domain/audit-record.ts';
import { nastyRecords } from '../contract/blobs.ts';

const read = (record: string | Uint8Array, name = 'Id') => topLevelText(Buffer.from(record), name);

/** What `JSON.parse` makes of the same bytes. */
function parsed(record: Uint8Array, name: string): string | undefined {
  const value: unknown = JSON.parse(Buffer.from(record).toString('utf8'));
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined;
  const member: unknown = Object.entries(value).find(([key]) => key === name)?.[1];
  return typeof member === 'string' ? member : undefined;
}

describe('topLevelText', () => {
  it.each([
    ['{"Id":"a"}', 'a'],
    [' \r\n\t{ "Id" \n:\t "a" , "x":1 } ', 'a'],
    ['{"Operation":"x","Id":"a"}', 'a'],
    ['{"Id":"\\"\\\\\\/\\b\\f\\n\\r\\t\\u00e9\\ud83e\\udd89"}', '"\\/\b\f\n\r\té🦉'],
    ['{"Id":"\\ud800"}', '\ud800'],
    ['{"Id":"\ufeffGrüße, 你好, 🦉"}', '\ufeffGrüße, 你好, 🦉'],
    ['{"I\\u0064":"a"}', 'a'],
    ['{"Id":""}', ''],
    ['{"Id":"first","Id":"last"}', 'last'],
    ['{"Id":"first","\\u0049d":"last"}', 'last'],
  ])('reads %j', (record, text) => {
    expect(read(record)).toBe(text);
  });

  it.each([
    '{}',
    '{"id":"a"}',
    '{"Id2":"a","d":"b","XId":"c"}',
    '{"x":{"Id":"a"},"y":[{"Id":"a"}],"z":["Id","a"]}',
    '{"x":"Id","y":"a"}',
    '{"x":"\\"Id\\":\\"a\\""}',
    '{"Id":1}',
    '{"Id":null}',
    '{"Id":{"Id":"a"}}',
    '{"Id":["a"]}',
    '{"Id":"a","Id":1}',
    '["Id","a"]',
    '"Id"',
    '12',
    '',
    ' ',
  ])('finds nothing in %j', (record) => {
    expect(read(record)).toBeUndefined();
  });

  it.each([
    '{',
    '{"Id',
    '{"Id"',
    '{"Id":',
    '{"Id":"a',
    '{"Id":"a\\',
    '{"Id":"\\x"}',
    '{"\\x":"a"}',
    '}}"Id":"a"',
    '{]]"',
  ])('survives %j, which is no JSON', (record) => {
    expect(() => read(record)).not.toThrow();
  });

  it('puts U+FFFD where there is no UTF-8, as JSON.parse does', () => {
    const record = Buffer.concat([
      Buffer.from('{"Id":"'),
      Buffer.from([0xff, 0xc3, 0x28]),
      Buffer.from('"}'),
    ]);
    expect(read(record)).toBe('\ufffd\ufffd(');
    expect(read(record)).toBe(parsed(record, 'Id'));
  });

  it('reads what JSON.parse reads of awkward records', () => {
    for (const record of nastyRecords()) {
      for (const name of ['Id', 'CreationTime', 'Text', 'Long', 'Escapes']) {
        expect(topLevelText(record, name)).toBe(parsed(record, name));
      }
    }
  });

  it('reads what JSON.parse reads of any record', () => {
    const key = fc.constantFrom('Id', '\\u0049d', 'CreationTime', 'Operation', 'I', '', '\\"Id');
    const string = fc.string({ unit: 'binary', maxLength: 8 }).map((text) => JSON.stringify(text));
    const value = fc.oneof(
      string,
      string.map((json) =>
        json.replaceAll(/[a-z/]/g, (one) => `\\u${one.charCodeAt(0).toString(16).padStart(4, '0')}`),
      ),
      fc.json({ maxDepth: 2 }),
      fc.constantFrom('{"Id":"inner"}', '["Id"]', '"Id"'),
    );
    const space = fc.constantFrom('', ' ', '\n\t', '\r');
    const member = fc.tuple(space, key, space, space, value, space);
    const record = fc
      .array(member, { maxLength: 5 })
      .map((members) => members.map(([a, k, b, c, v, d]) => `${a}"${k}"${b}:${c}${v}${d}`).join(','));
    fc.assert(
      fc.property(record, fc.constantFrom('Id', 'CreationTime'), (members, name) => {
        const bytes = Buffer.from(`{${members}}`);
        expect(topLevelText(bytes, name)).toBe(parsed(bytes, name));
      }),
      { numRuns: 300, seed: 3 },
    );
  });
});
