import { z } from 'zod';
import { ManagementApiError } from '../errors.ts';
import { readText } from '../http/response-body.ts';
import type { SuccessfulAnswer } from './api-caller.ts';
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
  answer: SuccessfulAnswer,
  schema: Schema,
): Promise<z.infer<Schema>> {
  const { text, isWhole } = await readText(answer.body, maxJsonBytes);
  const value = isWhole ? parseJson(text) : undefined;
  const parsed = schema.safeParse(value);
  if (parsed.success) {
    answer.trustDate();
    return parsed.data;
  }
  const isExpectedKind = Array.isArray(value) && value.length > 0;
  if (!isExpectedKind) throw refusal(operation, answer, text);
  throw new ManagementApiError(
    'unexpectedResponse',
    `${operation}: the answer has an unexpected form at ${firstProblem(parsed.error)}; it is tried again. Please report this.`,
  );
}

/**
 * Makes sure that an answer whose body should be empty carries no error and no HTML page.
 *
 * @throws ManagementApiError of the code in it, else `unexpectedResponse`
 */
export async function readNothing(operation: string, answer: SuccessfulAnswer): Promise<void> {
  const { text } = await readText(answer.body, maxJsonBytes);
  const isHarmless = z.object({ error: z.undefined().optional() }).safeParse(parseJson(text)).success;
  if (text.trim() !== '' && !isHarmless) throw refusal(operation, answer, text);
}

function refusal(operation: string, { status, headers }: SuccessfulAnswer, text: string) {
  return readApiFailure(operation, { status, headers, text }).error;
}
