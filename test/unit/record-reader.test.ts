import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ManagementApiError, type ManagementApiErrorKind } from '../../src/errors.ts';
import { splitRecords } from '../../src/office365/record-reader.ts';

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
  'null',
  'true',
  '{"trailing backslash":"c:\\\\"}',
];

async function* chunksOf(body: Uint8Array, cuts: readonly number[]): AsyncIterable<Uint8Array> {
  let start = 0;
  for (const cut of [...cuts].toSorted((a, b) => a - b)) {
    yield Uint8Array.prototype.slice.call(body, start, cut);
    start = cut;
  }
  yield Uint8Array.prototype.slice.call(body, start);
}

function everyByte(body: Uint8Array): number[] {
  return Array.from({ length: body.length }, (_, at) => at);
}

async function read(body: Uint8Array | string, cuts: readonly number[] = []): Promise<string[]> {
  const records: string[] = [];
  for await (const batch of splitRecords(chunksOf(Buffer.from(body), cuts))) {
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
    const chunk = Buffer.from('[{"a":1},{"b":2}]');
    const chunks = (async function* () {
      yield chunk;
    })();
    for await (const batch of splitRecords(chunks)) {
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
    `[${'['.repeat(2000)}`,
  ])('refuses %j', async (body) => {
    expect(await kindOf(body)).toBe('unexpectedResponse');
    expect(await kindOf(body, everyByte(Buffer.from(body)))).toBe('unexpectedResponse');
  });

  it('refuses a record above the limit instead of holding it', async () => {
    const body = Buffer.from(`["${'x'.repeat(5000)}"]`);
    const chunks = chunksOf(body, [1000, 2000, 3000]);
    const reading = (async () => {
      for await (const batch of splitRecords(chunks, { maxRecordBytes: 2500 })) void batch;
    })();
    await expect(reading).rejects.toMatchObject({ kind: 'unexpectedResponse' });
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
      for await (const batch of splitRecords(broken)) batches.push(batch.length);
    })();
    await expect(reading).rejects.toThrow('reset');
    expect(batches).toEqual([1]);
  });
});

describe('splitRecords, against JSON.parse', () => {
  const space = fc.stringMatching(/^[ \t\r\n]{0,2}$/);
  const element = fc
    .tuple(fc.json({ maxDepth: 3 }), fc.boolean(), fc.constantFrom(0, 1))
    .map(([json, isObject, indent]) => {
      const text = JSON.stringify(JSON.parse(json), undefined, indent).replaceAll('/', '\\/');
      return isObject ? `{"value":${text}}` : text;
    });
  const array = fc.array(fc.tuple(space, element, space), { maxLength: 6 });
  const cuts = fc.array(fc.nat(400), { maxLength: 8 });

  it('yields what stands between the commas of any array', async () => {
    await fc.assert(
      fc.asyncProperty(array, cuts, async (parts, cutAt) => {
        const body = Buffer.from(`[${parts.map((part) => part.join('')).join(',')}]`);
        const within = cutAt.map((at) => Math.min(at, body.length));
        expect(await read(body, within)).toEqual(parts.map(([, json]) => json));
      }),
      { numRuns: 500, seed: 7 },
    );
  });

  it('never completes a damaged array, unless the damage is inside a record', async () => {
    const damage = fc.record({
      at: fc.nat(10_000),
      remove: fc.nat(3),
      insert: fc.stringMatching(/^[[\]{},:"\\ 1a]{0,2}$/),
    });
    let completed = 0;
    await fc.assert(
      fc.asyncProperty(array, damage, cuts, async (parts, { at, remove, insert }, cutAt) => {
        const valid = `[${parts.map((part) => part.join('')).join(',')}]`;
        const from = at % (valid.length + 1);
        const body = valid.slice(0, from) + insert + valid.slice(from + remove);
        const bytes = Buffer.from(body);
        const records = await read(
          bytes,
          cutAt.map((cut) => Math.min(cut, bytes.length)),
        ).catch(() => undefined);
        const parsed = parse(body);
        if (records === undefined) {
          expect(Array.isArray(parsed), body).toBe(false);
          return;
        }
        completed++;
        const each = records.map(parse);
        if (Array.isArray(parsed)) expect(each).toEqual(parsed);
        else expect(body.trimStart().startsWith('{') || each.includes(undefined), body).toBe(true);
      }),
      { numRuns: 3000, seed: 11 },
    );
    expect(completed).toBeGreaterThan(300);
  });
});

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
