import type { ServiceRules } from './options.ts';

/** A webhook as somebody gave it. */
export interface Webhook {
  readonly address: string;
  readonly authId: string;
  /** ISO 8601, or empty: never. */
  readonly expiration: string;
}

/**
 * What is remembered of the subscriptions that somebody started. Letter case of a content type does not count.
 */
export interface SubscriptionState {
  readonly tenantId: string;
  readonly contentType: string;
  status: 'enabled' | 'disabled';
  webhook: Webhook | undefined;
  lastStartMs: number;
  /** Spans of `contentCreated` that can be listed: what comes while a subscription is stopped is never to be had. */
  readonly visible: VisibleSpan[];
}

/** `untilMs` (exclusive) is absent while the subscription is enabled. */
export interface VisibleSpan {
  readonly fromMs: number;
  untilMs?: number;
}

export interface StartRequest {
  readonly tenantId: string;
  readonly contentType: string;
  readonly webhook: Webhook | undefined;
}

type StartRules = Pick<
  ServiceRules,
  'startCooldownMs' | 'startCooldownScope' | 'startWhileEnabled' | 'historyVisibleAtStart'
>;

/** Measured on a live tenant in 2026: the first listing reached some 22 hours behind the start. */
const firstReachMs = 22 * 3_600_000;

export class SubscriptionStates {
  readonly #states = new Map<string, SubscriptionState>();
  readonly #rules: StartRules;

  constructor(rules: StartRules) {
    this.#rules = rules;
  }

  find(tenantId: string, contentType: string): SubscriptionState | undefined {
    return this.#states.get(keyOf(tenantId, contentType));
  }

  all(): readonly SubscriptionState[] {
    return [...this.#states.values()];
  }

  /** Why a start would be refused, if it would be: nothing to change, or too soon, and then for how long. */
  refusalOf(
    { tenantId, contentType, webhook }: StartRequest,
    nowMs: number,
  ): 'alreadyEnabled' | { readonly waitMs: number } | undefined {
    const state = this.find(tenantId, contentType);
    const isUnchanged = state?.status === 'enabled' && !state.webhook && !webhook;
    if (isUnchanged && this.#rules.startWhileEnabled === 'alreadyEnabled') return 'alreadyEnabled';
    const waitMs = this.#lastStartMs(tenantId, contentType) + this.#rules.startCooldownMs - nowMs;
    if (waitMs > 0) return { waitMs };
    return isUnchanged ? 'alreadyEnabled' : undefined;
  }

  /** Counts a start that is not refused for being too soon; a refused one does not lengthen the wait. */
  start({ tenantId, contentType, webhook }: StartRequest, nowMs: number): void {
    const state = this.find(tenantId, contentType);
    if (state === undefined) {
      const visible = [{ fromMs: this.#firstVisibleMs(nowMs) }];
      const started = {
        tenantId,
        contentType,
        status: 'enabled',
        webhook,
        lastStartMs: nowMs,
        visible,
      } as const;
      this.#states.set(keyOf(tenantId, contentType), { ...started, visible });
      return;
    }
    if (state.status === 'disabled') state.visible.push({ fromMs: nowMs });
    Object.assign(state, { status: 'enabled', webhook, lastStartMs: nowMs });
  }

  /** False when there was none. */
  stop(tenantId: string, contentType: string, nowMs: number): boolean {
    const state = this.find(tenantId, contentType);
    if (state === undefined) return false;
    const span = state.visible.at(-1);
    if (state.status === 'enabled' && span) span.untilMs = nowMs;
    state.status = 'disabled';
    return true;
  }

  #lastStartMs(tenantId: string, contentType: string): number {
    const concerned =
      this.#rules.startCooldownScope === 'tenant'
        ? this.all().filter((state) => state.tenantId === tenantId)
        : [this.find(tenantId, contentType)];
    return Math.max(...concerned.map((state) => state?.lastStartMs ?? -Infinity), -Infinity);
  }

  #firstVisibleMs(nowMs: number): number {
    switch (this.#rules.historyVisibleAtStart) {
      case 'all':
        return 0;
      case '22h':
        return nowMs - firstReachMs;
      case 'nothing':
        return nowMs;
    }
  }
}

/** The parts of a span of time that are visible, in order; all bounds inclusive and exclusive as usual. */
export function visibleParts(
  visible: readonly VisibleSpan[],
  fromMs: number,
  untilMs: number,
): readonly { readonly fromMs: number; readonly untilMs: number }[] {
  return visible
    .map((span) => ({
      fromMs: Math.max(span.fromMs, fromMs),
      untilMs: Math.min(span.untilMs ?? Infinity, untilMs),
    }))
    .filter((part) => part.fromMs < part.untilMs);
}

function keyOf(tenantId: string, contentType: string): string {
  return `${tenantId} ${contentType.toLowerCase()}`;
}
