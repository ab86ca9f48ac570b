import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import type { z } from 'zod';
import { readSecretFile } from '../../src/config/secret-file.ts';
import { createDeadLetter } from '../../src/dead-letter/dead-letter.ts';
import type { Destination } from '../../src/destinations/destination.ts';
import { httpOptions } from '../../src/destinations/http/config.ts';
import { createHttpDestination } from '../../src/destinations/http/index.ts';
import { DestinationError } from '../../src/errors.ts';
import { aBlob, type BlobOfTest } from '../contract/blobs.ts';
import type { NetworkOptions } from '../../src/http/dispatcher.ts';
import { startSiem, type Siem, type SiemOptions, type SiemRequest } from '../fakes/siem.ts';

/** A destination and the SIEM that it sends to; all of it ends with the test. */
export interface Stand {
  readonly siem: Siem;
  readonly destination: Destination;
  /** Requests in the order in which they came, whatever the answer. */
  readonly requests: readonly SiemRequest[];
  /** What lies in the dead letter: its reasons, each with the text of its record. */
  deadLetters(): Promise<readonly { readonly index: number; readonly text: string }[]>;
}

export async function aStand(
  options: Partial<z.input<typeof httpOptions>> = {},
  siemOptions: SiemOptions = {},
): Promise<Stand> {
  const requests: SiemRequest[] = [];
  const siem = await startSiem({
    ...siemOptions,
    onRequest: (request) => {
      requests.push(request);
      return siemOptions.onRequest?.(request);
    },
  });
  onTestFinished(() => siem.close());
  const folder = await mkdtemp(join(tmpdir(), 'http-destination-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  const destination = aDestination({ url: siem.url, ...options }, { deadLetterFolder: folder });
  return { siem, destination, requests, deadLetters: () => readDeadLetters(folder) };
}

/** A destination with the defaults of the configuration, and hardly any wait for more records. */
export function aDestination(
  options: z.input<typeof httpOptions>,
  {
    deadLetterFolder = '/nowhere',
    network = {},
  }: { deadLetterFolder?: string; network?: NetworkOptions } = {},
): Destination {
  const destination = createHttpDestination('siem', httpOptions.parse({ max_batch_age: '5ms', ...options }), {
    deadLetter: createDeadLetter({ folderOf: () => deadLetterFolder, onWritten: () => undefined }),
    network,
    readSecretFile,
  });
  onTestFinished(() => destination.close());
  return destination;
}

/** A blob of records of 1,000 bytes. */
export function aLargeBlob(contentId: string, records: number): BlobOfTest {
  return aBlob(contentId, {
    records: Array.from({ length: records }, (_, index) =>
      Buffer.from(`{"Id":"${contentId}/${index}","Text":"`.padEnd(998, 'x').concat('"}')),
    ),
  });
}

/** The DestinationError that a promise is rejected with. */
export async function destinationErrorOf(promise: Promise<unknown>): Promise<DestinationError> {
  const error = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (error instanceof DestinationError) return error;
  throw new Error('a DestinationError was to be thrown', { cause: error });
}

async function readDeadLetters(folder: string) {
  const files = (await readdir(folder, { recursive: true })).filter((name) => name.endsWith('.reason.json'));
  return Promise.all(
    files.toSorted().map(async (name) => ({
      ...(JSON.parse(await readFile(join(folder, name), 'utf8')) as { index: number }),
      text: await readFile(join(folder, name.replace('.reason.json', '.json')), 'utf8'),
    })),
  );
}
