import { constants } from 'node:fs';
import { mkdir, open, stat, type FileHandle } from 'node:fs/promises';
import { dirname } from 'node:path';
import { DestinationError } from '../../errors.ts';
import { isSystemError } from '../../files/write-failure.ts';
import { syncFolder } from '../../files/folders.ts';
import { blobLine, parseJournal, startLine } from './journal.ts';
import type { DayFilePaths } from './layout.ts';

const lineFeed = 0x0a;

/**
 * The records of a tenant, content type and day, and the journal of the blobs among them. To be used only while the
 * lock is held. A blob counts once its journal line is on disk, which is written only when its records are: what a
 * dying process leaves behind the end of the last journalled blob is cut off by whoever comes next.
 */
export class DayFile {
  readonly #paths: DayFilePaths;
  readonly #data: FileHandle;
  readonly #journal: FileHandle;
  /** Records of the journalled blobs, by key. */
  readonly #blobs = new Map<string, number>();
  #journalLength = 0;
  /** Where the journalled data ends. As long as no journal says so, data is taken as it is found. */
  #end = Infinity;
  /** Where the next lines go. */
  #nextOffset = 0;
  /** Lines that are not written yet; they end at `#nextOffset`. */
  #chunks: Buffer[] = [];
  /** Blobs whose lines are complete and whose journal lines are not written yet. */
  #staged: { readonly key: string; readonly records: number; readonly end: number }[] = [];

  private constructor(
    paths: DayFilePaths,
    handles: { readonly data: FileHandle; readonly journal: FileHandle },
  ) {
    this.#paths = paths;
    this.#data = handles.data;
    this.#journal = handles.journal;
  }

  /** Opens the file, creates it if it is missing, and catches up. */
  static async open(paths: DayFilePaths): Promise<DayFile> {
    await mkdir(dirname(paths.data), { recursive: true });
    const journal = await openForUpdate(paths.journal);
    const data = await openForUpdate(paths.data).catch(async (error: unknown) => {
      await journal.close();
      throw error;
    });
    const file = new DayFile(paths, { data, journal });
    try {
      // Always: a process that died may have created them and not come to sync their names.
      for (const folder of paths.folders) await syncFolder(folder);
      if (!(await file.catchUp())) {
        throw new DestinationError('unavailable', `${paths.data} was removed while it was being opened`);
      }
      return file;
    } catch (error) {
      await file.close();
      throw error;
    }
  }

  /**
   * Takes in what other processes wrote since this one held the lock, and cuts off what one of them did not finish.
   * False when the files were replaced or removed: they are to be opened anew.
   */
  async catchUp(): Promise<boolean> {
    const [data, journal] = await Promise.all([
      sizeAt(this.#paths.data, this.#data),
      sizeAt(this.#paths.journal, this.#journal),
    ]);
    if (data === undefined || journal === undefined || journal < this.#journalLength) return false;

    if (journal > this.#journalLength) await this.#readJournal(journal);
    if (data < this.#end) await this.#startAt(data);
    else if (data > this.#end) await this.#data.truncate(this.#end);
    this.#nextOffset = this.#end;
    return true;
  }

  /** Records of the blob when it stands in the file, or will with the next commit; otherwise undefined. */
  recordsOf(key: string): number | undefined {
    return this.#blobs.get(key) ?? this.#staged.find((blob) => blob.key === key)?.records;
  }

  /** Adds lines of the blob at hand. They stay in memory until `flush` or `commit`. */
  append(lines: Buffer): void {
    if (lines.length === 0) return;
    this.#chunks.push(lines);
    this.#nextOffset += lines.length;
  }

  /** Writes what was appended. */
  async flush(): Promise<void> {
    const chunks = this.#chunks;
    this.#chunks = [];
    const length = chunks.reduce((total, chunk) => total + chunk.length, 0);
    await writeAll(this.#data, chunks, this.#nextOffset - length);
  }

  /** All lines of the blob at hand are appended: the next commit is to make it count. */
  finishBlob(key: string, records: number): void {
    this.#staged.push({ key, records, end: this.#nextOffset });
  }

  /** Makes all finished blobs count: they are on disk when this returns. When it throws, `rollback` is due. */
  async commit(): Promise<void> {
    if (this.#staged.length === 0) return;
    await this.flush();
    await this.#data.datasync();
    await this.#appendToJournal(this.#staged.map(({ key, end, records }) => blobLine(key, end, records)));
    for (const { key, records } of this.#staged) this.#blobs.set(key, records);
    this.#staged = [];
    this.#end = this.#nextOffset;
  }

  /** Forgets and cuts off everything behind the last commit. */
  async rollback(): Promise<void> {
    this.#chunks = [];
    this.#staged = [];
    this.#nextOffset = this.#end;
    // Journal lines that could not be synced can be read all the same, and would be relied on.
    await this.#journal.truncate(this.#journalLength);
    await this.#data.truncate(this.#end);
  }

  async close(): Promise<void> {
    await Promise.all([this.#data.close(), this.#journal.close()]);
  }

  async #readJournal(size: number): Promise<void> {
    const tail = Buffer.alloc(size - this.#journalLength);
    const { bytesRead } = await this.#journal.read(tail, 0, tail.length, this.#journalLength);
    if (bytesRead < tail.length) {
      throw new DestinationError(
        'unavailable',
        `${this.#paths.journal} could be read only in part; look after the disk`,
      );
    }
    const { blobs, end, length } = parseJournal(tail);
    for (const [key, records] of blobs) this.#blobs.set(key, records);
    this.#end = end ?? this.#end;
    this.#journalLength += length;
    if (length < tail.length) await this.#journal.truncate(this.#journalLength);
    // Whoever wrote these lines may have died before they were on disk, and from here on they are relied on.
    await this.#journal.datasync();
  }

  /** Goes on at the end of data that was found: of a new file, one without journal, or one that others cut short. */
  async #startAt(size: number): Promise<void> {
    const isCutInsideLine = size > 0 && (await this.#byteAt(size - 1)) !== lineFeed;
    if (isCutInsideLine) await writeAll(this.#data, [Buffer.from('\n')], size);
    await this.#data.datasync();
    this.#end = isCutInsideLine ? size + 1 : size;
    await this.#appendToJournal([startLine(this.#end)]);
  }

  async #byteAt(offset: number): Promise<number | undefined> {
    const { buffer } = await this.#data.read(Buffer.alloc(1), 0, 1, offset);
    return buffer[0];
  }

  async #appendToJournal(lines: readonly string[]): Promise<void> {
    const bytes = Buffer.from(lines.join(''), 'latin1');
    await writeAll(this.#journal, [bytes], this.#journalLength);
    await this.#journal.datasync();
    this.#journalLength += bytes.length;
  }
}

function openForUpdate(path: string): Promise<FileHandle> {
  return open(path, constants.O_RDWR | constants.O_CREAT);
}

/** Size of the open file; undefined when it is no longer the one at that path. */
async function sizeAt(path: string, handle: FileHandle): Promise<number | undefined> {
  try {
    const [found, own] = await Promise.all([stat(path), handle.stat()]);
    return found.ino === own.ino && found.dev === own.dev ? found.size : undefined;
  } catch (error) {
    if (isSystemError(error) && error.code === 'ENOENT') return undefined;
    throw error;
  }
}

/** Writes all chunks from the offset on. The system may take only a part at once; what hinders the rest, the next try says. */
async function writeAll(handle: FileHandle, chunks: readonly Buffer[], offset: number): Promise<void> {
  if (chunks.length === 0) return;
  let { bytesWritten } = await handle.writev(chunks, offset);
  const length = chunks.reduce((total, chunk) => total + chunk.length, 0);
  if (bytesWritten === length) return;
  const all = Buffer.concat(chunks);
  while (bytesWritten < length) {
    bytesWritten += (await handle.write(all, bytesWritten, length - bytesWritten, offset + bytesWritten))
      .bytesWritten;
  }
}
