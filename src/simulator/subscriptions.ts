import { apiAnswer, apiError, apiJson, noSubscription, startedTooSoon } from './answer.ts';
import type { Answer } from './answer.ts';
import type { ApiParts } from './api-parts.ts';
import type { Call } from './call.ts';
import { knownContentType } from './caller.ts';
import type { Webhook } from './subscription-states.ts';
import { refusalOfWebhook, webhookIn } from './webhook.ts';

/** Starts, or changes the webhook; a webhook is asked for its agreement first, and nothing changes without it. */
export async function answerStart(
  call: Call,
  { states, clock, population, rules, ledger }: ApiParts,
): Promise<Answer> {
  const contentType = knownContentType(call, population) ?? '';
  const webhook = webhookIn(call.body);
  if (webhook === 'malformed')
    return apiError(400, 'AF20002', 'Invalid parameter type: webhook. Expected type: object');
  const request = { tenantId: call.tenantId, contentType, webhook };
  const refusal = states.refusalOf(request, clock.now());
  if (refusal === 'alreadyEnabled') {
    states.start(request, clock.now());
    return apiError(400, 'AF20024', 'The subscription is already enabled. No property change.');
  }
  if (refusal) {
    ledger.violated('startedTooSoon', call);
    return startedTooSoon(refusal.waitMs);
  }
  const refusalByWebhook = webhook && (await refusalOfWebhook(webhook, clock.now(), rules.plainHttpWebhooks));
  if (refusalByWebhook) return refusalByWebhook;
  states.start(request, clock.now());
  return apiJson({
    contentType,
    status: 'enabled',
    webhook: webhook
      ? {
          status: 'enabled',
          address: webhook.address,
          authId: webhook.authId,
          expiration: webhook.expiration || null,
        }
      : null,
  });
}

export function answerStop(call: Call, { states, clock, population, rules }: ApiParts): Answer {
  const contentType = knownContentType(call, population) ?? '';
  const isStopped = states.stop(call.tenantId, contentType, clock.now());
  return isStopped ? apiAnswer(rules.stopStatus, '') : noSubscription();
}

export function answerList({ tenantId }: Call, { states, clock }: ApiParts): Answer {
  return apiJson(
    states
      .all()
      .filter((state) => state.tenantId === tenantId)
      .map(({ contentType, status, webhook }) => ({
        contentType,
        status,
        webhook: webhook ? listedWebhook(webhook, clock.now()) : null,
      })),
  );
}

/** In the order of keys that the wire shows, which is not that of the documentation (docs#179). */
function listedWebhook({ authId, address, expiration }: Webhook, nowMs: number) {
  const isExpired = expiration !== '' && Date.parse(expiration) <= nowMs;
  return { authId, address, expiration, status: isExpired ? 'expired' : 'enabled' };
}
