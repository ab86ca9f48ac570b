/** Smaller differences are left alone: `Date` has whole seconds, and windows keep a settle time anyway. */
const toleranceMs = 2_000;

/** When an answer took longer, nobody knows when in that time its `Date` was written. */
const longestExchangeMs = 10_000;

/** How far the service's clock is from the local one, by the `Date` of its answers. */
export class ServiceClock {
  #offsetMs = 0;

  /** The service's clock minus the local one in milliseconds; 0 before the first answer and where the two agree within 2 s. */
  get offsetMs(): number {
    return this.#offsetMs;
  }

  /** An answer of the service itself, with the local times at which the request left and the head of the answer came. */
  observe(answer: { readonly date: string; readonly sentMs: number; readonly receivedMs: number }): void {
    const tookMs = answer.receivedMs - answer.sentMs;
    const dateMs = Date.parse(answer.date);
    // A local clock that was set in between took a negative time.
    if (Number.isNaN(dateMs) || tookMs < 0 || tookMs > longestExchangeMs) return;
    // `Date` is cut to its second, and was written at some time between the two.
    const offsetMs = dateMs + 500 - (answer.sentMs + tookMs / 2);
    this.#offsetMs = Math.abs(offsetMs) < toleranceMs + tookMs / 2 ? 0 : offsetMs;
  }
}
