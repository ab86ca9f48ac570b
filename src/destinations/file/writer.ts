import type { DeliveryOutcome } from '../destination.ts';
import { DestinationError } from '../../errors.ts';
import { abortable } from '../abortable.ts';
import type { DayFile } from './day-file.ts';
import { toDestinationError } from './failures.ts';
import type { DayFilePaths } from './layout.ts';
import { takeLock } from './lock.ts';
import { OpenFiles } from './open-files.ts';
import type { RecordReader } from './record-reader.ts';

/** A blob that is ready to be written. */
interface BlobToWrite {
  readonly contentId: string;
  /** The blob's key in the journal. */
  readonly key: string;
  readonly paths: DayFilePaths;
  /** The first lines; of all but large blobs, all lines. */
  readonly lines: Buffer;
  /** Where the lines came from, and the rest of them if it is not at its end. */
  readonly reader: RecordReader;
}

interface Job extends BlobToWrite {
  readonly signal: AbortSignal;
  readonly resolve: (outcome: DeliveryOutcome) => void;
  readonly reject: (error: unknown) => void;
  readonly withdraw: () => void;
}

/** How long the lock is kept while there is work, before other processes get their turn. */
const turnMs = 500;
/** How long the lock is kept for the next blob to come: taking it again costs some 3 ms. */
const idleMs = 20;
/** Lines of a large blob that are in memory at once. */
const chunkBytes = 1024 * 1024;

/**
 * Writes blobs below one folder, one commit at a time. Whatever was queued while a commit was syncing shares the
 * next one and its syncs.
 */
export class Writer {
  readonly #folder: string;
  readonly #files = new OpenFiles();
  readonly #queue = new Set<Job>();
  readonly #closing = new AbortController();
  #running: Promise<void> | undefined;
  #onArrival: () => void = () => undefined;

  constructor(folder: string) {
    this.#folder = folder;
  }

  /**
   * Resolves when the blob is on disk for good. Throws `DestinationError`, and `signal.reason` when `signal` aborts
   * before the blob's turn came.
   */
  write(blob: BlobToWrite, signal: AbortSignal): Promise<DeliveryOutcome> {
    return new Promise((resolve, reject) => {
      if (signal.aborted) return reject(signal.reason);
      const withdraw = (): void => {
        this.#queue.delete(job);
        reject(signal.reason);
      };
      const job: Job = { ...blob, signal, resolve, reject, withdraw };
      signal.addEventListener('abort', withdraw, { once: true });
      this.#queue.add(job);
      this.#onArrival();
      this.#running ??= this.#run();
    });
  }

  /** Finishes the commit under way, refuses what is queued, and gives everything back. */
  async close(): Promise<void> {
    this.#closing.abort(new DestinationError('unavailable', `The destination at ${this.#folder} is closed`));
    this.#rejectQueued(this.#closing.signal.reason);
    this.#onArrival();
    await this.#running;
    await this.#files.close();
  }

  /** Takes the lock and writes, turn by turn, until nothing is queued. */
  async #run(): Promise<void> {
    while (this.#queue.size > 0) {
      try {
        const lock = await takeLock(this.#folder, this.#closing.signal);
        try {
          await this.#takeTurn();
        } finally {
          await lock.release();
        }
      } catch (error) {
        this.#rejectQueued(toDestinationError(error, this.#folder));
      }
    }
    this.#running = undefined;
  }

  async #takeTurn(): Promise<void> {
    this.#files.expire();
    const end = performance.now() + turnMs;
    while (performance.now() < end && (await this.#hasWork())) {
      await this.#commit(this.#takeJobs());
      await this.#files.trim();
    }
  }

  /** Whether something is queued, now or within a moment. */
  async #hasWork(): Promise<boolean> {
    if (this.#queue.size === 0 && !this.#closing.signal.aborted) {
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, idleMs);
        this.#onArrival = () => {
          clearTimeout(timer);
          resolve();
        };
      });
      this.#onArrival = () => undefined;
    }
    return this.#queue.size > 0;
  }

  /** All that is queued up to the first large blob; a large blob alone, so that nobody waits for its end in vain. */
  #takeJobs(): readonly Job[] {
    const jobs: Job[] = [];
    for (const job of this.#queue) {
      if (!job.reader.isAtEnd && jobs.length > 0) break;
      this.#forget(job);
      jobs.push(job);
      if (!job.reader.isAtEnd) break;
    }
    return jobs;
  }

  async #commit(jobs: readonly Job[]): Promise<void> {
    const byFile = new Map<string, Job[]>();
    for (const job of jobs) {
      const sameFile = byFile.get(job.paths.data);
      if (sameFile === undefined) byFile.set(job.paths.data, [job]);
      else sameFile.push(job);
    }
    // Each settles its own jobs; the lock must be held until the last one is through.
    await Promise.allSettled([...byFile.values()].map((jobsOfFile) => this.#commitToFile(jobsOfFile)));
  }

  /** Jobs of one file. What hinders them does not hinder those of other files. */
  async #commitToFile(jobs: readonly Job[]): Promise<void> {
    const paths = jobs[0]!.paths;
    let file: DayFile | undefined;
    try {
      file = await this.#files.get(paths);
      const outcomes: DeliveryOutcome[] = [];
      for (const job of jobs) outcomes.push(await this.#append(file, job));
      await file.commit();
      outcomes.forEach((outcome, index) => jobs[index]!.resolve(outcome));
    } catch (error) {
      for (const job of jobs) job.reject(toDestinationError(error, this.#folder));
      // Frees the space at once where that is possible; if not, whoever opens the file next cuts it.
      await file?.rollback().catch(() => undefined);
      await this.#files.drop(paths);
    }
  }

  async #append(file: DayFile, job: Job): Promise<DeliveryOutcome> {
    const { contentId, key, lines, reader } = job;
    const stored = file.recordsOf(key);
    if (stored !== undefined) {
      return { contentId, status: 'delivered', records: stored, bytes: 0, isRepeat: true };
    }
    file.append(lines);
    const failure = await this.#appendRest(file, job);
    if (failure !== undefined) return { contentId, status: 'failed', error: failure.error };
    file.finishBlob(key, reader.records);
    return { contentId, status: 'delivered', records: reader.records, bytes: reader.bytes, isRepeat: false };
  }

  /** Writes the rest of a large blob as it comes. When its records throw, the file is cut back and the error returned. */
  async #appendRest(
    file: DayFile,
    { reader, signal }: Job,
  ): Promise<{ readonly error: unknown } | undefined> {
    while (!reader.isAtEnd) {
      await file.flush();
      try {
        file.append(await abortable(reader.read(chunkBytes, signal), this.#closing.signal));
      } catch (error) {
        await file.rollback();
        signal.throwIfAborted();
        this.#closing.signal.throwIfAborted();
        return { error };
      }
    }
    return undefined;
  }

  #rejectQueued(error: unknown): void {
    for (const job of this.#queue) {
      this.#forget(job);
      job.reject(error);
    }
  }

  #forget(job: Job): void {
    this.#queue.delete(job);
    job.signal.removeEventListener('abort', job.withdraw);
  }
}
