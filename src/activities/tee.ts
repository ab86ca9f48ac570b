/**
 * Hands each value of `source` to `count` consumers. The source is asked for the next value when every consumer that is
 * still there has asked, so the slowest sets the pace and nothing piles up. A consumer that stops early leaves the round.
 */
export function tee<Value>(source: AsyncIterable<Value>, count: number): readonly AsyncIterable<Value>[] {
  if (count === 1) return [source];
  const iterator = source[Symbol.asyncIterator]();
  let waiting: PromiseWithResolvers<IteratorResult<Value, unknown>>[] = [];
  let consumers = count;

  const pullWhenAllWait = () => {
    if (waiting.length < consumers || consumers === 0) return;
    const round = waiting;
    waiting = [];
    iterator.next().then(
      (result) => round.forEach(({ resolve }) => resolve(result)),
      (error: unknown) => round.forEach(({ reject }) => reject(error)),
    );
  };

  return Array.from({ length: count }, () => {
    let hasLeft = false;
    return {
      [Symbol.asyncIterator]: () => ({
        next: () => {
          const turn = withResolvers<IteratorResult<Value, unknown>>();
          waiting.push(turn);
          pullWhenAllWait();
          return turn.promise;
        },
        return: async () => {
          if (!hasLeft) {
            hasLeft = true;
            consumers--;
            pullWhenAllWait();
            if (consumers === 0) await iterator.return?.();
          }
          return { done: true as const, value: undefined };
        },
      }),
    };
  });
}

interface PromiseWithResolvers<Value> {
  readonly promise: Promise<Value>;
  readonly resolve: (value: Value) => void;
  readonly reject: (reason: unknown) => void;
}

/** `Promise.withResolvers`, which Node 20 does not have. */
function withResolvers<Value>(): PromiseWithResolvers<Value> {
  let settle: Omit<PromiseWithResolvers<Value>, 'promise'> | undefined;
  const promise = new Promise<Value>((resolve, reject) => {
    settle = { resolve, reject };
  });
  return { promise, ...settle! };
}
