import { readFileSync } from 'node:fs';
import tls from 'node:tls';

/**
 * The authorities in a PEM file beside those that Node trusts by itself (NODE_EXTRA_CA_CERTS included), which a list of
 * one's own would replace.
 *
 * @throws Error when the file cannot be read
 */
export function trustedAuthorities(caPath: string | undefined): string[] {
  return [...trustedByDefault(), ...(caPath === undefined ? [] : [readFileSync(caPath, 'utf8')])];
}

function trustedByDefault(): readonly string[] {
  // Since Node 22.15; the types are those of Node 20.
  const { getCACertificates } = tls as { readonly getCACertificates?: (type: 'default') => string[] };
  if (getCACertificates !== undefined) return getCACertificates('default');
  const extraPath = process.env['NODE_EXTRA_CA_CERTS'];
  return extraPath === undefined
    ? tls.rootCertificates
    : [...tls.rootCertificates, readFileSync(extraPath, 'utf8')];
}
