/**
 * A process that writes to a file destination until it is killed: `file-writer-process.ts <path> <task> <numbers...>`.
 * `deliver` delivers the numbered blobs in the order given and prints the contentId of each as it is acknowledged;
 * `endless` does so with ever new blobs; `lock` takes the lock, says so, and keeps it.
 */
import { createFileDestination } from '../../src/destinations/file/index.ts';
import { takeLock } from '../../src/destinations/file/lock.ts';
import { aBlob, handOver, numberedBlob, outcomesOf } from '../contract/blobs.ts';

const [path = '', task, ...numbers] = process.argv.slice(2);
const signal = new AbortController().signal;

if (task === 'lock') {
  await takeLock(path, signal);
  process.stdout.write('locked\n');
  setInterval(() => undefined, 60_000);
} else {
  const destination = createFileDestination('archive', { path });
  const blobs = task === 'endless' ? endless() : numbers.map((number) => numberedBlob(Number(number)));
  await outcomesOf(destination, handOver(blobs), signal, ({ contentId }) =>
    process.stdout.write(`${contentId}\n`),
  );
  await destination.close();
}

function* endless() {
  for (let number = 0; ; number++) yield aBlob(`endless ${number}`);
}
