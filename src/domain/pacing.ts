/** How often things happen. */

import { murmur3 } from './murmur3.ts';

/** Empty polls before a subscription counts as quiet and its pause begins to double. */
const pollsBeforeSlowing = 5;

/** Pause before the next listing, in milliseconds: the interval while busy, doubling to the longest while quiet. */
export function pollDelayMs(
  quietPolls: number,
  settings: { readonly intervalMs: number; readonly maxIntervalMs: number },
): number {
  const doublings = Math.min(30, Math.max(0, quietPolls - pollsBeforeSlowing + 1));
  return Math.max(
    settings.intervalMs,
    Math.min(settings.maxIntervalMs, settings.intervalMs * 2 ** doublings),
  );
}

/**
 * A factor from 0.9 to 1.1 that differs by seed, so that thousands of subscriptions that started together do not list
 * together.
 */
export function jitter(seed: string): number {
  const [high] = murmur3(new TextEncoder().encode(seed));
  return 0.9 + 0.2 * (high / 2 ** 32);
}

/** Pause before a parked subscription looks again: 30 s, doubling to an hour. */
export function parkedDelayMs(probes: number): number {
  return Math.min(3_600_000, 30_000 * 2 ** Math.min(probes, 10));
}
