import type { z } from 'zod';
import type { Dispatcher } from 'undici';
import { ManagementApiError } from '../errors.ts';
import { readText } from '../http/response-body.ts';
import { readApiFailure } from './errors.ts';
import { firstProblem, parseJson } from './schemas.ts';

/** Pages hold some hundred entries of half a kilobyte each; this is a guard, not a limit of the service. */
const maxJsonBytes = 32 * 1024 * 1024;

/**
 * The JSON of an answer that says it is a success. The service has been seen to send errors and HTML pages as such.
 *
 * @throws ManagementApiError of the code in it, else `unexpectedResponse`
 */
export async function readJson<Schema extends z.ZodType>(
  operation: string,
  answer: {
    readonly headers: Dispatcher.ResponseData['headers'];
    readonly body: AsyncIterable<Uint8Array>;
  },
  schema: Schema,
): Promise<z.infer<Schema>> {
  const { text, isWhole } = await readText(answer.body, maxJsonBytes);
  const value = isWhole ? parseJson(text) : undefined;
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const isExpectedKind = Array.isArray(value) && value.length > 0;
  if (!isExpectedKind) throw readApiFailure(operation, { status: 200, headers: answer.headers, text }).error;
  throw new ManagementApiError(
    'unexpectedResponse',
    `${operation}: the answer has an unexpected form at ${firstProblem(parsed.error)}; it is tried again. Please report this.`,
  );
}
