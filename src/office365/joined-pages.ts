import { ManagementApiError } from '../errors.ts';

const openingBracket = 0x5b;
const closingBracket = 0x5d;
const comma = Buffer.from(',');

/**
 * The bytes of several JSON arrays as those of one: what stands between the outer brackets of each, joined by commas. It
 * looks at the outer brackets alone; whether all between them is whole is for the reader of the one array to see, as a
 * missing bracket in any page leaves the whole without its end.
 *
 * @throws ManagementApiError `unavailable` for a page that ends early, `unexpectedResponse` for one that is no array
 */
export async function* joinedPages(
  operation: string,
  pages: AsyncIterable<AsyncIterable<Uint8Array>>,
): AsyncGenerator<Uint8Array> {
  let hasRecords = false;
  yield Buffer.from('[');
  for await (const page of pages) {
    let hasBegun = false;
    for await (const bytes of bytesBetweenBrackets(operation, page)) {
      if (!hasBegun && isBlank(bytes)) continue;
      if (!hasBegun && hasRecords) yield comma;
      hasBegun = true;
      hasRecords = true;
      yield bytes;
    }
  }
  yield Buffer.from(']');
}

/** Holds back the last bracket that has come so far, with the white space behind it, until it is known not to be the outer one. */
async function* bytesBetweenBrackets(
  operation: string,
  page: AsyncIterable<Uint8Array>,
): AsyncGenerator<Uint8Array> {
  let isOpen = false;
  let held = Buffer.alloc(0);
  for await (const chunk of page) {
    held = Buffer.concat([held, chunk]);
    if (!isOpen) {
      const start = held.findIndex((byte) => !isBlankByte(byte) && !byteOrderMark.includes(byte));
      if (start === -1) continue;
      if (held[start] !== openingBracket) throw noArray(operation);
      isOpen = true;
      held = held.subarray(start + 1);
    }
    const last = held.findLastIndex((byte) => !isBlankByte(byte));
    const end = held[last] === closingBracket ? last : held.length;
    if (end > 0) yield held.subarray(0, end);
    held = held.subarray(end);
  }
  if (held[0] !== closingBracket) throw endsEarly(operation);
}

/** UTF-8's, which may stand before a page. */
const byteOrderMark = Buffer.from('\uFEFF');

function isBlank(bytes: Uint8Array): boolean {
  return bytes.every(isBlankByte);
}

function isBlankByte(byte: number): boolean {
  return byte === 0x20 || byte === 0x09 || byte === 0x0a || byte === 0x0d;
}

function noArray(operation: string): ManagementApiError {
  return new ManagementApiError(
    'unexpectedResponse',
    `${operation}: a page of the blob is no JSON array; it is tried again. Please report this.`,
  );
}

function endsEarly(operation: string): ManagementApiError {
  return new ManagementApiError(
    'unavailable',
    `${operation}: a page of the blob ends early; it is tried again.`,
  );
}
