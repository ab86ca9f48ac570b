import { createReadStream } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import path from 'node:path';
import { pipeline } from 'node:stream';
import type { Duplex, Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';

/** A file in which some collector has put records, one per line. */
export interface DeliveredFile {
  readonly path: string;
  /** Whose records these are; `undefined` where the place of the file does not say so. */
  readonly subscription: { readonly tenantId: string; readonly contentType: string } | undefined;
}

const guidForm = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;
const linesForm = /\.(ndjson|jsonl)(\.gz)?$/;

/**
 * Files as they are named, and all line files below folders, at any depth; a folder that is not there holds none. What lies below
 * `<tenantId>/<contentType>/` of a folder is of that subscription.
 */
export async function deliveredFilesAt(paths: readonly string[]): Promise<DeliveredFile[]> {
  const files = await Promise.all(
    paths.map(async (each) => ((await isFolder(each)) ? deliveredFilesIn(each) : one(each))),
  );
  return files.flat();
}

function one(file: string): DeliveredFile[] {
  return [{ path: file, subscription: undefined }];
}

/** All `.ndjson` and `.jsonl` files below a folder, and `.gz` of them. */
export async function deliveredFilesIn(folder: string): Promise<DeliveredFile[]> {
  const entries = await readdir(folder, { recursive: true }).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return [];
    throw error;
  });
  return entries
    .filter((entry) => linesForm.test(entry))
    .toSorted()
    .map((entry) => {
      const [tenantId = '', contentType = '', ...rest] = entry.split(path.sep);
      const isInPlace = guidForm.test(tenantId) && rest.length > 0;
      return {
        path: path.join(folder, entry),
        subscription: isInPlace ? { tenantId, contentType } : undefined,
      };
    });
}

async function isFolder(name: string): Promise<boolean> {
  const found = await stat(name).catch(() => undefined);
  return found === undefined ? path.extname(name) === '' : found.isDirectory();
}

/** The lines of a file as bytes, split on `\n` alone; a last line without one counts. Memory: the longest line. */
export async function* linesOf(file: string): AsyncGenerator<Buffer> {
  const bytes = createReadStream(file);
  const source = file.endsWith('.gz') ? through(bytes, createGunzip()) : bytes;
  let unfinished: Buffer[] = [];
  for await (const chunk of source as AsyncIterable<Buffer>) {
    let start = 0;
    for (let end = chunk.indexOf(0x0a); end !== -1; end = chunk.indexOf(0x0a, start)) {
      yield Buffer.concat([...unfinished, chunk.subarray(start, end)]);
      unfinished = [];
      start = end + 1;
    }
    if (start < chunk.length) unfinished.push(chunk.subarray(start));
  }
  if (unfinished.length > 0) yield Buffer.concat(unfinished);
}

/** The errors of both end up in the iteration over the second. */
function through(source: Readable, transform: Duplex): Duplex {
  return pipeline(source, transform, () => undefined);
}
