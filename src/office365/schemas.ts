import { z } from 'zod';
import { isoTime, parseTime, retentionMs } from '../domain/time-window.ts';

/** Shapes on the wire. Keys that are not named here pass unseen, as Microsoft adds some without notice. */

/** Of a subscription only its type is sure; an absent status is unknown, not enabled. */
export const subscriptionList = z.array(z.object({ contentType: z.string(), status: z.string().nullish() }));

/** Answer of a start; what else is in it repeats the request. */
export const startedSubscription = z.object({ contentType: z.string() });

/** A time in any form the service has been seen to write; without a zone it is UTC. Becomes ISO 8601 in ms with `Z`. */
const time = z.string().transform((text, context) => {
  try {
    return isoTime(parseTime(text));
  } catch {
    context.addIssue({ code: 'custom', message: 'not a time' });
    return z.NEVER;
  }
});

/** One page of a listing. */
export const contentPage = z.array(
  z
    .object({
      contentId: z.string().min(1),
      contentUri: z.string().nullish(),
      contentCreated: time,
      contentExpiration: time.nullish(),
    })
    .transform((entry) => ({
      ...entry,
      // The wire says when content expires; 7 days are the documented minimum where it does not.
      contentExpiration: entry.contentExpiration ?? isoTime(parseTime(entry.contentCreated) + retentionMs),
    })),
);

/**
 * The token endpoint's success: the older version of the endpoint writes numbers as strings, and the services that issue
 * tokens to managed identities say when the token expires instead of in how many seconds.
 */
const tokenAnswer = z
  .looseObject({
    access_token: z.string().min(1),
    expires_in: z.coerce.number().optional(),
    expires_on: z.union([z.string(), z.number()]).optional(),
  })
  .refine(({ expires_in, expires_on }) => (expires_in ?? expires_on) !== undefined);

/** A token endpoint's answer, undefined when the text is something else. */
export function parseTokenAnswer(text: string): z.infer<typeof tokenAnswer> | undefined {
  return tokenAnswer.safeParse(parseJson(text)).data;
}

/** The value, undefined when the text is no JSON. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Where a value first departs from its schema, without quoting the value: `[3].contentCreated`. */
export function firstProblem(error: z.ZodError): string {
  const path = error.issues[0]?.path ?? [];
  return (
    path.map((key) => (typeof key === 'number' ? `[${key}]` : `.${String(key)}`)).join('') || 'the whole'
  );
}
