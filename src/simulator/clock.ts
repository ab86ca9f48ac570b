/** The time of the simulated service, and until when content becomes available. */
export class SimulatorClock {
  readonly now: () => number;
  #frozenAtMs: number | undefined;

  /** `now` yields milliseconds since 1970. */
  constructor(now: () => number) {
    this.now = now;
  }

  get frozenAtMs(): number | undefined {
    return this.#frozenAtMs;
  }

  /** Stops live arrival for good: what was created up to now (inclusive) is all that there will be. */
  freeze(): number {
    this.#frozenAtMs ??= this.now();
    return this.#frozenAtMs;
  }

  /** Content created before this time (exclusive) is available. */
  availableUntilMs(): number {
    return (this.#frozenAtMs ?? this.now()) + 1;
  }
}
