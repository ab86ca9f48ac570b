import type { SubscriptionPopulation } from './population.ts';
import { dayMs } from './window.ts';

export interface ItemPlace {
  /** Scheme, host and port of the contentUri. */
  readonly origin: string;
  readonly subscription: SubscriptionPopulation;
  readonly expirationDays: number;
}

export interface ItemContent {
  readonly contentId: string;
  readonly createdMs: number;
  readonly firstMs: number;
  readonly isExpired: boolean;
}

/** An item of a listing or a notification. Expiration counts from the first position, as in 2017. */
export function itemOf(
  { origin, subscription: { tenantId, contentType }, expirationDays }: ItemPlace,
  { contentId, createdMs, firstMs, isExpired }: ItemContent,
) {
  const expirationMs = isExpired ? createdMs + 1 : firstMs + expirationDays * dayMs;
  return {
    contentType,
    contentId,
    contentUri: `${origin}/api/v1.0/${tenantId}/activity/feed/audit/${contentId}`,
    contentCreated: new Date(createdMs).toISOString(),
    contentExpiration: new Date(expirationMs).toISOString(),
  };
}
