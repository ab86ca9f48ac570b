import { createHash } from 'node:crypto';

/** Most file systems allow names of 255 bytes; encoded names consist of ASCII only. */
const maxNameLength = 200;

/**
 * Any string as the name of one folder. Different strings get different names, none of them is hidden, climbs up,
 * or looks like a file of records to a reader that globs for `*.ndjson` or `*.ndjson.gz`.
 */
export function pathComponent(text: string): string {
  const encoded = text
    .replace(/[^A-Za-z0-9._-]/gu, (character) => Array.from(Buffer.from(character), percentEncode).join(''))
    .replace(/^\.|\.(?=ndjson(\.gz)?$)/gi, '%2E');
  if (encoded.length > maxNameLength) {
    return `${encoded.slice(0, maxNameLength - 50)}~${createHash('sha256').update(text).digest('base64url')}`;
  }
  return encoded || '%';
}

function percentEncode(byte: number): string {
  return `%${byte.toString(16).toUpperCase().padStart(2, '0')}`;
}
