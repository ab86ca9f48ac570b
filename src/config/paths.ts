import { resolve } from 'node:path';
import type { z } from 'zod';
import { problemOfCertificateFile } from './certificate-file.ts';
import type { Issue } from './issues.ts';
import { mapStrings } from './schema-walk.ts';
import { problemOfSecretFile } from './secret-file.ts';

/** Lets every path of a value start at the folder, whichever part of the schema it belongs to. */
export function absolutePaths(schema: z.ZodType, value: unknown, folder: string): unknown {
  return mapStrings(schema, value, (text, { isPath, isSecretFile, isCertificateFile }) =>
    [isPath, isSecretFile, isCertificateFile].includes(true) && text !== '' ? resolve(folder, text) : text,
  );
}

/** The files of secrets and certificates of a value, with absolute paths, that are not there or cannot be used. */
export async function fileIssues(schema: z.ZodType, value: unknown): Promise<Issue[]> {
  const checks: Promise<Issue[]>[] = [];
  mapStrings(schema, value, (text, { isSecretFile, isCertificateFile }, path) => {
    if (text === '') return text;
    const check = async (problemOf: (file: string) => Promise<string | undefined>) => {
      const problem = await problemOf(text);
      return problem === undefined ? [] : [{ path, problem: `names a file that ${problem}` }];
    };
    if (isSecretFile === true) checks.push(check(problemOfSecretFile));
    if (isCertificateFile === true) checks.push(check(problemOfCertificateFile));
    return text;
  });
  return (await Promise.all(checks)).flat();
}
