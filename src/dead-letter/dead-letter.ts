import { createHash, randomUUID } from 'node:crypto';
import { open, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { BlobOrigin } from '../domain/content-blob.ts';
import { createFolder, syncFolder } from '../files/folders.ts';
import { pathComponent } from '../files/path-component.ts';
import { DestinationError } from '../errors.ts';
import { writeFailure } from '../files/write-failure.ts';

/** `tooLarge`: above `max_record_size` or a destination's limit; `rejected`: a destination refuses it for good. */
export type DeadLetterReason = 'tooLarge' | 'rejected';

/** Where a record comes from and why nobody takes it. */
export interface DeadLetterRecord {
  readonly origin: BlobOrigin;
  /**
   * Position from 0: in the blob, or, with a `destination`, among the records of the blob that the destination was handed
   * (which are without those above `max_record_size`).
   */
  readonly index: number;
  readonly reason: DeadLetterReason;
  /** For people: a limit, a status, a code. Never a value of the record. */
  readonly detail: string;
  /** Key of the destination that refused it; absent when no destination was asked. */
  readonly destination?: string;
}

export interface DeadLetter {
  /**
   * Puts one record away, exact and for good: resolves when it survives a loss of power. A repeat replaces the file by
   * the same bytes. Throws `DestinationError` `unavailable` when it cannot be written, and what `bytes` throws; then
   * there is nothing of the record.
   */
  write(record: DeadLetterRecord, bytes: AsyncIterable<Uint8Array> | Uint8Array): Promise<void>;
}

/**
 * Files `<folder>/<tenantId>/<contentType>/<yyyy-mm-dd>/<hash of contentId>-<index>.json`, the day being that of `contentCreated`
 * in UTC, and beside each a `….reason.json` that says where it comes from. With a destination, both names end in `-<destination>`.
 */
export function createDeadLetter(options: {
  /** `dead_letter_path` of a tenant. */
  readonly folderOf: (tenantId: string) => string;
  /** Told of each record that is safe. */
  readonly onWritten: (record: DeadLetterRecord) => void;
}): DeadLetter {
  return {
    write: async (record, bytes) => {
      const root = options.folderOf(record.origin.tenantId);
      const folder = join(root, ...foldersOf(record.origin));
      let bytesError: unknown;
      async function* read(): AsyncGenerator<Uint8Array, void, undefined> {
        try {
          yield* bytes instanceof Uint8Array ? [bytes] : bytes;
        } catch (error) {
          bytesError = error;
          throw error;
        }
      }
      try {
        await createFolder(folder);
        await writeRecord(join(folder, stemOf(record)), record, read());
        await syncFolder(folder);
      } catch (error) {
        throw error === bytesError ? error : toDeadLetterError(error, root);
      }
      options.onWritten(record);
    },
  };
}

/** The reason gets its name first, so that no record lies there without one. */
async function writeRecord(
  path: string,
  record: DeadLetterRecord,
  bytes: AsyncIterable<Uint8Array>,
): Promise<void> {
  const suffix = `.${randomUUID()}.tmp`;
  const temporary = { record: `${path}.json${suffix}`, reason: `${path}.reason.json${suffix}` };
  try {
    const length = await writeDurably(temporary.record, bytes);
    await writeDurably(temporary.reason, [reasonText(record, length)]);
    await rename(temporary.reason, `${path}.reason.json`);
    await rename(temporary.record, `${path}.json`);
  } finally {
    await rm(temporary.record, { force: true });
    await rm(temporary.reason, { force: true });
  }
}

/** Returns how many bytes it wrote. */
async function writeDurably(
  path: string,
  bytes: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
): Promise<number> {
  const handle = await open(path, 'wx');
  try {
    let length = 0;
    for await (const part of bytes) {
      await handle.writeFile(part);
      length += part.length;
    }
    await handle.sync();
    return length;
  } finally {
    await handle.close();
  }
}

function reasonText({ origin, index, reason, detail, destination }: DeadLetterRecord, bytes: number): Buffer {
  const { tenantId, contentType, contentId, contentCreated } = origin;
  const text = {
    tenantId,
    contentType,
    contentId,
    contentCreated,
    index,
    bytes,
    destination,
    reason,
    detail,
  };
  return Buffer.from(`${JSON.stringify(text, undefined, 2)}\n`);
}

function foldersOf({ tenantId, contentType, contentCreated }: BlobOrigin): string[] {
  const created = new Date(contentCreated);
  const day = Number.isNaN(created.getTime()) ? 'unknown-day' : created.toISOString().slice(0, 10);
  return [pathComponent(tenantId), pathComponent(contentType), day];
}

function stemOf({ origin, index, destination }: DeadLetterRecord): string {
  const hash = createHash('sha256').update(origin.contentId).digest('hex').slice(0, 32);
  return destination === undefined ? `${hash}-${index}` : `${hash}-${index}-${pathComponent(destination)}`;
}

/** An error of the operating system with the remedy; any other as it is. */
function toDeadLetterError(error: unknown, root: string): unknown {
  const failure = writeFailure(error, root);
  if (failure === undefined) return error;
  const message = `A record cannot be put into the dead letter. ${failure.message}`;
  return new DestinationError('unavailable', message, { cause: error });
}
