/** What the service has to know of an audit record, read from its bytes without parsing it. */

const quote = 0x22;
const backslash = 0x5c;
const colon = 0x3a;
const openBracket = 0x5b;
const closeBracket = 0x5d;
const openBrace = 0x7b;
const closeBrace = 0x7d;

/**
 * The text of a member of the record's top level, such as `Id` or `CreationTime`; undefined where it is missing or no string,
 * or the record no object. As in `JSON.parse` the last member of a name counts, escapes are resolved, and what is no UTF-8
 * becomes U+FFFD. One pass over the bytes. What is not valid JSON gives undefined or some text, never an error. The name is
 * ASCII without quotes and backslashes, as all of Microsoft's are.
 */
export function topLevelText(record: Uint8Array, name: string): string | undefined {
  const nameBytes = new TextEncoder().encode(name);
  let text: string | undefined;
  let depth = 0;
  let at = skipWhitespace(record, 0);
  if (record[at] !== openBrace) return undefined;
  while (at < record.length) {
    const byte = record[at];
    if (byte === quote) {
      const end = endOfString(record, at);
      if (depth === 1) {
        const next = skipWhitespace(record, end);
        // Of the strings on the top level only keys are followed by a colon.
        const isWanted = record[next] === colon && isName(record.subarray(at + 1, end - 1), nameBytes);
        if (isWanted) text = stringAt(record, skipWhitespace(record, next + 1));
      }
      at = end;
      continue;
    }
    if (byte === openBrace || byte === openBracket) depth++;
    else if (byte === closeBrace || byte === closeBracket) depth--;
    at++;
  }
  return text;
}

function isName(key: Uint8Array, name: Uint8Array): boolean {
  if (key.includes(backslash)) return unescaped(key) === decoder.decode(name);
  return key.length === name.length && key.every((byte, index) => byte === name[index]);
}

function stringAt(record: Uint8Array, at: number): string | undefined {
  if (record[at] !== quote) return undefined;
  const text = record.subarray(at + 1, endOfString(record, at) - 1);
  return text.includes(backslash) ? unescaped(text) : decoder.decode(text);
}

/** The position behind the closing quote of the string that starts at `start`. */
function endOfString(record: Uint8Array, start: number): number {
  let at = start + 1;
  while (at < record.length && record[at] !== quote) at += record[at] === backslash ? 2 : 1;
  return at + 1;
}

function skipWhitespace(record: Uint8Array, start: number): number {
  let at = start;
  for (;;) {
    const byte = record[at];
    if (byte !== 0x20 && byte !== 0x0a && byte !== 0x0d && byte !== 0x09) return at;
    at++;
  }
}

/** A byte order mark inside a record is text like any other. */
const decoder = new TextDecoder('utf-8', { ignoreBOM: true });

/** The text of what stands between two quotes; undefined when JSON has no such escape. */
function unescaped(text: Uint8Array): string | undefined {
  try {
    return JSON.parse(`"${decoder.decode(text)}"`) as string;
  } catch {
    return undefined;
  }
}
