import { createHash } from 'node:crypto';
import { join } from 'node:path';
import type { BlobOrigin } from '../destination.ts';

/** Where the records of a tenant, content type and UTC day lie. */
export interface DayFilePaths {
  /** The folders from the destination's own down to the one that holds the day, in this order. */
  readonly folders: readonly string[];
  readonly data: string;
  /** A dotfile, so that no reader that globs for `*.ndjson` takes it up. */
  readonly journal: string;
}

/** Most file systems allow names of 255 bytes; encoded names consist of ASCII only. */
const maxNameLength = 200;

/**
 * `<root>/<tenantId>/<contentType>/<yyyy-mm-dd>.ndjson`, the day being that of `contentCreated` in UTC.
 * Throws when `contentCreated` is not a time.
 */
export function dayFilePaths(root: string, blob: BlobOrigin): DayFilePaths {
  const created = new Date(blob.contentCreated);
  if (Number.isNaN(created.getTime())) {
    throw new Error('contentCreated of the blob is not an ISO 8601 time, so that no day file can be chosen');
  }
  const day = created.toISOString().slice(0, 10);
  const tenantFolder = join(root, pathComponent(blob.tenantId));
  const folder = join(tenantFolder, pathComponent(blob.contentType));
  return {
    folders: [root, tenantFolder, folder],
    data: join(folder, `${day}.ndjson`),
    journal: join(folder, `.${day}.journal`),
  };
}

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
