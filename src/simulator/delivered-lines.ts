import { createReadStream } from 'node:fs';
import { readdir } from 'node:fs/promises';
import path from 'node:path';
import { pipeline } from 'node:stream';
import type { Duplex, Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';

/** A file in which some collector has put records of one subscription, one per line. */
export interface DeliveredFile {
  readonly path: string;
  readonly tenantId: string;
  readonly contentType: string;
}

/** All `.ndjson` and `.ndjson.gz` files under `<folder>/<tenantId>/<contentType>/`, at any depth; none when there is no such folder. */
export async function deliveredFilesIn(folder: string): Promise<DeliveredFile[]> {
  const entries = await readdir(folder, { recursive: true }).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return [];
    throw error;
  });
  return entries
    .filter((entry) => entry.endsWith('.ndjson') || entry.endsWith('.ndjson.gz'))
    .toSorted()
    .map((entry) => {
      const [tenantId = '', contentType = ''] = entry.split(path.sep);
      return { path: path.join(folder, entry), tenantId, contentType };
    });
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
