import { setTimeout as delay } from 'node:timers/promises';

/** How fast and how parallel one tenant may be asked. */
export interface RequestBudget {
  /**
   * Waits for a place among the requests in flight, then for the rate; resolves with what gives the place back, to be called
   * once. First come, first served. Rejects with `signal.reason` when aborted.
   */
  acquire(signal: AbortSignal): Promise<() => void>;
  /** Tells that the service throttled. */
  throttled(): void;
}

/**
 * Ten at once were fine on large tenants; more only fills the service's queue. A request is in flight until the head of its
 * answer is there: a body that waits for a slow destination must not keep the tenant from being listed.
 */
const maxInFlight = 8;

/**
 * The budget of one tenant in this process. Starts at `requestsPerMinute`; `Infinity` leaves only the bound on requests in
 * flight. Microsoft's quota is 2,000 requests a minute and tenant, more with many seats, and is stated nowhere on the wire.
 */
export function createRequestBudget(requestsPerMinute: number): RequestBudget {
  const bucket = new TokenBucket(requestsPerMinute, performance.now());
  const places = new Places(maxInFlight);
  return {
    async acquire(signal) {
      await places.take(signal);
      const waitMs = bucket.take(performance.now());
      if (waitMs > 0) await delay(waitMs, undefined, { signal }).catch(ignore);
      if (signal.aborted) {
        bucket.putBack();
        places.giveBack();
        throw signal.reason;
      }
      return () => places.giveBack();
    },
    throttled: () => bucket.throttle(performance.now()),
  };
}

/** The only thing that ends the wait early is the abort, which is looked at next. */
function ignore(): void {}

/** Requests that may be made at once after a pause, as seconds of the rate. */
const burstSeconds = 5;
/** The rate never falls below this, so that a throttled tenant still moves. */
const floorPerMinute = 60;
/** The answers to one burst count as one throttling. */
const halvingPauseMs = 10_000;
/** From the start rate to its double without any throttling. */
const doublingMinutes = 30;

/**
 * A token bucket with a rate that halves on throttling and, used or not, grows slowly to twice its start. Pure: each method is told the
 * time, in milliseconds of any clock that never goes back.
 */
export class TokenBucket {
  readonly #startPerMinute: number;
  #perMinute: number;
  #tokens: number;
  #atMs: number;
  #halvedAtMs = Number.NEGATIVE_INFINITY;

  constructor(startPerMinute: number, nowMs: number) {
    this.#startPerMinute = startPerMinute;
    this.#perMinute = startPerMinute;
    this.#tokens = this.#capacity();
    this.#atMs = nowMs;
  }

  get perMinute(): number {
    return this.#perMinute;
  }

  /** Takes one token and says how many milliseconds to wait before using it. */
  take(nowMs: number): number {
    if (this.#startPerMinute === Infinity) return 0;
    this.#advance(nowMs);
    this.#tokens--;
    return this.#tokens >= 0 ? 0 : (-this.#tokens / this.#perMinute) * 60_000;
  }

  /** Returns a token that was not used, so that requests given up do not make later ones wait. */
  putBack(): void {
    this.#tokens++;
  }

  /** Halves the rate, at most once in ten seconds, and drops what had been saved up. */
  throttle(nowMs: number): void {
    if (this.#startPerMinute === Infinity || nowMs - this.#halvedAtMs < halvingPauseMs) return;
    this.#advance(nowMs);
    this.#halvedAtMs = nowMs;
    this.#perMinute = Math.max(this.#perMinute / 2, Math.min(floorPerMinute, this.#startPerMinute));
    this.#tokens = Math.min(this.#tokens, 0);
  }

  #advance(nowMs: number): void {
    const minutes = (nowMs - this.#atMs) / 60_000;
    this.#atMs = nowMs;
    this.#tokens = Math.min(this.#capacity(), this.#tokens + minutes * this.#perMinute);
    const growth = (minutes / doublingMinutes) * this.#startPerMinute;
    this.#perMinute = Math.min(2 * this.#startPerMinute, this.#perMinute + growth);
  }

  #capacity(): number {
    return Math.max(1, (this.#perMinute / 60) * burstSeconds);
  }
}

/** A counted set of places with a queue. */
class Places {
  #free: number;
  readonly #waiting = new Set<() => void>();

  constructor(count: number) {
    this.#free = count;
  }

  async take(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    if (this.#free > 0) {
      this.#free--;
      return;
    }
    await new Promise<void>((resolve, reject) => {
      const abort = () => {
        this.#waiting.delete(enter);
        reject(signal.reason);
      };
      const enter = () => {
        signal.removeEventListener('abort', abort);
        resolve();
      };
      this.#waiting.add(enter);
      signal.addEventListener('abort', abort, { once: true });
    });
  }

  giveBack(): void {
    const [next] = this.#waiting;
    if (next === undefined) {
      this.#free++;
      return;
    }
    this.#waiting.delete(next);
    next();
  }
}
