const minuteMs = 60_000;

/** Requests within the last minute, by whoever shares a quota. A refused request does not count. */
export class Quota {
  readonly #times = new Map<string, number[]>();

  /** False when the limit is reached; 0 is no limit. */
  admits(name: string, limit: number, nowMs: number): boolean {
    if (limit === 0) return true;
    const recent = (this.#times.get(name) ?? []).filter((timeMs) => timeMs > nowMs - minuteMs);
    const isAdmitted = recent.length < limit;
    this.#times.set(name, isAdmitted ? [...recent, nowMs] : recent);
    return isAdmitted;
  }
}
