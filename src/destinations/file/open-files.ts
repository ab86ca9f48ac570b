import { DayFile } from './day-file.ts';
import type { DayFilePaths } from './layout.ts';

/** Each costs two descriptors and the journal of its day in memory, some 100 bytes a blob. */
const maxOpenFiles = 64;

/** The day files that are kept open, the most recently used ones. */
export class OpenFiles {
  /** By path of the data, least recently used first. */
  readonly #files = new Map<string, DayFile>();
  /** Those that are known to be as they were left since the lock was taken. */
  readonly #current = new Set<string>();

  /** To be called whenever the lock was taken: others may have written in between. */
  expire(): void {
    this.#current.clear();
  }

  /** The day file, caught up with what others wrote. */
  async get(paths: DayFilePaths): Promise<DayFile> {
    const kept = this.#files.get(paths.data);
    const isUsable = kept !== undefined && (this.#current.has(paths.data) || (await kept.catchUp()));
    if (!isUsable) await this.drop(paths);
    const file = kept !== undefined && isUsable ? kept : await DayFile.open(paths);
    this.#files.delete(paths.data);
    this.#files.set(paths.data, file);
    this.#current.add(paths.data);
    return file;
  }

  /** Closes the file, so that its state is read from disk when it is used next. */
  async drop(paths: DayFilePaths): Promise<void> {
    await this.#close(paths.data);
  }

  /** Closes the least recently used files beyond the limit. */
  async trim(): Promise<void> {
    const surplus = [...this.#files.keys()].slice(0, Math.max(0, this.#files.size - maxOpenFiles));
    for (const path of surplus) await this.#close(path);
  }

  async close(): Promise<void> {
    for (const path of this.#files.keys()) await this.#close(path);
  }

  async #close(path: string): Promise<void> {
    const file = this.#files.get(path);
    this.#files.delete(path);
    this.#current.delete(path);
    await file?.close();
  }
}
