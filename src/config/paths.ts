import { resolve } from 'node:path';
import type { z } from 'zod';
import type { Issue } from './issues.ts';
import { mapStrings } from './schema-walk.ts';
import { problemOfSecretFile } from './secret-file.ts';

/** Lets every path of a value start at the folder, whichever part of the schema it belongs to. */
export function absolutePaths(schema: z.ZodType, value: unknown, folder: string): unknown {
  return mapStrings(schema, value, (text, { isPath, isSecretFile }) =>
    (isPath === true || isSecretFile === true) && text !== '' ? resolve(folder, text) : text,
  );
}

/** The secret files of a value, with absolute paths, that are not there or hold nothing. */
export async function secretFileIssues(schema: z.ZodType, value: unknown): Promise<Issue[]> {
  const checks: Promise<Issue[]>[] = [];
  mapStrings(schema, value, (text, { isSecretFile }, path) => {
    if (isSecretFile === true && text !== '') {
      checks.push(
        problemOfSecretFile(text).then((problem) =>
          problem === undefined ? [] : [{ path, problem: `names a file that ${problem}` }],
        ),
      );
    }
    return text;
  });
  return (await Promise.all(checks)).flat();
}
