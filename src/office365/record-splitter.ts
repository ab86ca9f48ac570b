import { ManagementApiError } from '../errors.ts';
import { readApiFailure } from './errors.ts';

/** Nesting of one record. Real records stay below ten, as deeper documents travel inside strings. */
const maxDepth = 1024;

/**
 * Where the reader stands: before the array; behind `[`, where an element or the end may come; behind a comma, where an
 * element must come; inside an element (`nested`: object, array or string; `scalar`: number or literal); behind an
 * element; behind the end.
 */
type State = 'start' | 'firstElement' | 'element' | 'nested' | 'scalar' | 'afterElement' | 'end';

const quote = 0x22;
const backslash = 0x5c;
const comma = 0x2c;
const openBracket = 0x5b;
const closeBracket = 0x5d;
const openBrace = 0x7b;
const closeBrace = 0x7d;
const byteOrderMark = [0xef, 0xbb, 0xbf];

const isWhitespace = byteTable(' \t\r\n');
/** What matters inside an object or array and outside a string. */
const isStructural = byteTable('"[]{}');
const isScalar = byteTable('+-.0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ');
const scalarPattern = /^(?:true|false|null|-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?)$/;

function byteTable(characters: string): Uint8Array {
  const table = new Uint8Array(256);
  for (const character of characters) table[character.charCodeAt(0)] = 1;
  return table;
}

/** Bytes of a record that is above the limit, as they come. */
export interface OversizedPart {
  /** Of the record in the blob, from 0. */
  readonly index: number;
  readonly bytes: readonly Uint8Array[];
  readonly isEnd: boolean;
}

/** What a chunk brings, in the order of the body. */
export type Piece = { readonly records: readonly Uint8Array[] } | OversizedPart;

/** The state between two chunks, for `splitRecords`, which says what is checked and thrown. */
export class RecordSplitter {
  readonly #maxRecordBytes: number;
  #state: State = 'start';
  /** Length of all chunks before the present one. */
  #offset = 0;
  /** Bytes of a byte order mark at the start of the body. */
  #markBytes = 0;
  #isSingleObject = false;
  /** The closing brackets that the open element still needs, innermost last. */
  readonly #closers = new Uint8Array(maxDepth);
  #depth = 0;
  #isInString = false;
  /** The previous chunk ended behind a backslash that escapes the next byte. */
  #isNextEscaped = false;
  /** Elements that have ended. */
  #count = 0;
  #openBytes = 0;
  /** What earlier chunks hold of the open element, unless that is above the limit. */
  #carried: Uint8Array[] = [];

  constructor(maxRecordBytes: number) {
    this.#maxRecordBytes = maxRecordBytes;
  }

  /** Bytes of the element that the last chunk left open; 0 for none. */
  get openBytes(): number {
    return this.#openBytes;
  }

  /** Takes the next chunk; returns the records that end in it, and what it holds of records above the limit. */
  push(chunk: Uint8Array): Piece[] {
    const pieces: Piece[] = [];
    let records: Uint8Array[] = [];
    let position = 0;
    while (position < chunk.length) {
      if (!this.#isInElement()) position = this.#skipToElement(chunk, position);
      if (!this.#isInElement()) break;
      const end =
        this.#state === 'scalar' ? endOfScalar(chunk, position) : this.#endOfNested(chunk, position);
      const part = chunk.subarray(position, end);
      this.#openBytes += part.length;
      const isOversized = this.#openBytes > this.#maxRecordBytes;
      if (isOversized) {
        if (records.length > 0) pieces.push({ records });
        records = [];
        pieces.push(this.#oversizedPart(part, end !== undefined));
      } else if (end !== undefined) records.push(this.#joined(part));
      else this.#carried.push(part);
      if (end === undefined) break;
      this.#finishElement();
      position = end;
    }
    this.#offset += chunk.length;
    if (records.length > 0) pieces.push({ records });
    return pieces;
  }

  /** Says that no chunk follows. */
  end(): void {
    if (this.#state === 'end') return;
    const problem = this.#state === 'start' ? 'is empty' : `ends early, after ${this.#offset} bytes`;
    throw new ManagementApiError(
      'unavailable',
      `retrieveContent: the body of the content blob ${problem}; it is fetched again.`,
    );
  }

  #isInElement(): boolean {
    return this.#state === 'nested' || this.#state === 'scalar';
  }

  /** Passes white space, commas and the array's own brackets. Returns where an element begins, or the chunk's length. */
  #skipToElement(chunk: Uint8Array, position: number): number {
    for (let at = position; at < chunk.length; at++) {
      const byte = byteAt(chunk, at);
      if (isWhitespace[byte] === 1) continue;
      if (this.#state === 'start') {
        if (byte === byteOrderMark[this.#offset + at]) {
          this.#markBytes++;
          continue;
        }
        const isMarkWhole = this.#markBytes === 0 || this.#markBytes === byteOrderMark.length;
        this.#isSingleObject = byte === openBrace;
        if (!isMarkWhole || (byte !== openBrace && byte !== openBracket)) throw notAnArray(byte);
        this.#state = this.#isSingleObject ? 'nested' : 'firstElement';
      } else if (this.#state === 'afterElement' && byte === comma) {
        this.#state = 'element';
      } else if (
        (this.#state === 'afterElement' || this.#state === 'firstElement') &&
        byte === closeBracket
      ) {
        this.#state = 'end';
      } else if (this.#state === 'firstElement' || this.#state === 'element') {
        this.#state = this.#stateInElement(byte, at);
      } else {
        throw malformed(
          this.#state === 'end' ? 'has something behind its end' : 'lacks a comma',
          this.#offset + at,
        );
      }
      if (this.#isInElement()) return at;
    }
    return chunk.length;
  }

  #stateInElement(firstByte: number, at: number): State {
    if (firstByte === openBrace || firstByte === openBracket || firstByte === quote) return 'nested';
    if (isScalar[firstByte] === 1) return 'scalar';
    throw malformed('lacks a record', this.#offset + at);
  }

  /** Where the object, array or string that is open at `position` ends; undefined when that is in a later chunk. */
  #endOfNested(chunk: Uint8Array, position: number): number | undefined {
    let at = position;
    for (;;) {
      if (this.#isInString) {
        at = this.#endOfString(chunk, at);
        if (this.#isInString) return undefined;
        if (this.#depth === 0) return at;
      }
      while (at < chunk.length && isStructural[byteAt(chunk, at)] === 0) at++;
      if (at === chunk.length) return undefined;
      const byte = byteAt(chunk, at);
      at++;
      if (byte === quote) this.#isInString = true;
      else if (byte === openBrace || byte === openBracket) this.#descend(byte, at);
      else if (this.#ascend(byte, at)) return at;
    }
  }

  #descend(bracket: number, at: number): void {
    if (this.#depth === maxDepth) throw malformed(`is nested deeper than ${maxDepth}`, this.#offset + at);
    this.#closers[this.#depth] = bracket === openBrace ? closeBrace : closeBracket;
    this.#depth++;
  }

  /** Takes a closing bracket; true when it closes the element. */
  #ascend(bracket: number, at: number): boolean {
    this.#depth--;
    if (this.#closers[this.#depth] !== bracket)
      throw malformed('has brackets that do not match', this.#offset + at);
    return this.#depth === 0;
  }

  /** The position behind the string's closing quote; still in the string when it is not in this chunk. */
  #endOfString(chunk: Uint8Array, position: number): number {
    let at = this.#isNextEscaped ? position + 1 : position;
    this.#isNextEscaped = false;
    for (; at < chunk.length; at++) {
      const byte = byteAt(chunk, at);
      if (byte === quote) {
        this.#isInString = false;
        return at + 1;
      }
      if (byte === backslash) at++;
    }
    this.#isNextEscaped = at > chunk.length;
    return chunk.length;
  }

  /** The element that ends with this part, in one piece. */
  #joined(lastPart: Uint8Array): Uint8Array {
    const record = this.#carried.length === 0 ? lastPart : Buffer.concat([...this.#carried, lastPart]);
    this.#carried = [];
    if (this.#state === 'scalar' && !scalarPattern.test(asText(record)))
      throw malformed('has an element that is no JSON value', this.#offset);
    if (this.#isSingleObject) refuseErrorEnvelope(record);
    return record;
  }

  /** With the first part comes what was carried so far. */
  #oversizedPart(part: Uint8Array, isEnd: boolean): OversizedPart {
    const isFirst = this.#openBytes - part.length <= this.#maxRecordBytes;
    const bytes = [...this.#carried, part];
    this.#carried = [];
    if (isFirst && this.#isSingleObject) refuseErrorEnvelope(Buffer.concat(bytes));
    return { index: this.#count, bytes, isEnd };
  }

  #finishElement(): void {
    this.#openBytes = 0;
    this.#count++;
    this.#state = this.#isSingleObject ? 'end' : 'afterElement';
  }
}

/** Where the number or literal that is open at `position` ends; undefined when it may go on in a later chunk. */
function endOfScalar(chunk: Uint8Array, position: number): number | undefined {
  let at = position;
  while (at < chunk.length && isScalar[byteAt(chunk, at)] === 1) at++;
  return at === chunk.length ? undefined : at;
}

/** The service has been seen to send errors with status 200: such an object is no record. */
function refuseErrorEnvelope(record: Uint8Array): void {
  const text = asText(record.subarray(0, 4096));
  if (!/^\{\s*["'](?:error|Message)["']\s*:/.test(text)) return;
  throw readApiFailure('retrieveContent', { status: 200, headers: {}, text }).error;
}

function notAnArray(firstByte: number): ManagementApiError {
  const isMarkup = firstByte === '<'.charCodeAt(0);
  const found = isMarkup ? 'an HTML page' : 'neither a JSON array nor an object';
  return new ManagementApiError(
    'unexpectedResponse',
    `retrieveContent: the body of the content blob is ${found}; it is fetched again. Look for a proxy in between if this goes on.`,
  );
}

function malformed(problem: string, offset: number): ManagementApiError {
  return new ManagementApiError(
    'unexpectedResponse',
    `retrieveContent: the body of the content blob ${problem} (near byte ${offset}); it is fetched again.`,
  );
}

/** Only called with positions below the chunk's length. */
function byteAt(chunk: Uint8Array, position: number): number {
  return chunk[position] as number;
}

function asText(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1');
}
