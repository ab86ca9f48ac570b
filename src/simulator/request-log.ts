import type { Call, Operation } from './call.ts';

/** What a client of the feed should never do. */
export type Violation =
  | 'missingPublisherIdentifier'
  | 'windowOver24Hours'
  | 'windowBeyond7Days'
  | 'listedWithoutSubscription'
  | 'startedTooSoon'
  | 'refetchedContent'
  | 'followedForeignLink'
  | 'sentTokenToForeignHost';

export interface TenantReport {
  readonly tenantId: string;
  readonly requests: number;
  readonly peakConcurrentRequests: number;
  /** Within a minute of the clock. */
  readonly peakRequestsPerMinute: number;
}

interface TenantLoad {
  requests: number;
  concurrent: number;
  peakConcurrent: number;
  minute: number;
  inMinute: number;
  peakInMinute: number;
}

/** Counts requests, how they ended, how many at once, and what they should not have been. */
export class RequestLog {
  readonly #outcomes = new Map<Operation, Map<string, number>>();
  readonly #loads = new Map<string, TenantLoad>();
  readonly #violations = new Map<Violation, { count: number; example: string }>();

  /** A request arrived; the returned function tells how it ended. */
  began({ tenantId, operation }: Call, nowMs: number): (outcome: string) => void {
    const load = this.#loadOf(tenantId);
    const minute = Math.floor(nowMs / 60_000);
    if (minute !== load.minute) Object.assign(load, { minute, inMinute: 0 });
    load.requests++;
    load.peakInMinute = Math.max(load.peakInMinute, ++load.inMinute);
    load.peakConcurrent = Math.max(load.peakConcurrent, ++load.concurrent);
    return (outcome) => {
      load.concurrent--;
      const outcomes = this.#outcomes.get(operation) ?? new Map<string, number>();
      this.#outcomes.set(operation, outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1));
    };
  }

  violated(violation: Violation, { method, target }: Pick<Call, 'method' | 'target'>): void {
    const seen = this.#violations.get(violation) ?? { count: 0, example: `${method} ${target}` };
    this.#violations.set(violation, { ...seen, count: seen.count + 1 });
  }

  /** By operation, then by outcome. */
  outcomes(): Readonly<Partial<Record<Operation, Readonly<Record<string, number>>>>> {
    return Object.fromEntries(
      [...this.#outcomes].map(([operation, outcomes]) => [operation, Object.fromEntries(outcomes)]),
    );
  }

  loadOf(tenantId: string): TenantReport {
    const { requests, peakConcurrent, peakInMinute } = this.#loadOf(tenantId);
    return {
      tenantId,
      requests,
      peakConcurrentRequests: peakConcurrent,
      peakRequestsPerMinute: peakInMinute,
    };
  }

  violations(): readonly { readonly name: Violation; readonly count: number; readonly example: string }[] {
    return [...this.#violations].map(([name, seen]) => ({ name, ...seen }));
  }

  #loadOf(tenantId: string): TenantLoad {
    let load = this.#loads.get(tenantId);
    if (load === undefined) {
      load = { requests: 0, concurrent: 0, peakConcurrent: 0, minute: 0, inMinute: 0, peakInMinute: 0 };
      this.#loads.set(tenantId, load);
    }
    return load;
  }
}
