import { randomUUID } from 'node:crypto';
import { apiError } from './answer.ts';
import type { Answer } from './answer.ts';
import type { Webhook } from './subscription-states.ts';

/** Longer than a receiver on the same machine needs. */
const validationTimeoutMs = 10_000;

/** The webhook in the body of a start; an empty body, or null, is none. */
export function webhookIn(body: string): Webhook | 'malformed' | undefined {
  if (body.trim() === '') return undefined;
  const given = parsed(body);
  if (given === undefined) return 'malformed';
  const { webhook } = given;
  if (webhook === undefined || webhook === null) return undefined;
  if (typeof webhook !== 'object') return 'malformed';
  const { address, authId, expiration } = webhook as Record<string, unknown>;
  return { address: textOf(address), authId: textOf(authId), expiration: textOf(expiration) };
}

/** Asks the webhook for its agreement (management-activity-api.md 2.2). */
export async function refusalOfWebhook(
  { address, authId, expiration }: Webhook,
  nowMs: number,
  isPlainHttpAllowed: boolean,
): Promise<Answer | undefined> {
  const isHttps = /^https:\/\//i.test(address);
  if (!isHttps && !(isPlainHttpAllowed && /^http:\/\//i.test(address)))
    return notValidated(address, 'The address must begin with HTTPS.');
  if (expiration !== '' && !(Date.parse(expiration) > nowMs))
    return apiError(400, 'AF20003', `Expiration ${expiration} provided is set to past date and time.`);
  const validationCode = randomUUID();
  const status = await fetch(address, {
    method: 'POST',
    headers: {
      'Content-Type': 'application/json; charset=utf-8',
      ...(authId === '' ? {} : { 'Webhook-AuthID': authId }),
      'Webhook-ValidationCode': validationCode,
    },
    body: JSON.stringify({ validationCode }),
    redirect: 'manual',
    signal: AbortSignal.timeout(validationTimeoutMs),
  }).then(
    (response) => response.status,
    () => undefined, // whatever kept it from answering: the service says the same
  );
  return status === 200 ? undefined : notValidated(address, 'The endpoint did not return HTTP 200.');
}

function notValidated(address: string, reason: string): Answer {
  return apiError(400, 'AF20021', `The webhook endpoint (${address}) could not be validated. ${reason}`);
}

function parsed(body: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(body);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}
