/**
 * Hands each value of `source` to `count` consumers. The source is asked for the next value when every consumer that is
 * still there has asked, so the slowest sets the pace and nothing piles up. A consumer that stops early leaves the round:
 * what it still waits for, or asks for afterwards, is rejected, so that it never takes for the end what is none.
 */
export function tee<Value>(source: AsyncIterable<Value>, count: number): readonly AsyncIterable<Value>[] {
  if (count === 1) return [source];
  const iterator = source[Symbol.asyncIterator]();
  /** What each consumer that is still there waits for. */
  const turns = new Set<Turn<Value>[]>();

  const pullWhenAllWait = () => {
    if (turns.size === 0 || [...turns].some((waiting) => waiting.length === 0)) return;
    const round = [...turns].map((waiting) => waiting.shift()!);
    iterator.next().then(
      (result) => round.forEach(({ resolve }) => resolve(result)),
      (error: unknown) => round.forEach(({ reject }) => reject(error)),
    );
  };

  return Array.from({ length: count }, () => {
    const waiting: Turn<Value>[] = [];
    turns.add(waiting);
    const consumer: AsyncIterator<Value, unknown> = {
      next: () =>
        new Promise((resolve, reject) => {
          if (!turns.has(waiting)) return reject(hasLeft());
          waiting.push({ resolve, reject });
          pullWhenAllWait();
        }),
      return: async () => {
        if (turns.delete(waiting)) {
          for (const { reject } of waiting) reject(hasLeft());
          pullWhenAllWait();
          if (turns.size === 0) await iterator.return?.();
        }
        return { done: true, value: undefined };
      },
    };
    return { [Symbol.asyncIterator]: () => consumer };
  });
}

interface Turn<Value> {
  readonly resolve: (value: IteratorResult<Value, unknown>) => void;
  readonly reject: (reason: unknown) => void;
}

function hasLeft(): Error {
  return new Error('the consumer left before the end');
}
