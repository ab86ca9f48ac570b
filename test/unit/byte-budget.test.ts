import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ByteBudget, type Reservation } from '../../src/http/byte-budget.ts';

const never = new AbortController().signal;

/** Lets everything that can go on go on. */
const settled = () => new Promise((resolve) => setImmediate(resolve));

/** Reserves and notes the name as soon as there is room. */
function reserveAs(
  name: string,
  bytes: number,
  budget: ByteBudget,
  admitted: string[],
): Promise<Reservation> {
  return budget.reserve(bytes, never).then((reservation) => {
    admitted.push(name);
    return reservation;
  });
}

describe('ByteBudget', () => {
  it('lets pass what fits, up to the last byte', async () => {
    const budget = new ByteBudget(10);
    await budget.reserve(6, never);
    await budget.reserve(4, never);
    expect(budget.reservedBytes).toBe(10);
  });

  it('lets wait what does not fit until enough is given back', async () => {
    const budget = new ByteBudget(10);
    const admitted: string[] = [];
    const first = await reserveAs('first', 6, budget, admitted);
    const second = await reserveAs('second', 4, budget, admitted);
    void reserveAs('third', 7, budget, admitted);
    first.release();
    await settled();
    expect(admitted).toEqual(['first', 'second']);
    second.release();
    await settled();
    expect(admitted).toEqual(['first', 'second', 'third']);
    expect(budget.reservedBytes).toBe(7);
  });

  it('serves who came first, so that small ones do not pass a large one for ever', async () => {
    const budget = new ByteBudget(10);
    const admitted: string[] = [];
    const first = await reserveAs('first', 6, budget, admitted);
    void reserveAs('large', 8, budget, admitted);
    void reserveAs('small', 1, budget, admitted);
    await settled();
    expect(admitted).toEqual(['first']);
    first.release();
    await settled();
    expect(admitted).toEqual(['first', 'large', 'small']);
  });

  it('lets one above the total pass when it is alone', async () => {
    const budget = new ByteBudget(10);
    const admitted: string[] = [];
    const first = await reserveAs('first', 1, budget, admitted);
    const huge = reserveAs('huge', 100, budget, admitted);
    void reserveAs('after', 1, budget, admitted);
    await settled();
    expect(admitted).toEqual(['first']);
    first.release();
    (await huge).release();
    await settled();
    expect(admitted).toEqual(['first', 'huge', 'after']);
    expect(budget.reservedBytes).toBe(1);
  });

  it('takes back a part, and each byte once', async () => {
    const budget = new ByteBudget(10);
    const reservation = await budget.reserve(10, never);
    const waiting = budget.reserve(3, never);
    reservation.shrinkTo(12);
    expect(budget.reservedBytes).toBe(10);
    reservation.shrinkTo(7);
    await waiting;
    expect(budget.reservedBytes).toBe(10);
    reservation.release();
    reservation.release();
    reservation.shrinkTo(1);
    expect(budget.reservedBytes).toBe(3);
  });

  it('rejects with the reason when it is aborted, and lets those behind it pass', async () => {
    const budget = new ByteBudget(10);
    await budget.reserve(6, never);
    const controller = new AbortController();
    const aborted = budget.reserve(8, controller.signal);
    const behind = budget.reserve(4, never);
    controller.abort(new Error('shutting down'));
    await expect(aborted).rejects.toThrow('shutting down');
    await behind;
    expect(budget.reservedBytes).toBe(10);
    await expect(budget.reserve(1, controller.signal)).rejects.toThrow('shutting down');
  });

  it('takes nothing back when it is aborted after it was admitted', async () => {
    const budget = new ByteBudget(10);
    const controller = new AbortController();
    const reservation = await budget.reserve(6, controller.signal);
    controller.abort();
    expect(budget.reservedBytes).toBe(6);
    reservation.release();
    expect(budget.reservedBytes).toBe(0);
  });

  it('is never above its total for what fits, and admits everybody in the end', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.record({ bytes: fc.integer({ min: 1, max: 12 }), isAborted: fc.boolean() }), {
          maxLength: 20,
        }),
        async (wishes) => {
          const budget = new ByteBudget(10);
          const held = new Set<number>();
          let served = 0;
          const work = wishes.map(async ({ bytes, isAborted }, index) => {
            const controller = new AbortController();
            const reserving = budget.reserve(bytes, controller.signal);
            if (isAborted) controller.abort();
            const reservation = await reserving.catch(() => undefined);
            if (reservation !== undefined) held.add(index);
            expect(budget.reservedBytes <= 10 || held.size === 1).toBe(true);
            await Promise.resolve();
            held.delete(index);
            reservation?.release();
            served++;
          });
          await Promise.all(work);
          expect([served, budget.reservedBytes]).toEqual([wishes.length, 0]);
        },
      ),
      { numRuns: 200, seed: 5 },
    );
  });
});
