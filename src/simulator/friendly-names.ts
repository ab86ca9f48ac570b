import { apiError, apiJson } from './answer.ts';
import type { Answer } from './answer.ts';
import type { Call } from './call.ts';

/** One type, and the empty object with which Microsoft's sample ends (management-activity-api.md 2.8). */
const sensitiveTypes = [{ id: '50842eb7-edc8-4019-85dd-5a5c1f2bb085', name: 'CreditCardNumber' }, {}];

/** `Accept-Language` takes one language; without it the names are American English, as they are here in any case. */
export function answerFriendlyNames({ headers }: Call): Answer {
  const language = headers['accept-language'] ?? 'en-US';
  if (language.includes(','))
    return apiError(400, 'AF20053', 'Only one language may be present in the Accept-Language header.');
  if (!/^[a-z]{2,3}(-[a-z\d]{2,8})*$/i.test(language.trim()))
    return apiError(400, 'AF20054', 'Invalid syntax in Accept-Language header.');
  return apiJson(sensitiveTypes);
}
