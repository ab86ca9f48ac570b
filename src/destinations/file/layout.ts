import { join } from 'node:path';
import type { BlobOrigin } from '../../domain/content-blob.ts';
import { pathComponent } from '../../files/path-component.ts';

/** Where the records of a tenant, content type and UTC day lie. */
export interface DayFilePaths {
  /** The folders from the destination's own down to the one that holds the day, in this order. */
  readonly folders: readonly string[];
  readonly data: string;
  /** A dotfile, so that no reader that globs for `*.ndjson` takes it up. */
  readonly journal: string;
}

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
