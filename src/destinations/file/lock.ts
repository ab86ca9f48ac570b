import { spawn } from 'node:child_process';
import { constants } from 'node:fs';
import { open, stat, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { DestinationError } from '../../errors.ts';
import { createFolder } from '../../files/folders.ts';
import { isSystemError } from '../../files/write-failure.ts';

/**
 * The right to write below a folder. It is a flock(2) on `<folder>/.lock` and belongs to the open file, so that the
 * kernel takes it back when the process dies, however it dies.
 */
interface HeldLock {
  readonly release: () => Promise<void>;
}

/** Holders give the lock back after half a second, unless a blob of many MiB comes in slowly. */
const maxWaitSeconds = 30;

/** Exit status by which flock(1) is asked to say that another process holds the lock: EX_TEMPFAIL of sysexits.h. */
const heldByOther = 75;

/** From fcntl.h of macOS; Node does not name it. */
const O_EXLOCK = 0x20;
const pollMs = 10;

/**
 * Creates the folder if it is missing and waits until no other process writes below it. Throws `DestinationError`
 * when that takes too long or the lock cannot work here, errors of the operating system, and `signal.reason`.
 */
export async function takeLock(folder: string, signal: AbortSignal): Promise<HeldLock> {
  await createFolder(folder);
  const path = join(folder, '.lock');
  for (;;) {
    signal.throwIfAborted();
    const handle =
      process.platform === 'darwin' ? await openLocked(path, signal) : await openAndLock(path, signal);
    if (await isAt(handle, path)) return { release: () => handle.close() };
    // Somebody removed the file: the others now lock a new one.
    await handle.close();
  }
}

/** Node has no flock(2). The lock that a child takes on an inherited descriptor is that of our open file, and stays. */
async function openAndLock(path: string, signal: AbortSignal): Promise<FileHandle> {
  const handle = await open(path, constants.O_RDWR | constants.O_CREAT);
  try {
    await runFlock(handle, path, signal);
    return handle;
  } catch (error) {
    await handle.close();
    signal.throwIfAborted();
    throw error;
  }
}

async function runFlock(handle: FileHandle, path: string, signal: AbortSignal): Promise<void> {
  const child = spawn('flock', ['-w', String(maxWaitSeconds), '-E', String(heldByOther), '3'], {
    stdio: ['ignore', 'ignore', 'pipe', handle.fd],
    // Ctrl-C in a terminal is for this process, which still finishes what it began.
    detached: true,
    signal,
  });
  let complaint = '';
  // There is no stream when the process could not be started for want of descriptors.
  child.stderr?.setEncoding('utf8').on('data', (chunk: string) => (complaint += chunk));
  const status = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  }).catch((error: unknown) => {
    throw isSystemError(error) && error.code === 'ENOENT' ? missingFlock(error) : error;
  });
  if (status === heldByOther) throw busy(path);
  if (status !== 0) {
    throw new DestinationError('unavailable', `Cannot lock ${path}: flock said "${complaint.trim()}"`);
  }
}

/** On macOS open(2) takes the lock itself. It cannot wait with a bound, so it is asked again and again. */
async function openLocked(path: string, signal: AbortSignal): Promise<FileHandle> {
  const { O_RDWR, O_CREAT, O_NONBLOCK } = constants;
  const deadline = performance.now() + maxWaitSeconds * 1000;
  // Who gave the lock back a moment ago asks later than those who wait, so that it goes from hand to hand.
  let pauseMs = 2 * pollMs;
  while (performance.now() < deadline) {
    await delay(pauseMs);
    pauseMs = pollMs;
    signal.throwIfAborted();
    try {
      return await open(path, O_RDWR | O_CREAT | O_NONBLOCK | O_EXLOCK);
    } catch (error) {
      if (!isSystemError(error) || error.code !== 'EAGAIN') throw error;
    }
  }
  throw busy(path);
}

async function isAt(handle: FileHandle, path: string): Promise<boolean> {
  const own = await handle.stat();
  try {
    return (await stat(path)).ino === own.ino;
  } catch (error) {
    if (isSystemError(error) && error.code === 'ENOENT') return false;
    throw error;
  }
}

function busy(path: string): DestinationError {
  return new DestinationError(
    'unavailable',
    `Another writer has held the lock ${path} for ${maxWaitSeconds} s; if that goes on, find its process with fuser(1)`,
  );
}

function missingFlock(cause: unknown): DestinationError {
  return new DestinationError(
    'misconfigured',
    'The command flock is missing, which keeps two processes from writing the same files; install util-linux',
    { cause },
  );
}
