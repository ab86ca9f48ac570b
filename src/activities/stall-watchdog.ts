import type { RecordsOfBlob } from '../destinations/destination.ts';
import { DestinationError } from '../errors.ts';

export interface Patience {
  /** How long a destination may keep the others waiting. */
  readonly stallMs: number;
  /** How long one may go on without an acknowledgement when the others have finished; longer than a request of its own may take. */
  readonly finishMs: number;
}

export const defaultPatience: Patience = { stallMs: 15_000, finishMs: 120_000 };

/** The blobs of a batch, or the records of one blob: what all destinations have to ask for before anybody gets it. */
interface Round {
  readonly asking: Set<number>;
  readonly hasLeft: Set<number>;
}

interface Watched {
  readonly name: string;
  readonly cutOff: AbortController;
  state: 'working' | 'finished' | 'failed';
  /** When it last took or acknowledged something, or was not to blame for a wait. */
  movedMs: number;
}

/**
 * Several destinations share each read, at the pace of the slowest. One that takes nothing while others wait is cut off, one at
 * a time, so that the others go on. Never blamed is a destination that waits for the source itself, and one that is alone.
 */
export class StallWatchdog {
  readonly #patience: Patience;
  readonly #destinations: readonly Watched[];
  readonly #blobs: Round = { asking: new Set(), hasLeft: new Set() };
  readonly #records = new Map<string, Round>();
  readonly #timer: NodeJS.Timeout;

  constructor(names: readonly string[], patience: Patience) {
    this.#patience = patience;
    this.#destinations = names.map((name) => ({
      name,
      cutOff: new AbortController(),
      state: 'working',
      movedMs: performance.now(),
    }));
    this.#timer = setInterval(() => this.#check(performance.now()), patience.stallMs / 15);
  }

  /** The blobs as a destination sees them; what it asks for is noticed. */
  async *watch(
    which: number,
    blobs: AsyncIterable<RecordsOfBlob>,
  ): AsyncGenerator<RecordsOfBlob, void, undefined> {
    for await (const blob of this.#noticing(which, this.#blobs, blobs)) {
      const round = this.#records.get(blob.contentId) ?? { asking: new Set(), hasLeft: new Set() };
      this.#records.set(blob.contentId, round);
      yield { ...blob, records: this.#noticing(which, round, blob.records) };
    }
  }

  /** Aborts with a DestinationError when the destination is cut off. */
  cutOff(which: number): AbortSignal {
    return this.#destinations[which]!.cutOff.signal;
  }

  /** The destination acknowledged something. */
  moved(which: number): void {
    this.#destinations[which]!.movedMs = performance.now();
  }

  /** The destination has ended. */
  ended(which: number, state: 'finished' | 'failed'): void {
    this.#destinations[which]!.state = state;
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  #noticing<Item>(which: number, round: Round, items: AsyncIterable<Item>): AsyncIterable<Item> {
    const { cutOff } = this.#destinations[which]!;
    const iterator = items[Symbol.asyncIterator]();
    const watched: AsyncIterator<Item> = {
      next: async () => {
        cutOff.signal.throwIfAborted();
        this.moved(which);
        round.asking.add(which);
        try {
          const next = await iterator.next();
          if (next.done === true) round.hasLeft.add(which);
          return next;
        } finally {
          round.asking.delete(which);
        }
      },
      return: async () => {
        round.hasLeft.add(which);
        await iterator.return?.();
        return { done: true, value: undefined };
      },
    };
    return { [Symbol.asyncIterator]: () => watched };
  }

  #check(nowMs: number): void {
    const overdue: { readonly watched: Watched; readonly complaint: string }[] = [];
    for (const [which, watched] of this.#destinations.entries()) {
      const blame = this.#blameFor(which);
      if (blame === undefined) watched.movedMs = nowMs;
      else if (nowMs - watched.movedMs >= blame.patienceMs) overdue.push({ watched, ...blame });
    }
    // One at a time: of two that wait for each other, the other can go on.
    const [longest] = overdue.toSorted((a, b) => a.watched.movedMs - b.watched.movedMs);
    if (longest === undefined) return;
    const { watched, complaint } = longest;
    watched.cutOff.abort(new DestinationError('unavailable', `destination ${watched.name} ${complaint}`));
  }

  #blameFor(which: number): { readonly patienceMs: number; readonly complaint: string } | undefined {
    const { stallMs, finishMs } = this.#patience;
    const rounds = [this.#blobs, ...this.#records.values()];
    if (!this.#isWorking(which) || rounds.some((round) => this.#isServed(which, round))) return undefined;
    if (rounds.some((round) => this.#isHeldUpBy(which, round))) {
      return { patienceMs: stallMs, complaint: `took nothing for ${seconds(stallMs)} while others waited` };
    }
    const others = this.#destinations.filter((_, other) => other !== which);
    if (others.some(({ state }) => state === 'working')) return undefined;
    if (!others.some(({ state }) => state === 'finished')) return undefined;
    return {
      patienceMs: finishMs,
      complaint: `acknowledged nothing for ${seconds(finishMs)} after others had finished`,
    };
  }

  /** Whether the destination waits for the source: all that are still in the round have asked. */
  #isServed(which: number, round: Round): boolean {
    return round.asking.has(which) && this.#workingIn(round).every((other) => round.asking.has(other));
  }

  /** Whether the destination is still in the round and has not asked, but another one has. */
  #isHeldUpBy(which: number, round: Round): boolean {
    const working = this.#workingIn(round);
    return (
      working.includes(which) &&
      !round.asking.has(which) &&
      working.some((other) => other !== which && round.asking.has(other))
    );
  }

  #workingIn({ hasLeft }: Round): number[] {
    return [...this.#destinations.keys()].filter((which) => this.#isWorking(which) && !hasLeft.has(which));
  }

  #isWorking(which: number): boolean {
    const { state, cutOff } = this.#destinations[which]!;
    return state === 'working' && !cutOff.signal.aborted;
  }
}

function seconds(ms: number): string {
  return `${ms / 1000} s`;
}
