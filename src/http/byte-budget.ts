/** Bytes that somebody may hold. */
export interface Reservation {
  /** Gives back what turned out not to be needed; more than is held changes nothing. */
  shrinkTo(bytes: number): void;
  /** Gives everything back; a second call changes nothing. */
  release(): void;
}

interface Waiting {
  readonly bytes: number;
  readonly resolve: (reservation: Reservation) => void;
}

/**
 * A bound for the bytes that many streams hold together: each reserves before it reads. First come, first served, so that a
 * large reservation is not passed by small ones for ever. One above the total passes when it is alone.
 *
 * It cannot deadlock as long as nobody who holds a reservation waits for another one of the same budget.
 */
export class ByteBudget {
  readonly #totalBytes: number;
  readonly #queue = new Set<Waiting>();
  #reservedBytes = 0;

  constructor(totalBytes: number) {
    this.#totalBytes = totalBytes;
  }

  get reservedBytes(): number {
    return this.#reservedBytes;
  }

  /** Resolves when there is room for so many bytes. Rejects with `signal.reason` when `signal` aborts before. */
  reserve(bytes: number, signal: AbortSignal): Promise<Reservation> {
    return new Promise((resolve, reject) => {
      if (signal.aborted) return reject(signal.reason);
      const giveUp = (): void => {
        this.#queue.delete(waiting);
        reject(signal.reason);
        // Whoever stood behind a large one may have room.
        this.#admit();
      };
      const waiting: Waiting = {
        bytes,
        resolve: (reservation) => {
          signal.removeEventListener('abort', giveUp);
          resolve(reservation);
        },
      };
      signal.addEventListener('abort', giveUp, { once: true });
      this.#queue.add(waiting);
      this.#admit();
    });
  }

  #admit(): void {
    for (const waiting of this.#queue) {
      const hasRoom = this.#reservedBytes + waiting.bytes <= this.#totalBytes;
      if (!hasRoom && this.#reservedBytes > 0) return;
      this.#queue.delete(waiting);
      waiting.resolve(this.#take(waiting.bytes));
    }
  }

  #take(bytes: number): Reservation {
    let held = bytes;
    this.#reservedBytes += held;
    const shrinkTo = (wanted: number): void => {
      const surplus = held - wanted;
      if (surplus <= 0) return;
      held = wanted;
      this.#reservedBytes -= surplus;
      this.#admit();
    };
    return { shrinkTo, release: () => shrinkTo(0) };
  }
}
