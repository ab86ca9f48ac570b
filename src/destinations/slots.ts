interface Waiting {
  readonly admit: () => void;
}

/** A bound for what goes on at once; first come, first served. */
export class Slots {
  #free: number;
  readonly #queue = new Set<Waiting>();

  constructor(count: number) {
    this.#free = count;
  }

  /** Resolves when there is a free slot, with the function that gives it back. Rejects with `signal.reason` when `signal` aborts before. */
  acquire(signal: AbortSignal): Promise<() => void> {
    return new Promise((resolve, reject) => {
      if (signal.aborted) return reject(signal.reason);
      const giveUp = (): void => {
        this.#queue.delete(waiting);
        reject(signal.reason);
      };
      const waiting: Waiting = {
        admit: () => {
          signal.removeEventListener('abort', giveUp);
          resolve(() => this.#giveBack());
        },
      };
      signal.addEventListener('abort', giveUp, { once: true });
      this.#queue.add(waiting);
      this.#admitNext();
    });
  }

  #giveBack(): void {
    this.#free++;
    this.#admitNext();
  }

  #admitNext(): void {
    const [next] = this.#queue;
    if (next === undefined || this.#free === 0) return;
    this.#queue.delete(next);
    this.#free--;
    next.admit();
  }
}
