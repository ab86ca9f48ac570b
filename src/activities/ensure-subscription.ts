import { cancellationSignal, log } from '@temporalio/activity';
import { isKnownContentType, knownContentTypes, nearestKnownContentType } from '../domain/content-type.ts';
import { isoTime, parseTime } from '../domain/time-window.ts';
import { ManagementApiError } from '../errors.ts';
import type { ActivityDependencies, Tenant, WorkflowSettings } from './dependencies.ts';
import { requireTenant, unknownName, workflowSettings } from './dependencies.ts';

/**
 * Microsoft refuses a second start request within this time. Source: Management Activity API reference, "Start a
 * subscription" (note since 2025).
 */
const startCooldownMs = 15 * 60_000;

export interface EnsureSubscriptionInput {
  readonly tenantId: string;
  readonly contentType: string;
  /** Nothing was ever listed: a tenant or content type that is not known is a slip of the pen, not a change on its way. */
  readonly isFirst: boolean;
  /** When this subscription last asked for a start; ISO. */
  readonly lastStartRequest?: string;
}

export interface EnsuredSubscription {
  /** Where a new subscription begins when its input does not say; ISO. */
  readonly startTime: string;
  /** When the start was asked for, if it was asked for now; ISO. */
  readonly startRequested?: string;
  readonly settings: WorkflowSettings;
}

/**
 * Lists the tenant's subscriptions and starts this one unless it is enabled. Safe to retry because it lists first and a
 * start of what is enabled changes nothing. Throws `Input` for what the worker's configuration does not know,
 * retried for ten minutes unless it is the first time, and `ManagementApi.*` otherwise.
 */
export function ensureSubscription(dependencies: ActivityDependencies) {
  return async (input: EnsureSubscriptionInput): Promise<EnsuredSubscription> => {
    const tenant = requireTenant(dependencies, input.tenantId, input);
    requireContentType(tenant, input);
    const signal = cancellationSignal();
    const subscriptions = await tenant.client.listSubscriptions(signal);
    const isEnabled = subscriptions.some(
      ({ contentType, status }) =>
        contentType.toLowerCase() === input.contentType.toLowerCase() && status.toLowerCase() === 'enabled',
    );
    const nowMs = Date.now() + tenant.client.clockOffsetMs;
    if (!isEnabled) {
      requireCooldownOver(input, nowMs);
      await tenant.client.startSubscription(input.contentType, signal);
      log.info('Started subscription', { tenantId: input.tenantId, contentType: input.contentType });
    }
    return {
      startTime: tenant.config.startTime ?? isoTime(nowMs - tenant.config.settings.lookbackMs),
      ...(!isEnabled && { startRequested: isoTime(nowMs) }),
      settings: workflowSettings(dependencies, tenant),
    };
  };
}

function requireContentType({ config }: Tenant, { contentType, isFirst }: EnsureSubscriptionInput): void {
  if (isKnownContentType(contentType) || config.subscriptions.includes(contentType)) return;
  const nearest = nearestKnownContentType(contentType);
  const allowed = [...new Set([...knownContentTypes, ...config.subscriptions])].join(', ');
  throw unknownName(
    'contentType',
    `${contentType} is neither one of Microsoft's nor named in this tenant's configuration` +
      `${nearest === undefined ? '' : `; did you mean ${nearest}?`} Allowed: ${allowed}`,
    { isFirst },
  );
}

function requireCooldownOver(
  { contentType, lastStartRequest }: EnsureSubscriptionInput,
  nowMs: number,
): void {
  if (lastStartRequest === undefined) return;
  const retryAfterMs = parseTime(lastStartRequest) + startCooldownMs - nowMs;
  if (retryAfterMs <= 0) return;
  throw new ManagementApiError(
    'throttled',
    `starting ${contentType}: asked for less than 15 minutes ago and not enabled yet; asks again when they are over`,
    { retryAfterMs },
  );
}
