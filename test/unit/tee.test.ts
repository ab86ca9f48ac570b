import { describe, expect, it } from 'vitest';
import { tee } from '../../src/activities/tee.ts';

async function* numbers(count: number, onPull: (value: number) => void = () => undefined) {
  for (let value = 0; value < count; value++) {
    onPull(value);
    yield value;
  }
}

async function collect<Value>(values: AsyncIterable<Value>): Promise<Value[]> {
  const collected: Value[] = [];
  for await (const value of values) collected.push(value);
  return collected;
}

describe('tee', () => {
  it('hands the source itself to a single consumer', () => {
    const source = numbers(3);
    expect(tee(source, 1)).toEqual([source]);
  });

  it('hands every value to every consumer', async () => {
    const all = await Promise.all(tee(numbers(5), 3).map(collect));
    expect(all).toEqual([
      [0, 1, 2, 3, 4],
      [0, 1, 2, 3, 4],
      [0, 1, 2, 3, 4],
    ]);
  });

  it('asks the source no further than the slowest consumer has asked', async () => {
    const pulled: number[] = [];
    const [fast, slow] = tee(
      numbers(5, (value) => pulled.push(value)),
      2,
    ).map((values) => values[Symbol.asyncIterator]());
    const first = fast!.next();
    await Promise.resolve();
    expect(pulled).toEqual([]);
    expect(await slow!.next()).toEqual({ done: false, value: 0 });
    expect(await first).toEqual({ done: false, value: 0 });
    expect(pulled).toEqual([0]);
  });

  it('goes on for the others when a consumer leaves, also while they wait for it', async () => {
    const [stays, leaves] = tee(numbers(4), 2);
    const collected = collect(stays!);
    for await (const value of leaves!) if (value === 1) break;
    expect(await collected).toEqual([0, 1, 2, 3]);
  });

  it('loses nothing for the others when a consumer leaves that waits itself', async () => {
    const [stays, leaves] = tee(numbers(3), 2).map((values) => values[Symbol.asyncIterator]());
    const waiting = leaves!.next();
    await leaves!.return?.();
    await expect(waiting).rejects.toThrow('left before the end');
    expect(await stays!.next()).toEqual({ done: false, value: 0 });
  });

  it('gives nothing to a consumer that has left, and loses it for nobody', async () => {
    const [stays, leaves] = tee(numbers(3), 2).map((values) => values[Symbol.asyncIterator]());
    await leaves!.return?.();
    await expect(leaves!.next()).rejects.toThrow('left before the end');
    expect(await stays!.next()).toEqual({ done: false, value: 0 });
    expect(await stays!.next()).toEqual({ done: false, value: 1 });
  });

  it('serves one that asks twice at once in turn with the others', async () => {
    const [hasty, calm] = tee(numbers(3), 2).map((values) => values[Symbol.asyncIterator]());
    const both = Promise.all([hasty!.next(), hasty!.next()]);
    expect(await calm!.next()).toEqual({ done: false, value: 0 });
    expect(await calm!.next()).toEqual({ done: false, value: 1 });
    expect((await both).map(({ value }) => value)).toEqual([0, 1]);
  });

  it('ends the source when all have left', async () => {
    let hasEnded = false;
    async function* endless() {
      try {
        for (;;) yield 1;
      } finally {
        hasEnded = true;
      }
    }
    const leave = async (values: AsyncIterable<number>) => {
      for await (const _ of values) break;
    };
    await Promise.all(tee(endless(), 2).map(leave));
    expect(hasEnded).toBe(true);
  });

  it('throws what the source throws to every consumer', async () => {
    async function* broken() {
      yield 1;
      throw new Error('cut off');
    }
    const results = await Promise.allSettled(tee(broken(), 2).map(collect));
    expect(results.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
  });
});
