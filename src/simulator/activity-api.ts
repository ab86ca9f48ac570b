import { apiAnswer } from './answer.ts';
import type { Answer } from './answer.ts';
import type { ApiParts } from './api-parts.ts';
import type { Call } from './call.ts';
import { admit } from './caller.ts';
import { answerBlob, answerContent, answerNotifications } from './content.ts';
import { answerFriendlyNames } from './friendly-names.ts';
import { answerList, answerStart, answerStop } from './subscriptions.ts';

/** The true answer of the Management Activity API, without faults (management-activity-api.md 2 and 5). */
export async function answerActivityApi(call: Call, parts: ApiParts): Promise<Answer> {
  const admitted = admit(call, parts);
  if ('status' in admitted) return admitted;
  const own = { ...call, ...admitted };
  switch (call.operation) {
    case 'start':
      return answerStart(own, parts);
    case 'stop':
      return answerStop(own, parts);
    case 'list':
      return answerList(own, parts);
    case 'content':
    case 'nextPage':
      return answerContent(own, parts);
    case 'notifications':
      return answerNotifications(own, parts);
    case 'blob':
      return answerBlob(own, parts);
    case 'friendlyNames':
      return answerFriendlyNames(own);
    case 'token':
    case 'discovery':
    case 'unknown':
      return notFound();
  }
}

export function notFound(): Answer {
  return apiAnswer(404, '{"Message":"No HTTP resource was found that matches the request URI."}');
}
