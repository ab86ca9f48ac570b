/**
 * Delivers to a small file system of its own that becomes full, read-only, and well again: `<mount point>`.
 * Prints what came of it as one line of JSON.
 */
import { execFileSync } from 'node:child_process';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createFileDestination } from '../../src/destinations/file/index.ts';
import { DestinationError } from '../../src/errors.ts';
import { handOver, numberedBlob, outcomesOf } from '../contract/blobs.ts';
import { linesBelow } from '../contract/file-system.ts';

const [mountPoint = ''] = process.argv.slice(2);
const path = join(mountPoint, 'events');
let destination = createFileDestination('archive', { path });

async function deliver(from: number, to: number) {
  const blobs = Array.from({ length: to - from }, (_, index) => numberedBlob(from + index));
  try {
    return await outcomesOf(destination, handOver(blobs));
  } catch (error) {
    return error instanceof DestinationError ? { kind: error.kind, message: error.message } : String(error);
  }
}

const before = await deliver(0, 20);
await writeFile(join(mountPoint, 'filler'), Buffer.alloc(1_500_000));
const whenFull = await deliver(0, 200);
const linesWhenFull = (await linesBelow(path)).map((line) => line.toString());
await rm(join(mountPoint, 'filler'));
const withSpace = await deliver(0, 200);
// A file system with files open for writing cannot become read-only.
await destination.close();
execFileSync('mount', ['-o', 'remount,ro', mountPoint]);
destination = createFileDestination('archive', { path });
const whenReadOnly = await deliver(200, 220);
const checkWhenReadOnly = await destination.check(new AbortController().signal).catch(String);
execFileSync('mount', ['-o', 'remount,rw', mountPoint]);
const whenWritable = await deliver(200, 220);
await destination.close();

const stored = (await linesBelow(path)).map((line) => line.toString()).toSorted();
const expected = Array.from({ length: 220 }, (_, number) => numberedBlob(number))
  .flatMap(({ records }) => records.map((record) => Buffer.from(record).toString()))
  .toSorted();
process.stdout.write(
  JSON.stringify({
    before,
    whenFull,
    hasTornLineWhenFull: linesWhenFull.some((line) => !line.endsWith('"}')),
    withSpace,
    whenReadOnly,
    checkWhenReadOnly,
    whenWritable,
    isExact: JSON.stringify(stored) === JSON.stringify(expected),
  }),
);
