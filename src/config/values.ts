import { z } from 'zod';

/** Values as people write them, each with a message that shows an example and never repeats what was written. */

const millisecondsPerUnit = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;
const bytesPerUnit = { B: 1, KiB: 1024, MiB: 1024 ** 2, GiB: 1024 ** 3 } as const;

/** Milliseconds of `500ms`, `30s`, `5m`, `2h30m` or `7d`; `undefined` for anything else. */
export function parseDuration(text: string): number | undefined {
  const trimmed = text.trim();
  if (!/^(?:\d+(?:ms|s|m|h|d))+$/.test(trimmed)) return undefined;
  const parts = [...trimmed.matchAll(/(\d+)(ms|s|m|h|d)/g)];
  return parts.reduce(
    (sum, [, count, unit]) =>
      sum + Number(count) * millisecondsPerUnit[unit as keyof typeof millisecondsPerUnit],
    0,
  );
}

/** Bytes of `512B`, `64KiB`, `64MiB` or `1GiB`; `undefined` for anything else. */
function parseSize(text: string): number | undefined {
  const [, count, unit] = /^(\d+) ?(B|KiB|MiB|GiB)$/.exec(text.trim()) ?? [];
  return count === undefined ? undefined : Number(count) * bytesPerUnit[unit as keyof typeof bytesPerUnit];
}

/** A duration in milliseconds between two durations, both inclusive. */
export function duration(least: string, most: string) {
  const expected = 'must be a duration with its unit, such as 30s, 5m, 2h30m or 7d';
  return z.string({ error: expected }).transform((text, context) => {
    const milliseconds = parseDuration(text);
    if (milliseconds === undefined) return refuse(context, expected);
    if (milliseconds < (parseDuration(least) ?? 0) || milliseconds > (parseDuration(most) ?? Infinity)) {
      return refuse(context, `must be a duration from ${least} to ${most}`);
    }
    return milliseconds;
  });
}

/**
 * How far back Microsoft serves content, with an hour to spare for the work itself. Source: Management Activity API
 * reference, "List available content": nothing older than seven days (AF20030).
 */
const retentionMs = 167 * 3_600_000;

/** A span back from now, in milliseconds, within what Microsoft still serves: `7d` is an hour less than seven days. */
export function age(least: string) {
  return duration(least, '7d').transform((milliseconds) => Math.min(milliseconds, retentionMs));
}

/** A size in bytes between two sizes, both inclusive. */
export function size(least: string, most: string) {
  const expected = `must be a size with its unit from ${least} to ${most}, such as 512KiB, 64MiB or 1GiB`;
  return z.string({ error: expected }).transform((text, context) => {
    const bytes = parseSize(text) ?? NaN;
    const isWithin = bytes >= (parseSize(least) ?? 0) && bytes <= (parseSize(most) ?? Infinity);
    return isWithin ? bytes : refuse(context, expected);
  });
}

/** A whole number from 1, or `unlimited`, which is `Infinity`. */
export function numberOrUnlimited() {
  const expected = 'must be a whole number from 1, such as 1000, or `unlimited`';
  return z.union([z.number(), z.string()], { error: expected }).transform((value, context) => {
    if (value === 'unlimited') return Infinity;
    const number = typeof value === 'string' && /^\d+$/.test(value.trim()) ? Number(value) : value;
    return Number.isSafeInteger(number) && Number(number) >= 1 ? Number(number) : refuse(context, expected);
  });
}

/**
 * A GUID in lower case. Microsoft's GUIDs are 8-4-4-4-12 hexadecimal digits without a promise about the version,
 * so that zod's stricter `uuid` refuses real ones.
 */
export function guid(remedy: string) {
  return z
    .string()
    .trim()
    .regex(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i, {
      error: `is not a GUID such as 01234567-89ab-cdef-0123-456789abcdef; ${remedy}`,
    })
    .toLowerCase();
}

/** The origin of a service, without a slash at the end: https, or plain http to this machine only. */
export function origin() {
  return z.string().transform((text, context) => {
    const url = URL.canParse(text) ? new URL(text) : undefined;
    if (url === undefined || !['https:', 'http:'].includes(url.protocol)) {
      return refuse(context, 'must be an address such as https://manage.office.com');
    }
    if (url.protocol === 'http:' && !isLoopback(url.hostname)) {
      return refuse(
        context,
        'must start with https://; plain http:// is for this machine only (127.0.0.1, [::1], localhost)',
      );
    }
    if (url.href !== `${url.origin}/`) {
      return refuse(
        context,
        'must be scheme, host and port alone, such as https://manage.office.com; remove what stands behind or before the host',
      );
    }
    return url.origin;
  });
}

/** An address with its path and query: https or plain http, without user, password and fragment. */
export function webAddress() {
  const expected = 'must be an address such as https://siem.example/ingest';
  return z.string({ error: expected }).transform((text, context) => {
    const url = URL.canParse(text) ? new URL(text) : undefined;
    if (url === undefined || !['https:', 'http:'].includes(url.protocol)) return refuse(context, expected);
    if (url.username !== '' || url.password !== '') {
      return refuse(context, 'holds a user or password; write them into keys of their own');
    }
    return url.hash === ''
      ? url.href
      : refuse(context, 'has a part behind #, which is never sent; remove it');
  });
}

/** The address of a proxy, with user and password if need be, without a slash at the end. */
export function proxyAddress() {
  return z.string().transform((text, context) => {
    const url = URL.canParse(text) ? new URL(text) : undefined;
    const isAddress = url?.pathname === '/' && url.search === '' && url.hash === '';
    if (!isAddress || !['https:', 'http:'].includes(url.protocol)) {
      return refuse(context, 'must be the address of a proxy, such as http://proxy.example:3128');
    }
    return url.href.replace(/\/$/, '');
  });
}

/** `system`, or the client id of a user-assigned managed identity in lower case. */
export function identityOfMachine() {
  const expected =
    'must be `system`, or the client id of a user-assigned identity such as 01234567-89ab-cdef-0123-456789abcdef';
  return z
    .string({ error: expected })
    .trim()
    .toLowerCase()
    .regex(/^(?:system|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12})$/, { error: expected });
}

/** Whether a host, as `URL.hostname` writes it, is this machine. */
export function isLoopback(hostname: string): boolean {
  return hostname === 'localhost' || hostname === '[::1]' || /^127\.\d+\.\d+\.\d+$/.test(hostname);
}

/** A time with its zone, as ISO 8601 with `Z`. */
export function timeWithZone() {
  return z.iso
    .datetime({ offset: true, error: 'must be a time with its zone, such as 2026-11-22T00:00:00Z' })
    .transform((text) => new Date(text).toISOString());
}

/** Ends a transform with a message. */
function refuse(context: z.core.$RefinementCtx, message: string): never {
  context.issues.push({ code: 'custom', message, input: undefined });
  return z.NEVER;
}
