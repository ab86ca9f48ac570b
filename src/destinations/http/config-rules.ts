import type { z } from 'zod';
import { isLoopback } from '../../config/values.ts';

/** The keys of which one decides on the `Authorization` header. */
const credentials = ['bearer_token_path', 'bearer_token', 'username'] as const;

/** Rules between keys. They are looked at even where a key by itself is wrong, so that every problem is told at once. */
export function checkTogether(
  options: Readonly<Record<string, unknown>>,
  context: z.core.$RefinementCtx,
): void {
  const has = (key: string) => options[key] !== undefined;
  const isPlain = typeof options.url === 'string' && URL.canParse(options.url) && isPlainHttp(options.url);
  if (isPlain && options.allow_insecure !== true) {
    const problem =
      'must start with https://; plain http:// is for this machine only (127.0.0.1, [::1], localhost), or with allow_insecure: true';
    report(context, ['url'], problem);
  }
  const [first, ...further] = credentials.filter(has);
  for (const key of further) report(context, [key], `is incompatible with ${first}; keep one of the two`);
  if (has('password') && has('password_path')) {
    report(context, ['password'], 'is incompatible with password_path; keep one of the two');
  }
  const hasPassword = has('password') || has('password_path');
  if (has('username') && !hasPassword) {
    report(context, ['username'], 'needs a password; name its file by password_path');
  }
  if (!has('username') && hasPassword) {
    report(context, ['username'], 'is missing; the password belongs to it');
  }
  if (has('client_certificate_key_path') && !has('client_certificate_path')) {
    const problem =
      'belongs to a certificate; name it by client_certificate_path beside this key, or remove this key';
    report(context, ['client_certificate_key_path'], problem);
  }
  const authorization = Object.keys(options.headers ?? {}).find(
    (name) => name.toLowerCase() === 'authorization',
  );
  if (authorization !== undefined && first !== undefined) {
    report(context, ['headers', authorization], `is incompatible with ${first}; keep one of the two`);
  }
}

function isPlainHttp(url: string): boolean {
  const { protocol, hostname } = new URL(url);
  return protocol === 'http:' && !isLoopback(hostname);
}

/** Says what is wrong with the key at the path. */
export function report(context: z.core.$RefinementCtx, path: readonly string[], message: string): void {
  context.issues.push({ code: 'custom', message, path: [...path], input: undefined });
}
