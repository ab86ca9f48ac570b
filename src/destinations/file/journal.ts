import { createHash } from 'node:crypto';

/**
 * The journal of a day file: one line for each blob that stands in it for good, `<key> <end> <records>`, where `end` is
 * the length of the data file behind the blob. The last line's end is where the data that counts ends.
 */
interface JournalContent {
  /** Records of each blob, by key. */
  readonly blobs: ReadonlyMap<string, number>;
  /** Where the data that counts ends; undefined when there is no valid line. */
  readonly end: number | undefined;
  /** Bytes up to the end of the last valid line; what follows is torn. */
  readonly length: number;
}

/** Stands for no blob: its line says where to go on when the data file was found without journal, or cut by others. */
const startKey = '-';

const linePattern = /^([A-Za-z0-9_-]{22}|-) (\d{1,15}) (\d{1,15})\n/gm;

/** 128 bits of SHA-256, base64url: the chance that two of a million blobs of one day share a key is below 1e-26. */
export function blobKey(contentId: string): string {
  return createHash('sha256').update(contentId).digest().subarray(0, 16).toString('base64url');
}

export function blobLine(key: string, end: number, records: number): string {
  return `${key} ${end} ${records}\n`;
}

export function startLine(end: number): string {
  return blobLine(startKey, end, 0);
}

/** Reads a journal, or its tail from the start of a line. A line that others damaged is passed over. */
export function parseJournal(bytes: Buffer): JournalContent {
  const blobs = new Map<string, number>();
  let end: number | undefined;
  let length = 0;
  for (const match of bytes.toString('latin1').matchAll(linePattern)) {
    const [line, key = '', lineEnd, records] = match;
    if (key !== startKey) blobs.set(key, Number(records));
    end = Number(lineEnd);
    length = match.index + line.length;
  }
  return { blobs, end, length };
}
