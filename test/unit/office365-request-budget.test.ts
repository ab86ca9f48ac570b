import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import {
  createRequestBudget,
  type RequestBudget,
  type RequestPriority,
} from '../../src/office365/request-budget.ts';

const never = new AbortController().signal;
const reason = new Error('shut down');

/** Time passes only when it is told to. */
beforeEach(() => void vi.useFakeTimers({ toFake: ['performance', 'setTimeout', 'clearTimeout'] }));
afterEach(() => void vi.useRealTimers());

/** Requests that enter in an order that can be looked at. */
function requestsOf(budget: RequestBudget) {
  const entered: string[] = [];
  const leave = new Map<string, () => void>();
  return {
    entered,
    leave: (name: string) => leave.get(name)?.(),
    send: (name: string, priority: RequestPriority = 'live', signal = never) =>
      budget.acquire('listSubscriptions', { signal, priority }).then((giveBack) => {
        entered.push(name);
        leave.set(name, giveBack);
      }),
  };
}

/** Lets what can go on go on. */
const settle = () => new Promise(setImmediate);

/** Uses up what may be sent at once: five seconds of the rate. */
async function exhaust(budget: RequestBudget, count: number): Promise<void> {
  for (let at = 0; at < count; at++) (await budget.acquire('x', { signal: never, priority: 'live' }))();
}

function names(prefix: string, count: number): string[] {
  return Array.from({ length: count }, (_, at) => `${prefix}${at + 1}`);
}

describe('places', () => {
  it('are eight, and go to the next ones in their order', async () => {
    const requests = requestsOf(createRequestBudget(Infinity));
    for (const name of names('a', 10)) void requests.send(name);
    await settle();
    expect(requests.entered).toEqual(names('a', 8));
    requests.leave('a4');
    await settle();
    expect(requests.entered.slice(8)).toEqual(['a9']);
    requests.leave('a1');
    await settle();
    expect(requests.entered.slice(9)).toEqual(['a10']);
  });

  it('are kept free for live requests while owed ones wait', async () => {
    const requests = requestsOf(createRequestBudget(Infinity));
    for (const name of names('owed', 10)) void requests.send(name, 'owed');
    await settle();
    expect(requests.entered).toEqual(names('owed', 6));
    void requests.send('live1');
    void requests.send('live2');
    await settle();
    expect(requests.entered.slice(6)).toEqual(['live1', 'live2']);
  });

  it('go to live requests first, and to owed ones once no live one waits', async () => {
    const requests = requestsOf(createRequestBudget(Infinity));
    for (const name of names('a', 8)) void requests.send(name);
    void requests.send('owed1', 'owed');
    void requests.send('live1');
    await settle();
    requests.leave('a1');
    await settle();
    requests.leave('a2');
    await settle();
    expect(requests.entered.slice(8)).toEqual(['live1', 'owed1']);
  });

  it('are not lost on requests that were given up while they waited', async () => {
    const requests = requestsOf(createRequestBudget(Infinity));
    for (const name of names('a', 8)) void requests.send(name);
    const abort = new AbortController();
    const givenUp = requests.send('given up', 'live', abort.signal);
    void requests.send('next');
    abort.abort(reason);
    await expect(givenUp).rejects.toBe(reason);
    requests.leave('a1');
    await settle();
    expect(requests.entered.at(-1)).toBe('next');
  });

  it('are not given to a request that was aborted before', async () => {
    const requests = requestsOf(createRequestBudget(Infinity));
    await expect(requests.send('x', 'live', AbortSignal.abort(reason))).rejects.toBe(reason);
    for (const name of names('a', 8)) void requests.send(name);
    await settle();
    expect(requests.entered).toHaveLength(8);
  });
});

describe('the rate', () => {
  it('spaces requests once the burst is used up', async () => {
    const budget = createRequestBudget(60);
    await exhaust(budget, 5);
    const requests = requestsOf(budget);
    void requests.send('a');
    void requests.send('b');
    await settle();
    expect(requests.entered).toEqual([]);
    await vi.advanceTimersByTimeAsync(1000);
    expect(requests.entered).toEqual(['a']);
    await vi.advanceTimersByTimeAsync(1000);
    expect(requests.entered).toEqual(['a', 'b']);
  });

  it('lets a live request pass owed ones that wait for it', async () => {
    const budget = createRequestBudget(60);
    await exhaust(budget, 5);
    const requests = requestsOf(budget);
    void requests.send('owed1', 'owed');
    void requests.send('owed2', 'owed');
    await vi.advanceTimersByTimeAsync(500);
    void requests.send('live');
    await vi.advanceTimersByTimeAsync(3000);
    expect(requests.entered).toEqual(['live', 'owed1', 'owed2']);
  });

  it('is not spent on requests that were given up while they waited for it', async () => {
    const budget = createRequestBudget(60);
    await exhaust(budget, 5);
    const requests = requestsOf(budget);
    const abort = new AbortController();
    const givenUp = names('a', 5).map((name) => requests.send(name, 'live', abort.signal));
    abort.abort(reason);
    for (const request of givenUp) await expect(request).rejects.toBe(reason);
    expect(vi.getTimerCount()).toBe(0);
    void requests.send('b');
    await vi.advanceTimersByTimeAsync(1000);
    expect(requests.entered).toEqual(['b']);
  });

  it('halves when the service throttles', async () => {
    const budget = createRequestBudget(600);
    budget.throttled(undefined);
    const requests = requestsOf(budget);
    void requests.send('a');
    await vi.advanceTimersByTimeAsync(199);
    expect(requests.entered).toEqual([]);
    await vi.advanceTimersByTimeAsync(1);
    expect(requests.entered).toEqual(['a']);
  });
});

describe('a pause that the service asked for', () => {
  it.each([1000, Infinity])('holds all requests of the tenant, at a rate of %d', async (rate) => {
    const budget = createRequestBudget(rate);
    budget.throttled(20_000);
    const requests = requestsOf(budget);
    void requests.send('live');
    void requests.send('owed', 'owed');
    await vi.advanceTimersByTimeAsync(19_999);
    expect(requests.entered).toEqual([]);
    await vi.advanceTimersByTimeAsync(1000);
    expect(requests.entered).toEqual(['live', 'owed']);
  });

  it('is not shortened by a later, shorter one', async () => {
    const budget = createRequestBudget(Infinity);
    budget.throttled(20_000);
    budget.throttled(1_000);
    const requests = requestsOf(budget);
    void requests.send('a');
    await vi.advanceTimersByTimeAsync(19_999);
    expect(requests.entered).toEqual([]);
    await vi.advanceTimersByTimeAsync(1);
    expect(requests.entered).toEqual(['a']);
  });

  it('becomes a failure with the rest of it where it is long, for those that wait already, too', async () => {
    const budget = createRequestBudget(60);
    await exhaust(budget, 5);
    const requests = requestsOf(budget);
    const waiting = requests.send('waits for the rate', 'owed');
    budget.throttled(120_000);
    await expect(waiting).rejects.toMatchObject({ kind: 'throttled', retryAfterMs: 120_000 });
    vi.advanceTimersByTime(80_000);
    const failing = requests.send('too early');
    await expect(failing).rejects.toMatchObject({
      kind: 'throttled',
      retryAfterMs: 40_000,
      message: expect.stringMatching(/^listSubscriptions: not sent, .+ pause/),
    });
    vi.advanceTimersByTime(40_000);
    void requests.send('afterwards');
    await settle();
    expect(requests.entered).toEqual(['afterwards']);
  });
});
