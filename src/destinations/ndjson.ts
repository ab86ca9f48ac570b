const lineFeed = 0x0a;
const carriageReturn = 0x0d;
const space = 0x20;

/**
 * The records as lines: the exact bytes of each and a line feed. Carriage returns and line feeds inside a record
 * become spaces; JSON allows them between tokens only, so that its meaning stays.
 */
export function encodeLines(records: readonly Uint8Array[]): Buffer {
  const lines = Buffer.allocUnsafe(records.reduce((total, record) => total + record.length + 1, 0));
  let offset = 0;
  for (const record of records) {
    lines.set(record, offset);
    offset += record.length + 1;
  }
  replaceAll(lines, lineFeed, space);
  replaceAll(lines, carriageReturn, space);
  let end = 0;
  for (const record of records) {
    end += record.length + 1;
    lines[end - 1] = lineFeed;
  }
  return lines;
}

function replaceAll(buffer: Buffer, wanted: number, replacement: number): void {
  for (let at = buffer.indexOf(wanted); at !== -1; at = buffer.indexOf(wanted, at + 1)) {
    buffer[at] = replacement;
  }
}
