/** Requests that may be made at once after a pause, as seconds of the rate. */
const burstSeconds = 5;
/** The rate never falls below this, so that a throttled tenant still moves. */
const floorPerMinute = 60;
/** The answers to one burst count as one throttling. */
const halvingPauseMs = 10_000;
/** From the start rate to its double without any throttling. */
const doublingMinutes = 30;

/**
 * A token bucket with a rate that halves on throttling and, used or not, grows slowly to twice its start; `Infinity` never
 * makes anybody wait. Pure: each method is told the time, in milliseconds of any clock that never goes back.
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

  /** Whole milliseconds until the next token is there; 0 when one can be taken now. */
  delayMs(nowMs: number): number {
    if (this.#startPerMinute === Infinity) return 0;
    this.#advance(nowMs);
    return this.#tokens >= 1 ? 0 : Math.ceil(((1 - this.#tokens) / this.#perMinute) * 60_000);
  }

  /** Takes one token; to be called when `delayMs` is 0. */
  take(): void {
    this.#tokens--;
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
