import { describe, expect, it } from 'vitest';
import { ByteBudget } from '../../src/http/byte-budget.ts';
import { splitRecords, type RecordLimits } from '../../src/office365/record-reader.ts';
import { chunksOf, everyByte, limitsOf } from './splitter-oracle.ts';

async function drain(
  body: Uint8Array | string,
  cuts: readonly number[],
  limits: RecordLimits,
): Promise<void> {
  for await (const batch of splitRecords(chunksOf(Buffer.from(body), cuts), limits)) void batch;
}

describe('splitRecords, of a record above the limit', () => {
  /** Reads with a limit of ten bytes; oversized records are marked by their index. */
  async function readShort(body: string, cuts: readonly number[] = []): Promise<string[]> {
    const records: string[] = [];
    const limits = limitsOf({
      maxRecordBytes: 10,
      onOversized: async (index, bytes) => {
        let record = '';
        for await (const part of bytes) record += Buffer.from(part).toString('latin1');
        records.push(`${index}: ${record}`);
      },
    });
    for await (const batch of splitRecords(chunksOf(Buffer.from(body), cuts), limits)) {
      records.push(...batch.map((record) => Buffer.from(record).toString('latin1')));
    }
    return records;
  }

  it('yields one of just the limit, and hands on one of a byte more with its index', async () => {
    expect(await readShort('[ "12345678" , "123456789" ,1]')).toEqual(['"12345678"', '1: "123456789"', '1']);
  });

  it('keeps the order, with several in one chunk', async () => {
    const body = '["123456789",1,{"a":12345},["a","b","c"],2]';
    expect(await readShort(body)).toEqual(['0: "123456789"', '1', '2: {"a":12345}', '3: ["a","b","c"]', '2']);
  });

  it('hands on the same bytes wherever the body is cut', async () => {
    const body = '[1, {"a":"\\\\\\"]}","b":[1]} ,"12345678",12345678901234567890]';
    const expected = ['1', '1: {"a":"\\\\\\"]}","b":[1]}', '"12345678"', '3: 12345678901234567890'];
    expect(await readShort(body, everyByte(body))).toEqual(expected);
    for (let cut = 0; cut <= body.length; cut++) expect(await readShort(body, [cut])).toEqual(expected);
  });

  it('hands on a single object', async () => {
    expect(await readShort('{"Id":"abcdef"}')).toEqual(['0: {"Id":"abcdef"}']);
    expect(await readShort('{"Id":"abcdef"}', everyByte(Buffer.alloc(15)))).toEqual(['0: {"Id":"abcdef"}']);
  });

  it('still takes the error envelope of the service for what it is', async () => {
    const body = '{"error":{"code":"AF50000","message":"x"}}';
    await expect(readShort(body)).rejects.toMatchObject({ kind: 'unavailable' });
    // No code is known yet when it becomes too long.
    await expect(readShort(body, everyByte(body))).rejects.toMatchObject({
      kind: 'unexpectedResponse',
    });
  });

  it('takes what looks like an error inside a record for a part of it', async () => {
    const body = '{"a":"1234567",{"error":1}}';
    expect(await readShort(body, [15])).toEqual([`0: ${body}`]);
  });

  it('reads no further than the record is taken', async () => {
    const body = Buffer.from(`["${'x'.repeat(90)}",1]`);
    let read = 0;
    const chunks = (async function* () {
      for await (const chunk of chunksOf(body, everyByte(body))) {
        read += chunk.length;
        yield chunk;
      }
    })();
    const held: number[] = [];
    const limits = limitsOf({
      maxRecordBytes: 10,
      onOversized: async (_index, bytes) => {
        let taken = 0;
        for await (const part of bytes) {
          taken += part.length;
          held.push(read - taken);
        }
      },
    });
    for await (const batch of splitRecords(chunks, limits)) expect(batch).toHaveLength(1);
    // All but the bracket before it and what became known as oversized together.
    expect(Math.max(...held)).toBeLessThanOrEqual(11);
  });

  it('throws to whoever takes it what ends the body in its midst', async () => {
    let taken: unknown;
    const limits = limitsOf({
      maxRecordBytes: 10,
      onOversized: async (_index, bytes) => {
        try {
          for await (const part of bytes) void part;
        } catch (error) {
          taken = error;
          throw error;
        }
      },
    });
    const reading = drain('["1234567890', everyByte(Buffer.alloc(12)), limits);
    await expect(reading).rejects.toMatchObject({ kind: 'unavailable' });
    await reading.catch((error: unknown) => expect(taken).toBe(error));
  });

  it('ends the body when it is not taken', async () => {
    let isEnded = false;
    const body = (async function* () {
      try {
        yield Buffer.from('["1234567890');
        yield Buffer.from('1234567890"]');
      } finally {
        isEnded = true;
      }
    })();
    const limits = limitsOf({
      maxRecordBytes: 10,
      onOversized: () => Promise.reject(new Error('disk full')),
    });
    const reading = (async () => {
      for await (const batch of splitRecords(body, limits)) expect(batch).toEqual([]);
    })();
    await expect(reading).rejects.toThrow('disk full');
    expect(isEnded).toBe(true);
  });
});

describe('splitRecords, of a large record', () => {
  const never = new AbortController().signal;
  const aBody = (...records: number[]) =>
    Buffer.from(`[${records.map((length) => `"${'x'.repeat(length - 2)}"`).join(',')}]`);
  const everyTen = (body: Buffer) => everyByte(body).filter((at) => at % 10 === 0);

  /** Reads with 20 bytes as the most that is held without a reservation; tells what was reserved at each event. */
  async function watch(body: Buffer, maxRecordBytes: number): Promise<string[]> {
    const budget = new ByteBudget(1000);
    const events: string[] = [];
    const limits = limitsOf({
      maxRecordBytes,
      largeRecordBytes: 20,
      reserveLargeRecord: async () => {
        events.push('reserve');
        return await budget.reserve(maxRecordBytes, never);
      },
      onOversized: async (_index, bytes) => {
        for await (const part of bytes) events.push(`part with ${budget.reservedBytes} after ${part.length}`);
      },
    });
    for await (const batch of splitRecords(chunksOf(body, everyTen(body)), limits)) {
      events.push(...batch.map(({ length }) => `${length} with ${budget.reservedBytes}`));
    }
    expect(budget.reservedBytes).toBe(0);
    return events;
  }

  it('reserves room before more of it is held, once, and gives that back before it is handed on', async () => {
    expect(await watch(aBody(15, 60, 15, 60), 100)).toEqual([
      '15 with 0',
      'reserve',
      '60 with 0',
      '15 with 0',
      'reserve',
      '60 with 0',
    ]);
  });

  it('reserves nothing for records that are not large', async () => {
    expect(await watch(aBody(15, 18, 19), 100)).toEqual(['15 with 0', '18 with 0', '19 with 0']);
  });

  it('keeps its room while one above the limit goes on', async () => {
    const events = await watch(aBody(60, 15), 30);
    expect(events[0]).toBe('reserve');
    expect(events.filter((event) => event === 'reserve')).toHaveLength(1);
    expect(events.filter((event) => event.startsWith('part with 30')).length).toBeGreaterThan(3);
    expect(events.at(-1)).toBe('15 with 0');
  });

  it('reserves nothing where the limit itself is small: no more than that is held', async () => {
    expect(await watch(aBody(60), 20)).not.toContain('reserve');
  });

  it('gives its room back when the body ends early and when nobody reads on', async () => {
    const budget = new ByteBudget(1000);
    const limits = limitsOf({
      largeRecordBytes: 20,
      reserveLargeRecord: () => budget.reserve(100, never),
    });
    const cut = aBody(60).subarray(0, 50);
    await expect(drain(cut, everyTen(cut), limits)).rejects.toMatchObject({ kind: 'unavailable' });
    expect(budget.reservedBytes).toBe(0);

    const whole = aBody(15, 60);
    let reserved = 0;
    const chunks = (async function* () {
      for await (const chunk of chunksOf(whole, everyTen(whole))) {
        reserved = budget.reservedBytes;
        if (reserved > 0) throw new Error('stopped');
        yield chunk;
      }
    })();
    const reading = (async () => {
      for await (const batch of splitRecords(chunks, limits)) void batch;
    })();
    await expect(reading).rejects.toThrow('stopped');
    expect(reserved).toBe(100);
    expect(budget.reservedBytes).toBe(0);
  });
});
