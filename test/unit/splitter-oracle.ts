import { isDeepStrictEqual } from 'node:util';
import fc from 'fast-check';
import { ManagementApiError } from '../../src/errors.ts';
import { splitRecords, type RecordLimits } from '../../src/office365/record-reader.ts';

/** What a reader made of a body: its records in order, those above the limit included, and the error it ended with. */
interface Reading {
  readonly records: readonly Buffer[];
  readonly error: unknown;
}

const mebibyte = 1024 * 1024;

/** Records of up to a mebibyte, unless told otherwise; larger ones must not come. */
export function limitsOf(overrides: Partial<RecordLimits> = {}): RecordLimits {
  return {
    maxRecordBytes: mebibyte,
    largeRecordBytes: mebibyte,
    reserveLargeRecord: () => Promise.reject(new Error('not a large record')),
    onOversized: () => Promise.reject(new Error('not oversized')),
    ...overrides,
  };
}

/** Cuts that make every byte a chunk of its own. */
export function everyByte(body: Uint8Array | string): number[] {
  return Array.from({ length: Buffer.from(body).length }, (_, at) => at);
}

/** The body in pieces; each is a copy, so that nothing can be read across a cut. */
export async function* chunksOf(
  body: Uint8Array,
  cuts: readonly number[],
): AsyncGenerator<Uint8Array, void, undefined> {
  let start = 0;
  for (const cut of cuts.map((at) => Math.min(at, body.length)).toSorted((a, b) => a - b)) {
    yield Uint8Array.prototype.slice.call(body, start, cut);
    start = cut;
  }
  yield Uint8Array.prototype.slice.call(body, start);
}

/** Reads a body that is cut at these positions. */
async function read(
  body: Uint8Array,
  cuts: readonly number[] = [],
  maxRecordBytes = mebibyte,
): Promise<Reading> {
  const records: Buffer[] = [];
  const limits = limitsOf({
    maxRecordBytes,
    onOversized: async (index, bytes) => {
      if (index !== records.length) fail(`calls record ${records.length} record ${index}`);
      const parts: Uint8Array[] = [];
      for await (const part of bytes) parts.push(part);
      const record = Buffer.concat(parts);
      if (record.length <= maxRecordBytes) fail('takes a record for oversized that is not');
      records.push(record);
    },
  });
  try {
    for await (const batch of splitRecords(chunksOf(body, cuts), limits)) {
      if (batch.length === 0) fail('yields an empty batch');
      if (batch.some(({ length }) => length > maxRecordBytes)) fail('yields an oversized record');
      records.push(...batch.map((record) => Buffer.from(record)));
    }
    return { records, error: undefined };
  } catch (error) {
    return { records, error };
  }
}

/**
 * Holds the reader against `JSON.parse`: throws when it lost, invented or changed a byte of a record, took for complete what
 * is not, refused what is valid, or depends on how the body was cut. Returns whether it took the body for complete.
 */
export async function checkReading(
  body: Uint8Array,
  cuts: readonly number[],
  maxRecordBytes = mebibyte,
): Promise<boolean> {
  const { records, error } = await read(body, cuts, maxRecordBytes);
  const value = parse(withoutMark(body));
  if (error !== undefined) {
    if (!(error instanceof ManagementApiError)) throw error;
    if (Array.isArray(value)) fail(`refuses a valid array: ${error.message}`);
    if (isObject(value) && !/^\s*\{\s*"(?:error|Message)"/.test(withoutMark(body).toString()))
      fail(`refuses a valid object: ${error.message}`);
    const uncut = await read(body, [], maxRecordBytes);
    if (!(uncut.error instanceof ManagementApiError) || uncut.error.kind !== error.kind)
      fail('depends on the cuts');
    return false;
  }
  checkBytesBetween(withoutMark(body), records);
  const each = records.map(parse);
  if (Array.isArray(value)) {
    if (!isDeepStrictEqual(each, value)) fail('yields other records than there are');
  } else if (!isObject(value) && !each.includes(undefined)) fail('takes for complete what is no array');
  return true;
}

/** A body is its records, in brackets, with single commas and white space between, or it is one object. */
function checkBytesBetween(body: Buffer, records: readonly Buffer[]): void {
  let at = 0;
  const pass = (expected: Uint8Array): void => {
    at = skipWhitespace(body, at);
    if (!body.subarray(at, at + expected.length).equals(expected)) fail('is not made of its records');
    at += expected.length;
  };
  const isArray = body[skipWhitespace(body, 0)] === '['.charCodeAt(0);
  if (isArray) pass(Buffer.from('['));
  for (const [index, record] of records.entries()) {
    if (index > 0) pass(Buffer.from(','));
    pass(record);
  }
  if (isArray) pass(Buffer.from(']'));
  if (skipWhitespace(body, at) !== body.length) fail('leaves something at the end');
}

function skipWhitespace(body: Buffer, start: number): number {
  let at = start;
  while (at < body.length && ' \t\r\n'.includes(String.fromCharCode(body[at]!))) at++;
  return at;
}

function withoutMark(body: Uint8Array): Buffer {
  const bytes = Buffer.from(body);
  return bytes.subarray(0, 3).equals(Buffer.from('\ufeff')) ? bytes.subarray(3) : bytes;
}

/** Undefined for what is not JSON. */
function parse(json: Buffer): unknown {
  try {
    return JSON.parse(json.toString('utf8'));
  } catch {
    return undefined;
  }
}

function isObject(value: unknown): boolean {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function fail(what: string): never {
  throw new Error(`The reader ${what}`);
}

const space = fc.stringMatching(/^[ \t\r\n]{0,2}$/);

/** JSON as others write it: indented or not, `/` escaped, text with every escape and any character. */
const json = fc
  .tuple(fc.json({ maxDepth: 3, stringUnit: 'binary' }), fc.constantFrom(0, 1), fc.boolean())
  .map(([text, indent, isObjectWanted]) => {
    const value: unknown = JSON.parse(text);
    return JSON.stringify(isObjectWanted ? { value } : value, undefined, indent).replaceAll('/', '\\/');
  });

const awkward = fc.constantFrom(
  '{"Data":"{\\"k\\":[1,{\\"z\\":\\"\\\\\\\\\\"}]}"}',
  '["]","}","[","{",",","\\\\"]',
  '{"path":"c:\\\\"}',
  '"\\ud800"',
  '12345678901234567890',
  '-0.0e-00',
);

/** An array of JSON values with white space anywhere, and sometimes a byte order mark. */
export const validBody = fc
  .tuple(
    fc.constantFrom('', '', '', '\ufeff'),
    fc.array(fc.tuple(space, fc.oneof({ weight: 3, arbitrary: json }, awkward), space), { maxLength: 6 }),
    space,
  )
  .map(([mark, elements, end]) => `${mark}[${elements.map((parts) => parts.join('')).join(',')}]${end}`);

/** A body with some bytes removed, changed or put in. */
export const damagedBody = fc
  .tuple(
    validBody,
    fc.nat(10_000),
    fc.nat(3),
    fc.oneof(
      fc.stringMatching(/^[[\]{},:"\\ 1a-]{0,2}$/).map((text) => Buffer.from(text)),
      fc.uint8Array({ maxLength: 2 }),
    ),
  )
  .map(([valid, position, removed, inserted]) => {
    const body = Buffer.from(valid);
    const at = position % (body.length + 1);
    return Buffer.concat([body.subarray(0, at), inserted, body.subarray(at + removed)]);
  });

export const cutPositions = fc.array(fc.nat(400), { maxLength: 8 });

/** Mostly above, at times below the length of a record. */
export const recordLimit = fc.oneof(fc.constant(mebibyte), fc.integer({ min: 1, max: 60 }));
