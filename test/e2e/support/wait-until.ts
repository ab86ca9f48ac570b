import { setTimeout as sleep } from 'node:timers/promises';

const pollMs = 100;

type Something<Value> = Exclude<Value, undefined | null | false | '' | 0>;

/**
 * Waits until the condition yields something, and returns it. A condition that throws does not hold yet: a query, for
 * example, is refused while a workflow's next run begins.
 *
 * @throws Error naming what was waited for, with what the condition threw last.
 */
export async function waitUntil<Value>(
  what: string,
  condition: () => Value | Promise<Value>,
  timeoutMs = 90_000,
): Promise<Something<Value>> {
  const endMs = Date.now() + timeoutMs;
  let cause: unknown;
  for (;;) {
    try {
      const value = await condition();
      if (value) return value as Something<Value>;
      cause = undefined;
    } catch (error) {
      cause = error;
    }
    if (Date.now() > endMs) throw new Error(`waited ${timeoutMs / 1000} s until ${what}`, { cause });
    await sleep(pollMs);
  }
}
