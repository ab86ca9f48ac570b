import { availableIndexes, blobAt } from './blobs.ts';
import type { Call, Operation } from './call.ts';
import type { SimulatorClock } from './clock.ts';
import type { ListedBlob, Window } from './cut-blobs.ts';
import { findSubscription } from './population.ts';
import type { Population, SubscriptionPopulation } from './population.ts';
import { RequestLog } from './request-log.ts';
import type { TenantReport, Violation } from './request-log.ts';
import { ServedContent } from './served-content.ts';
import type { RecordRange } from './served-content.ts';
import { visibleParts } from './subscription-states.ts';
import type { SubscriptionState, SubscriptionStates } from './subscription-states.ts';

/** What the simulator saw, as `GET /_report` prints it. */
export interface SimulatorReport {
  readonly now: string;
  readonly frozenAt: string | null;
  /** By operation, then by outcome: the status with its code (`403 AF429`), or what became of the connection (`reset`). */
  readonly requests: Readonly<Partial<Record<Operation, Readonly<Record<string, number>>>>>;
  readonly tenants: readonly TenantReport[];
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
    /** Became available to this subscription so far; what is listed as expired does not count. */
    readonly available: number;
    readonly listed: number;
    /** Each record was served completely at least once. */
    readonly fetched: number;
    /** A record was served more than once, under whatever id. */
    readonly fetchedMoreThanOnce: number;
    /** Available, but never served completely. */
    readonly neverFetched: number;
  };
  /** Ids of cut blobs that were listed. */
  readonly cutIds: number;
  /** Of all complete answers, repeated ones included. */
  readonly served: { readonly records: number; readonly bytes: number };
  /** Up to five contentIds. */
  readonly neverFetchedExamples: readonly string[];
  /** Spans of `contentCreated` with content, no later than now, that no listing has covered; ISO 8601. */
  readonly neverListed: readonly { readonly startTime: string; readonly endTime: string }[];
}

interface LedgerParts {
  readonly population: Population;
  readonly states: SubscriptionStates;
  readonly clock: SimulatorClock;
}

/** Counts what was asked and served. */
export class Ledger extends RequestLog {
  readonly #served = new Map<SubscriptionPopulation, ServedContent>();

  listed(subscription: SubscriptionPopulation, blobs: readonly ListedBlob[], covered: Window): void {
    this.#servedOf(subscription).list(blobs, covered);
  }

  /** The client has these records of a blob. */
  fetched(
    subscription: SubscriptionPopulation,
    listed: ListedBlob,
    { records, bytes, call }: { readonly records: RecordRange; readonly bytes: number; readonly call: Call },
  ): void {
    const isRepeated = this.#servedOf(subscription).fetch(listed, records, bytes);
    if (isRepeated) this.violated('refetchedContent', call);
  }

  report({ population, states, clock }: LedgerParts): SimulatorReport {
    return {
      now: isoTime(clock.now()),
      frozenAt: clock.frozenAtMs === undefined ? null : isoTime(clock.frozenAtMs),
      requests: this.outcomes(),
      tenants: population.tenants.map(({ tenantId }) => this.loadOf(tenantId)),
      subscriptions: states.all().flatMap((state) => {
        const subscription = findSubscription(population, state.tenantId, state.contentType);
        return subscription ? [this.#reportOf(subscription, state, clock.availableUntilMs())] : [];
      }),
      violations: this.violations(),
    };
  }

  #reportOf(
    subscription: SubscriptionPopulation,
    state: SubscriptionState,
    availableUntilMs: number,
  ): SubscriptionReport {
    const served = this.#servedOf(subscription);
    const neverFetchedExamples: string[] = [];
    const neverListed: { startTime: string; endTime: string }[] = [];
    let available = 0;
    let neverFetched = 0;
    const { startTimeMs } = subscription.history;
    for (const { fromMs, untilMs } of visibleParts(state.visible, startTimeMs, availableUntilMs)) {
      for (const index of availableIndexes(subscription, { fromMs, untilMs }, availableUntilMs)) {
        available++;
        if (this.#isFetched(subscription, served, index)) continue;
        neverFetched++;
        if (neverFetched <= 5) neverFetchedExamples.push(blobAt(subscription, index).contentId);
      }
      for (const { startMs, endMs } of served.notListed({ startMs: fromMs, endMs: untilMs })) {
        const inGap = availableIndexes(subscription, { fromMs: startMs, untilMs: endMs }, availableUntilMs);
        if (inGap.next().done) continue;
        neverListed.push({ startTime: isoTime(startMs), endTime: isoTime(endMs) });
      }
    }
    const touched = [...served.touched()];
    return {
      tenantId: subscription.tenantId,
      contentType: subscription.contentType,
      status: state.status,
      blobs: {
        available,
        listed: served.listedCount,
        fetched: touched.filter((index) => this.#isFetched(subscription, served, index)).length,
        fetchedMoreThanOnce: touched.filter((index) => served.isFetchedMoreThanOnce(index)).length,
        neverFetched,
      },
      cutIds: served.cutCount,
      served: { records: served.records, bytes: served.bytes },
      neverFetchedExamples,
      neverListed,
    };
  }

  /** The number of records, which a blob fetched in parts must reach, is only asked for where it counts. */
  #isFetched(subscription: SubscriptionPopulation, served: ServedContent, index: number): boolean {
    const recordCount = served.isInParts(index) ? blobAt(subscription, index).recordCount : Infinity;
    return served.isFetched({ index, recordCount });
  }

  #servedOf(subscription: SubscriptionPopulation): ServedContent {
    let served = this.#served.get(subscription);
    if (served === undefined) {
      served = new ServedContent();
      this.#served.set(subscription, served);
    }
    return served;
  }
}

function isoTime(timeMs: number): string {
  return new Date(timeMs).toISOString();
}
