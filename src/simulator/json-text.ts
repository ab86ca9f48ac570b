/**
 * JSON as bytes: the two things the simulator must do to an event without parsing and serialising it, since that would lose
 * what the edge cases are about (large integers, `1.0`, repeated keys, escapes). The input must be valid JSON.
 */

const quote = 0x22;
const backslash = 0x5c;
const comma = 0x2c;
const colon = 0x3a;

/** A string value of the outermost object: where its content (without the quotes) starts and ends. */
export interface TopLevelString {
  readonly key: string;
  readonly start: number;
  readonly end: number;
}

/** All string values of the outermost object, repeated keys included, in order. */
export function topLevelStrings(json: Buffer): TopLevelString[] {
  const found: TopLevelString[] = [];
  let depth = 0;
  let key: string | undefined;
  for (let position = 0; position < json.length; position++) {
    const byte = json[position];
    if (byte === quote) {
      const end = endOfString(json, position);
      if (depth === 1) {
        if (key === undefined) key = json.toString('utf8', position + 1, end);
        else found.push({ key, start: position + 1, end });
      }
      position = end;
    } else if (opens(byte)) depth++;
    else if (closes(byte)) depth--;
    else if (byte === comma && depth === 1) key = undefined;
  }
  return found;
}

/** The same tokens, each member and element on a line of its own, lines ended by `lineEnd`. */
export function indented(json: Buffer, lineEnd: string): Buffer {
  const parts: Buffer[] = [];
  let depth = 0;
  let copied = 0;
  const breakAt = (from: number, until: number, suffix: string) => {
    parts.push(json.subarray(copied, from), json.subarray(from, until), Buffer.from(suffix));
    copied = until;
  };
  const newLine = () => lineEnd + '  '.repeat(depth);
  for (let position = 0; position < json.length; position++) {
    const byte = json[position];
    if (byte === quote) position = endOfString(json, position);
    else if (opens(byte)) {
      if (closes(json[position + 1])) position++;
      else {
        depth++;
        breakAt(position, position + 1, newLine());
      }
    } else if (closes(byte)) {
      depth--;
      breakAt(position, position, newLine());
    } else if (byte === comma) breakAt(position, position + 1, newLine());
    else if (byte === colon) breakAt(position, position + 1, ' ');
  }
  return Buffer.concat([...parts, json.subarray(copied)]);
}

/** Position of the quote that ends the string which starts at `start`. */
function endOfString(json: Buffer, start: number): number {
  let position = start + 1;
  while (position < json.length && json[position] !== quote) position += json[position] === backslash ? 2 : 1;
  return position;
}

function opens(byte: number | undefined): boolean {
  return byte === 0x7b || byte === 0x5b;
}

function closes(byte: number | undefined): boolean {
  return byte === 0x7d || byte === 0x5d;
}
