/** A garbled header must not silence a tenant for days; asking once an hour harms nobody. */
const longestWaitMs = 3_600_000;

/**
 * The wait that a `Retry-After` header asks for, in milliseconds and at most an hour: seconds or an HTTP date (RFC 9110,
 * 10.2.3). Undefined without a header or with one that is neither.
 */
export function retryAfterMs(header: string | undefined, nowMs: number): number | undefined {
  if (header === undefined) return undefined;
  const waitMs = /^\s*\d+(?:\.\d+)?\s*$/.test(header) ? Number(header) * 1000 : Date.parse(header) - nowMs;
  return Number.isNaN(waitMs) ? undefined : Math.min(longestWaitMs, Math.max(0, Math.ceil(waitMs)));
}
