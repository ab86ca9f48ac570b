import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

/** All lines of all `.ndjson` files below the folder, without their line ends; a torn last line counts as one. */
export async function linesBelow(folder: string): Promise<Buffer[]> {
  const names = await readdir(folder, { recursive: true }).catch(() => [] as string[]);
  const lines: Buffer[] = [];
  for (const name of names.filter((candidate) => candidate.endsWith('.ndjson'))) {
    lines.push(...splitLines(await readFile(join(folder, name))));
  }
  return lines;
}

function splitLines(content: Buffer): Buffer[] {
  const lines: Buffer[] = [];
  let start = 0;
  for (let end = content.indexOf('\n'); end !== -1; end = content.indexOf('\n', start)) {
    lines.push(content.subarray(start, end));
    start = end + 1;
  }
  if (start !== content.length) lines.push(content.subarray(start));
  return lines;
}
