import { ManagementApiError } from '../errors.ts';
import { TokenBucket } from './token-bucket.ts';

/** Live work keeps the position moving; owed ranges (sweep, backfill, a destination that was away) can wait. */
export type RequestPriority = 'live' | 'owed';

export interface RequestOptions {
  readonly signal: AbortSignal;
  /** Live requests pass the owed ones that wait. */
  readonly priority: RequestPriority;
}

/** How fast and how parallel one tenant may be asked. */
export interface RequestBudget {
  /**
   * Waits for a place among the requests in flight and for the rate; resolves with what gives the place back, to be called
   * once. Live requests go first, each class in its order. Rejects with `signal.reason` when aborted, and with
   * ManagementApiError `throttled` while a pause that the service asked for is too long to be waited for in silence.
   */
  acquire(operation: string, options: RequestOptions): Promise<() => void>;
  /** Tells that the service throttled, and how long it asked all requests of the tenant to wait. */
  throttled(retryAfterMs: number | undefined): void;
}

/**
 * Ten at once were fine on large tenants; more only fills the service's queue. A request is in flight until the head of its
 * answer is there: a body that waits for a slow destination must not keep the tenant from being listed.
 */
const maxInFlight = 8;

/** Owed requests leave some places free, as the service may take more than a minute to answer them. */
const maxOwedInFlight = 6;

/** A longer pause becomes a failure that carries the rest of it, so that people see why nothing moves. */
const longestSilentPauseMs = 30_000;

/**
 * The budget of one tenant in this process. Starts at `requestsPerMinute`; `Infinity` leaves the bound on requests in flight
 * and the pauses that the service asks for. Microsoft's quota is 2,000 requests a minute and tenant, more with many seats, and
 * is stated nowhere on the wire.
 */
export function createRequestBudget(requestsPerMinute: number): RequestBudget {
  return new AdaptiveBudget(requestsPerMinute);
}

interface WaitingRequest {
  readonly operation: string;
  readonly enter: () => void;
  readonly refuse: (reason: unknown) => void;
}

class AdaptiveBudget implements RequestBudget {
  readonly #bucket: TokenBucket;
  readonly #waiting: Readonly<Record<RequestPriority, Set<WaitingRequest>>> = {
    live: new Set(),
    owed: new Set(),
  };
  readonly #inFlight: Record<RequestPriority, number> = { live: 0, owed: 0 };
  #pausedUntilMs = Number.NEGATIVE_INFINITY;
  #timer: NodeJS.Timeout | undefined;

  constructor(requestsPerMinute: number) {
    this.#bucket = new TokenBucket(requestsPerMinute, performance.now());
  }

  async acquire(operation: string, { signal, priority }: RequestOptions): Promise<() => void> {
    signal.throwIfAborted();
    await new Promise<void>((resolve, reject) => {
      const leave = () => {
        this.#waiting[priority].delete(request);
        signal.removeEventListener('abort', abort);
      };
      const request: WaitingRequest = {
        operation,
        enter: () => {
          leave();
          resolve();
        },
        refuse: (reason) => {
          leave();
          reject(reason);
        },
      };
      const abort = () => {
        request.refuse(signal.reason);
        this.#letIn();
      };
      this.#waiting[priority].add(request);
      signal.addEventListener('abort', abort, { once: true });
      this.#letIn();
    });
    return () => {
      this.#inFlight[priority]--;
      this.#letIn();
    };
  }

  throttled(retryAfterMs = 0): void {
    const nowMs = performance.now();
    this.#bucket.throttle(nowMs);
    this.#pausedUntilMs = Math.max(this.#pausedUntilMs, nowMs + retryAfterMs);
    this.#letIn();
  }

  /** Lets in who may go now, and comes back when the next one may. */
  #letIn(): void {
    clearTimeout(this.#timer);
    for (;;) {
      const nowMs = performance.now();
      const pauseMs = Math.ceil(this.#pausedUntilMs - nowMs);
      if (pauseMs > longestSilentPauseMs) return this.#refuseAll(pauseMs);
      const priority = this.#nextPriority();
      if (priority === undefined) return;
      const delayMs = Math.max(pauseMs, this.#bucket.delayMs(nowMs));
      if (delayMs > 0) {
        this.#timer = setTimeout(() => this.#letIn(), delayMs);
        return;
      }
      this.#bucket.take();
      this.#inFlight[priority]++;
      const [next] = this.#waiting[priority];
      next?.enter();
    }
  }

  /** Whose turn it is; undefined when nobody waits or there is no place. */
  #nextPriority(): RequestPriority | undefined {
    const { live, owed } = this.#inFlight;
    if (live + owed >= maxInFlight) return undefined;
    if (this.#waiting.live.size > 0) return 'live';
    return this.#waiting.owed.size > 0 && owed < maxOwedInFlight ? 'owed' : undefined;
  }

  #refuseAll(pauseMs: number): void {
    for (const request of [...this.#waiting.live, ...this.#waiting.owed]) {
      request.refuse(
        new ManagementApiError(
          'throttled',
          `${request.operation}: not sent, as the service has throttled this tenant and asked for a pause; it is sent when that is over.`,
          { retryAfterMs: pauseMs },
        ),
      );
    }
  }
}
