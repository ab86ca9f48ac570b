import { indexesBetween, blobAt } from './blobs.ts';
import type { SimulatedBlob } from './blobs.ts';
import type { Call, Operation } from './call.ts';
import type { SimulatorClock } from './clock.ts';
import { findSubscription } from './population.ts';
import type { Population, SubscriptionPopulation } from './population.ts';
import { visibleParts } from './subscription-states.ts';
import type { SubscriptionState, SubscriptionStates } from './subscription-states.ts';

/** What a client of the feed should never do. */
export type Violation =
  'missingPublisherIdentifier' | 'windowOver24Hours' | 'listedWithoutSubscription' | 'followedForeignLink';

/** What the simulator saw, as `GET /_report` prints it. */
export interface SimulatorReport {
  readonly now: string;
  readonly frozenAt: string | null;
  /** By operation, then by outcome: the status with its code (`403 AF429`), or what became of the connection (`reset`). */
  readonly requests: Readonly<Partial<Record<Operation, Readonly<Record<string, number>>>>>;
  readonly tenants: readonly { readonly tenantId: string; readonly peakConcurrentRequests: number }[];
  readonly subscriptions: readonly SubscriptionReport[];
  readonly violations: readonly {
    readonly name: Violation;
    readonly count: number;
    readonly example: string;
  }[];
}

export interface SubscriptionReport {
  readonly tenantId: string;
  readonly contentType: string;
  readonly status: 'enabled' | 'disabled';
  readonly blobs: {
    /** Became available to this subscription so far. */
    readonly available: number;
    readonly listed: number;
    /** Served completely at least once. */
    readonly fetched: number;
    readonly fetchedMoreThanOnce: number;
    /** Available, but never served completely. */
    readonly neverFetched: number;
  };
  /** Of all complete answers, repeated ones included. */
  readonly served: { readonly records: number; readonly bytes: number };
  /** Up to five contentIds. */
  readonly neverFetchedExamples: readonly string[];
}

interface Served {
  readonly listed: Set<number>;
  readonly timesFetched: Map<number, number>;
  records: number;
  bytes: number;
}

export interface LedgerParts {
  readonly population: Population;
  readonly states: SubscriptionStates;
  readonly clock: SimulatorClock;
}

/** Counts what was asked and served. Keeps a number or two per blob, no records. */
export class Ledger {
  readonly #requests = new Map<Operation, Map<string, number>>();
  readonly #concurrent = new Map<string, { now: number; peak: number }>();
  readonly #served = new Map<SubscriptionPopulation, Served>();
  readonly #violations = new Map<Violation, { count: number; example: string }>();

  /** A request to the API arrived; the returned function tells how it ended. */
  began({ tenantId, operation }: Call): (outcome: string) => void {
    const concurrent = this.#concurrent.get(tenantId) ?? { now: 0, peak: 0 };
    this.#concurrent.set(tenantId, concurrent);
    concurrent.now++;
    concurrent.peak = Math.max(concurrent.peak, concurrent.now);
    return (outcome) => {
      concurrent.now--;
      const outcomes = this.#requests.get(operation) ?? new Map<string, number>();
      this.#requests.set(operation, outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1));
    };
  }

  violated(violation: Violation, call: Call): void {
    const seen = this.#violations.get(violation) ?? { count: 0, example: `${call.method} ${call.target}` };
    this.#violations.set(violation, { ...seen, count: seen.count + 1 });
  }

  listed(subscription: SubscriptionPopulation, blob: SimulatedBlob): void {
    this.#servedOf(subscription).listed.add(blob.index);
  }

  fetched(subscription: SubscriptionPopulation, blob: SimulatedBlob, bytes: number): void {
    const served = this.#servedOf(subscription);
    served.timesFetched.set(blob.index, (served.timesFetched.get(blob.index) ?? 0) + 1);
    served.records += blob.recordCount;
    served.bytes += bytes;
  }

  report({ population, states, clock }: LedgerParts): SimulatorReport {
    const availableUntilMs = clock.availableUntilMs();
    return {
      now: new Date(clock.now()).toISOString(),
      frozenAt: clock.frozenAtMs === undefined ? null : new Date(clock.frozenAtMs).toISOString(),
      requests: Object.fromEntries(
        [...this.#requests].map(([operation, outcomes]) => [operation, Object.fromEntries(outcomes)]),
      ),
      tenants: population.tenants.map(({ tenantId }) => ({
        tenantId,
        peakConcurrentRequests: this.#concurrent.get(tenantId)?.peak ?? 0,
      })),
      subscriptions: states.all().flatMap((state) => {
        const subscription = findSubscription(population, state.tenantId, state.contentType);
        return subscription ? [this.#reportOf(subscription, state, availableUntilMs)] : [];
      }),
      violations: [...this.#violations].map(([name, seen]) => ({ name, ...seen })),
    };
  }

  #reportOf(
    subscription: SubscriptionPopulation,
    state: SubscriptionState,
    availableUntilMs: number,
  ): SubscriptionReport {
    const { listed, timesFetched, records, bytes } = this.#servedOf(subscription);
    const neverFetchedExamples: string[] = [];
    let available = 0;
    let neverFetched = 0;
    for (const { fromMs, untilMs } of visibleParts(state.visible, 0, availableUntilMs))
      for (const index of indexesBetween(subscription, fromMs, untilMs)) {
        available++;
        if (timesFetched.has(index)) continue;
        neverFetched++;
        if (neverFetched <= 5) neverFetchedExamples.push(blobAt(subscription, index).contentId);
      }
    return {
      tenantId: subscription.tenantId,
      contentType: subscription.contentType,
      status: state.status,
      blobs: {
        available,
        listed: listed.size,
        fetched: timesFetched.size,
        fetchedMoreThanOnce: [...timesFetched.values()].filter((times) => times > 1).length,
        neverFetched,
      },
      served: { records, bytes },
      neverFetchedExamples,
    };
  }

  #servedOf(subscription: SubscriptionPopulation): Served {
    let served = this.#served.get(subscription);
    if (served === undefined) {
      served = { listed: new Set(), timesFetched: new Map(), records: 0, bytes: 0 };
      this.#served.set(subscription, served);
    }
    return served;
  }
}
