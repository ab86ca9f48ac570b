import { blobsBetween } from './blobs.ts';
import type { SimulatedBlob } from './blobs.ts';
import type { SimulatorClock } from './clock.ts';
import { itemOf } from './content-item.ts';
import { findSubscription } from './population.ts';
import type { Population, SubscriptionPopulation } from './population.ts';
import type { SubscriptionState, SubscriptionStates, Webhook } from './subscription-states.ts';

/** How often new content is looked for. */
const lookEveryMs = 1_000;
const itemsPerNotification = 100;
/** "Excessive" failures in a row, in Microsoft's word, after which a webhook is gone without a word (docs#179). */
const failuresAllowed = 5;
const notificationTimeoutMs = 10_000;

interface Progress {
  readonly webhook: Webhook;
  /** Content created before this time has been sent. */
  sentUntilMs: number;
  failures: number;
  nextTryMs: number;
}

export interface NotifierParts {
  readonly population: Population;
  readonly states: SubscriptionStates;
  readonly clock: SimulatorClock;
  readonly clientId: string;
  readonly expirationDays: number;
}

/** Tells webhooks of new content, in order and again after a failure (management-activity-api.md 2.7). Late content is not told of. */
export class Notifier {
  readonly #parts: NotifierParts;
  readonly #progress = new Map<SubscriptionState, Progress>();
  readonly #sent = new Map<SubscriptionPopulation, Map<string, number>>();
  #timer: NodeJS.Timeout | undefined;
  #origin = '';
  #sending: Promise<void> | undefined;

  constructor(parts: NotifierParts) {
    this.#parts = parts;
  }

  /** `origin`: scheme, host and port of the contentUris. */
  start(origin: string): void {
    this.#origin = origin;
    this.#timer = setInterval(() => void this.sendDue(), lookEveryMs).unref();
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  /** When each blob of a subscription was told of, by contentId, in milliseconds. */
  sentOf(subscription: SubscriptionPopulation): ReadonlyMap<string, number> {
    return this.#sent.get(subscription) ?? new Map<string, number>();
  }

  /** Resolves once all is sent that can be sent now. */
  async sendDue(): Promise<void> {
    this.#sending ??= this.#sendAll().finally(() => (this.#sending = undefined));
    await this.#sending;
  }

  async #sendAll(): Promise<void> {
    for (const state of this.#parts.states.all()) {
      const subscription = findSubscription(this.#parts.population, state.tenantId, state.contentType);
      if (subscription && state.webhook && state.status === 'enabled')
        await this.#send(state, subscription, state.webhook);
    }
  }

  async #send(
    state: SubscriptionState,
    subscription: SubscriptionPopulation,
    webhook: Webhook,
  ): Promise<void> {
    const { clock } = this.#parts;
    const isExpired = webhook.expiration !== '' && Date.parse(webhook.expiration) <= clock.now();
    const progress = this.#progressOf(state, webhook);
    if (isExpired || clock.now() < progress.nextTryMs) return;
    const untilMs = clock.availableUntilMs();
    const blobs = [...blobsBetween(subscription, progress.sentUntilMs, untilMs)].filter(
      ({ visibleMs, isExpired: isGone }) => visibleMs < untilMs && !isGone,
    );
    for (let at = 0; at < blobs.length; at += itemsPerNotification) {
      const told = blobs.slice(at, at + itemsPerNotification);
      if (!(await this.#post(webhook, subscription, told))) {
        progress.nextTryMs = clock.now() + lookEveryMs * 2 ** ++progress.failures;
        if (progress.failures >= failuresAllowed) state.webhook = undefined;
        return;
      }
      this.#remember(subscription, told);
      Object.assign(progress, { failures: 0, sentUntilMs: (told.at(-1)?.createdMs ?? 0) + 1 });
    }
    progress.sentUntilMs = untilMs;
  }

  async #post(
    { address, authId }: Webhook,
    subscription: SubscriptionPopulation,
    blobs: readonly SimulatedBlob[],
  ): Promise<boolean> {
    const { clientId, expirationDays } = this.#parts;
    const { tenantId } = subscription;
    const items = blobs.map((blob) => ({
      tenantId,
      clientId,
      ...itemOf({ origin: this.#origin, subscription, expirationDays }, blob),
    }));
    return fetch(address, {
      method: 'POST',
      // Spelled as in the reference.
      headers: {
        'Content-Type': 'application/json; utf-8',
        ...(authId === '' ? {} : { 'Webhook-AuthID': authId }),
      },
      body: JSON.stringify(items),
      redirect: 'manual',
      signal: AbortSignal.timeout(notificationTimeoutMs),
    }).then(
      ({ status }) => status === 200,
      () => false, // not reached: tried again, like any other answer than 200
    );
  }

  #remember(subscription: SubscriptionPopulation, blobs: readonly SimulatedBlob[]): void {
    const sent = this.#sent.get(subscription) ?? new Map<string, number>();
    this.#sent.set(subscription, sent);
    for (const { contentId } of blobs) sent.set(contentId, this.#parts.clock.now());
  }

  /** A new webhook is told of what comes from now on. */
  #progressOf(state: SubscriptionState, webhook: Webhook): Progress {
    const known = this.#progress.get(state);
    if (known?.webhook === webhook) return known;
    const progress = { webhook, sentUntilMs: state.lastStartMs, failures: 0, nextTryMs: 0 };
    this.#progress.set(state, progress);
    return progress;
  }
}
