import { describe, expect, it } from 'vitest';
import { ManagementApiError, type ManagementApiErrorKind } from '../../src/errors.ts';
import { splitRecords } from '../../src/office365/record-reader.ts';
import { chunksOf, everyByte, limitsOf } from './splitter-oracle.ts';

/** Awkward in every way that JSON allows: escapes, brackets in strings, nesting, non-ASCII text, big numbers, scalars. */
const elements = [
  '{"Id":"a","ObjectId":"x\\/y","Data":"{\\"k\\":[1,2,{\\"z\\":\\"\\\\\\\\\\"}]}"}',
  '{ "Name" : "Zoë \u202eabc 😀 \\ud83d" , "n" : 12345678901234567890 }',
  '{}',
  '[]',
  '[[{"a":["]","}","[","{",","]}],"\\\\"]',
  '"text, with ] and \\" and \\\\"',
  '""',
  '-12.5e+3',
  '1E5',
  'null',
  'true',
  '{"trailing backslash":"c:\\\\"}',
];

async function read(body: Uint8Array | string, cuts: readonly number[] = []): Promise<string[]> {
  const records: string[] = [];
  for await (const batch of splitRecords(chunksOf(Buffer.from(body), cuts), limitsOf())) {
    expect(batch.length).toBeGreaterThan(0);
    records.push(...batch.map((record) => Buffer.from(record).toString('utf8')));
  }
  return records;
}

async function kindOf(
  body: string,
  cuts: readonly number[] = [],
): Promise<ManagementApiErrorKind | 'complete'> {
  try {
    await read(body, cuts);
    return 'complete';
  } catch (error) {
    if (error instanceof ManagementApiError) return error.kind;
    throw error;
  }
}

describe('splitRecords', () => {
  it('yields the exact bytes of every element', async () => {
    expect(await read(`[${elements.join(',')}]`)).toEqual(elements);
  });

  it('trims white space around elements and keeps it inside them', async () => {
    const body = ` \r\n[ \t${elements.join(' \n,\r\n\t ')}\n ] \n`;
    expect(await read(body)).toEqual(elements);
  });

  it('yields the same wherever the body is cut in two, inside escapes and characters too', async () => {
    const body = Buffer.from(`\ufeff [ ${elements.join(' , ')} ] `);
    for (let cut = 0; cut <= body.length; cut++) expect(await read(body, [cut])).toEqual(elements);
  });

  it('yields the same when every byte comes alone and chunks are empty', async () => {
    const body = Buffer.from(`[${elements.join(',')}]`);
    const twice = everyByte(body).flatMap((at) => [at, at]);
    expect(await read(body, twice)).toEqual(elements);
  });

  it('takes slices of the chunk instead of copies', async () => {
    // Not from the pool, of which a copy might be, too.
    const chunk = new TextEncoder().encode('[{"a":1},{"b":2}]');
    const chunks = (async function* () {
      yield chunk;
    })();
    for await (const batch of splitRecords(chunks, limitsOf())) {
      for (const record of batch) expect(record.buffer).toBe(chunk.buffer);
    }
  });

  it.each(['[]', ' [ ] ', '\ufeff[]'])('reads %j as a blob without records', async (body) => {
    expect(await read(body)).toEqual([]);
  });

  it('takes a single top-level object as one record', async () => {
    expect(await read(' {"Id":"a","x":{"y":["}"]}} \n')).toEqual(['{"Id":"a","x":{"y":["}"]}}']);
  });

  it('takes the error envelope of the service for what it is, not for a record', async () => {
    expect(await kindOf('{"error":{"code":"AF50000","message":"x"}}')).toBe('unavailable');
    expect(await kindOf("{'error':{'code':'AF429','message':'Too many requests.'}}")).toBe('throttled');
    expect(await kindOf('{ "Message":"Authorization has been denied for this request."}')).toBe(
      'unexpectedResponse',
    );
  });

  it('takes what looks like that envelope inside a record for a part of it', async () => {
    expect(await read('[{"error":{"code":"AF50000"}}]')).toHaveLength(1);
    expect(await read('{"a":{"error":{"code":"AF50000"}}}')).toHaveLength(1);
    expect(await kindOf('{"error" : {"code":"AF50000","message":"x"}}')).toBe('unavailable');
  });

  it.each([
    ['', 'is empty; it is fetched again'],
    ['[1,', 'ends early, after 3 bytes; it is fetched again'],
    ['<html>', 'is an HTML page; it is fetched again. Look for a proxy'],
    ['sorry', 'is neither a JSON array nor an object; it is fetched again. Look for a proxy'],
    ['[1] 2', 'has something behind its end (near byte 4); it is fetched again'],
    ['[1 2]', 'lacks a comma (near byte 3)'],
    ['[1,,2]', 'lacks a record (near byte 3)'],
    ['[1,;]', 'lacks a record (near byte 3)'],
    ['[{]}]', 'has brackets that do not match (near byte 3)'],
    ['[nul]', 'has an element that is no JSON value'],
    [`[${'['.repeat(1025)}`, 'is nested deeper than 1024 (near byte 1026)'],
  ])('says what is wrong with %j', async (body, problem) => {
    await expect(read(body)).rejects.toThrow(`retrieveContent: the body of the content blob ${problem}`);
    await expect(read(body, [2])).rejects.toThrow(problem);
  });

  it('calls a body that ends early unavailable, at whatever byte', async () => {
    const body = Buffer.from(`[${elements.join(',')}]`);
    for (let length = 0; length < body.length; length++) {
      const cut = body.subarray(0, length);
      await expect(read(cut), `cut to ${length} bytes`).rejects.toMatchObject({ kind: 'unavailable' });
    }
    await expect(read('{"a":{"b":1}')).rejects.toMatchObject({ kind: 'unavailable' });
  });

  it.each([
    '<!DOCTYPE html><html></html>',
    'Service unavailable',
    '"text"',
    '12',
    '[1 2]',
    '[{} {}]',
    '[{}{}]',
    '[{},,{}]',
    '[,{}]',
    '[{},]',
    '[{}:{}]',
    '[{]}]',
    '[[}]',
    '[}',
    '{]',
    '[]]',
    '[{}][{}]',
    '[{}],',
    '{}{}',
    '[{}]\u0000',
    '[nul]',
    '[01]',
    '[1.]',
    '[+1]',
    '[1"a"]',
    '["a""b"]',
    '["a"1]',
    '[\u00a01]',
    '[1e]',
    '[-]',
    '[.5]',
    '[true false]',
    '[truely]',
    `[${'['.repeat(2000)}`,
  ])('refuses %j', async (body) => {
    expect(await kindOf(body)).toBe('unexpectedResponse');
    expect(await kindOf(body, everyByte(body))).toBe('unexpectedResponse');
  });

  it('says neither record nor body in its errors', async () => {
    await expect(read('[{"password":"hunter2"}')).rejects.not.toThrow(/hunter2|password/);
    await expect(read('[{"password":"hunter2"} {}]')).rejects.not.toThrow(/hunter2|password/);
  });

  it('passes on what the body throws, after the records that came before', async () => {
    const broken = (async function* () {
      yield Buffer.from('[{"a":1},');
      throw new Error('reset');
    })();
    const batches: number[] = [];
    const reading = (async () => {
      for await (const batch of splitRecords(broken, limitsOf())) batches.push(batch.length);
    })();
    await expect(reading).rejects.toThrow('reset');
    expect(batches).toEqual([1]);
  });
});
