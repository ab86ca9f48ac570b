import { randomUUID } from 'node:crypto';
import { open, rm } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import type { DeliveryOutcome, Destination, RecordsOfBlob } from '../destination.ts';
import { concurrently } from '../concurrently.ts';
import type { FileOptions } from './config.ts';
import { toDestinationError } from './failures.ts';
import { syncFolder } from '../../files/folders.ts';
import { blobKey } from './journal.ts';
import { dayFilePaths } from './layout.ts';
import { takeLock } from './lock.ts';
import { RecordReader } from './record-reader.ts';
import { Writer } from './writer.ts';

/** Blobs of one `deliver` call that are read or written at once. */
const maxBlobsAhead = 8;

/**
 * What is read of a blob before it queues for the writer, so that a slow source holds nobody up. Only the rest of
 * larger blobs is read while the writer waits. Equal to what the source has complete in memory.
 */
const readAheadBytes = 4 * 1024 * 1024;

/**
 * Files of newline-delimited JSON, `<path>/<tenantId>/<contentType>/<yyyy-mm-dd>.ndjson`. Exact for all processes of
 * one host: a blob that was acknowledged stands in its file once, whichever process was killed at whatever moment.
 */
export function createFileDestination(name: string, options: FileOptions): Destination {
  const folder = resolve(options.path);
  const writer = new Writer(folder);

  async function store(blob: RecordsOfBlob, signal: AbortSignal): Promise<DeliveryOutcome> {
    const { contentId } = blob;
    const reader = new RecordReader(blob.records);
    try {
      const first = await prepare(blob, reader, signal);
      if ('error' in first) return { contentId, status: 'failed', error: first.error };
      return await writer.write({ contentId, key: blobKey(contentId), reader, ...first }, signal);
    } finally {
      reader.stop();
    }
  }

  /** Finds the blob's file and reads its first lines; an error of the blob itself is returned. */
  async function prepare(blob: RecordsOfBlob, reader: RecordReader, signal: AbortSignal) {
    try {
      return { paths: dayFilePaths(folder, blob), lines: await reader.read(readAheadBytes, signal) };
    } catch (error) {
      signal.throwIfAborted();
      return { error };
    }
  }

  return {
    name,
    deliver: (blobs, signal) => concurrently(blobs, { limit: maxBlobsAhead, signal }, store),
    check: (signal) => check(folder, signal),
    close: () => writer.close(),
  };
}

/** Creates the folder if it is missing and proves that it can be locked and written to. */
async function check(folder: string, signal: AbortSignal): Promise<void> {
  try {
    const lock = await takeLock(folder, signal);
    try {
      await tryToWrite(folder);
    } finally {
      await lock.release();
    }
  } catch (error) {
    signal.throwIfAborted();
    throw toDestinationError(error, folder);
  }
}

async function tryToWrite(folder: string): Promise<void> {
  const path = join(folder, `.check-${randomUUID()}`);
  try {
    const handle = await open(path, 'wx');
    try {
      await handle.writeFile('office365-ingest\n');
      await handle.sync();
    } finally {
      await handle.close();
    }
    await syncFolder(folder);
  } finally {
    await rm(path, { force: true });
  }
}
