/**
 * What is remembered of the subscriptions that somebody started. Letter case of a content type does not count.
 */
export interface SubscriptionState {
  readonly tenantId: string;
  readonly contentType: string;
  status: 'enabled' | 'disabled';
  lastStartMs: number;
  /** Spans of `contentCreated` that can be listed: what comes while a subscription is stopped is never to be had. */
  readonly visible: VisibleSpan[];
}

/** `untilMs` (exclusive) is absent while the subscription is enabled. */
export interface VisibleSpan {
  readonly fromMs: number;
  untilMs?: number;
}

export type StartOutcome =
  | { readonly type: 'started' }
  | { readonly type: 'alreadyEnabled' }
  | { readonly type: 'tooSoon'; readonly waitMs: number };

export interface StartRules {
  readonly startCooldownMs: number;
  readonly historyVisibleAtStart: '22h' | 'all';
}

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

  /** A refused start does not lengthen the wait. Within it nobody knows which answer wins for an enabled one: here the wait. */
  start(tenantId: string, contentType: string, nowMs: number): StartOutcome {
    const state = this.find(tenantId, contentType);
    const waitMs = state ? state.lastStartMs + this.#rules.startCooldownMs - nowMs : 0;
    if (waitMs > 0) return { type: 'tooSoon', waitMs };
    if (state === undefined) {
      const fromMs = this.#rules.historyVisibleAtStart === 'all' ? 0 : nowMs - firstReachMs;
      const started = { tenantId, contentType, status: 'enabled', lastStartMs: nowMs } as const;
      this.#states.set(keyOf(tenantId, contentType), { ...started, visible: [{ fromMs }] });
      return { type: 'started' };
    }
    state.lastStartMs = nowMs;
    if (state.status === 'enabled') return { type: 'alreadyEnabled' };
    state.status = 'enabled';
    state.visible.push({ fromMs: nowMs });
    return { type: 'started' };
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
