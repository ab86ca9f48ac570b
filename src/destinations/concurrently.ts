import { abortable } from './abortable.ts';

/** What a read from the source or a piece of work came to; neither rejects. */
type Step<Item, Result> =
  | { readonly type: 'item'; readonly item: Item }
  | { readonly type: 'end' }
  | { readonly type: 'result'; readonly result: Result; readonly work: symbol }
  | { readonly type: 'failure'; readonly error: unknown; readonly work?: symbol };

/**
 * Works on up to `limit` items of `source` at once and yields each result as it comes; reads no further than that
 * ahead of whoever takes the results. After a failure no more is begun, the signal that `work` was given aborts, what
 * still succeeds is yielded, and then the failure is thrown. When `signal` aborts, its reason is thrown at once.
 */
export async function* concurrently<Item, Result>(
  source: AsyncIterable<Item>,
  { limit, signal }: { readonly limit: number; readonly signal: AbortSignal },
  work: (item: Item, signal: AbortSignal) => Promise<Result>,
): AsyncGenerator<Result, void, undefined> {
  signal.throwIfAborted();
  const items = source[Symbol.asyncIterator]();
  const stop = new AbortController();
  const relayAbort = (): void => stop.abort(signal.reason);
  signal.addEventListener('abort', relayAbort, { once: true });

  const working = new Map<symbol, Promise<Step<Item, Result>>>();
  let reading: Promise<Step<Item, Result>> | undefined;
  let isExhausted = false;
  let failure: { readonly error: unknown } | undefined;
  try {
    for (;;) {
      if (!isExhausted && failure === undefined && working.size < limit) reading ??= readItem(items);
      const pending = [...working.values(), ...(reading && failure === undefined ? [reading] : [])];
      if (pending.length === 0) break;

      const step = await abortable(Promise.race(pending), signal);
      switch (step.type) {
        case 'item': {
          reading = undefined;
          const id = Symbol('work');
          working.set(id, runWork(id, work(step.item, stop.signal)));
          break;
        }
        case 'end':
          reading = undefined;
          isExhausted = true;
          break;
        case 'result':
          working.delete(step.work);
          yield step.result;
          break;
        case 'failure':
          if (step.work === undefined) isExhausted = true;
          else working.delete(step.work);
          failure ??= { error: step.error };
          stop.abort(failure.error);
          break;
      }
    }
    if (failure !== undefined) throw failure.error;
  } finally {
    signal.removeEventListener('abort', relayAbort);
    stop.abort();
    // The source may be stuck in a read, so nobody waits for it.
    if (!isExhausted) items.return?.().catch(() => undefined);
  }
}

async function readItem<Item, Result>(items: AsyncIterator<Item>): Promise<Step<Item, Result>> {
  try {
    const next = await items.next();
    return next.done === true ? { type: 'end' } : { type: 'item', item: next.value };
  } catch (error) {
    return { type: 'failure', error };
  }
}

async function runWork<Item, Result>(work: symbol, running: Promise<Result>): Promise<Step<Item, Result>> {
  try {
    return { type: 'result', result: await running, work };
  } catch (error) {
    return { type: 'failure', error, work };
  }
}
