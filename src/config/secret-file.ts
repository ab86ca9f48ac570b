import { readFile } from 'node:fs/promises';
import { reasonOf } from './reason-of.ts';

/**
 * The secret in a file, without the one line end that editors and `echo` leave behind it. Read at each use, so that a
 * secret can be renewed without a restart. Throws an `Error` that names the file and the remedy when there is none in it.
 */
export async function readSecretFile(path: string): Promise<string> {
  const read = await tryReading(path);
  if (read.secret === undefined) throw new Error(`The secret file ${path} ${read.problem}`);
  return read.secret;
}

/** What keeps a secret file from being used, without its path, which may be a secret that was written into the wrong key. */
export async function problemOfSecretFile(path: string): Promise<string | undefined> {
  return (await tryReading(path)).problem;
}

type ReadSecret = { secret: string; problem?: undefined } | { secret?: undefined; problem: string };

async function tryReading(path: string): Promise<ReadSecret> {
  try {
    const secret = (await readFile(path, 'utf8')).replace(/\r?\n$/, '');
    return secret.trim() === '' ? { problem: 'is empty: write the secret into it' } : { secret };
  } catch (cause) {
    return { problem: `cannot be read: ${reasonOf(cause)}` };
  }
}
