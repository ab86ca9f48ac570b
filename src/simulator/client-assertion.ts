import { X509Certificate, constants, createHash, verify } from 'node:crypto';
import { tokenError } from './answer.ts';
import type { Answer } from './answer.ts';

export interface AssertionRules {
  /** PEM text; `undefined` when none is registered. */
  readonly certificate: string | undefined;
  readonly clientId: string;
  /** URL of the token endpoint that was called. */
  readonly audience: string;
  readonly nowMs: number;
}

interface Claims {
  readonly aud?: unknown;
  readonly iss?: unknown;
  readonly sub?: unknown;
  /** Seconds since 1970. */
  readonly nbf?: unknown;
  readonly exp?: unknown;
}

/** Seconds by which the clocks may differ. Entra's own tolerance, from general knowledge. */
const toleranceSeconds = 300;

/** Why an assertion is refused, if it is: signature and certificate, lifetime, audience, issuer (management-activity-api.md 1.3). */
export function refusalOfAssertion(assertion: string, rules: AssertionRules): Answer | undefined {
  const [header = '', payload = '', signature = ''] = assertion.split('.');
  const claims = decoded(payload) as Claims | undefined;
  const isSigned =
    rules.certificate !== undefined && isSignedBy(rules.certificate, { header, payload, signature });
  if (claims === undefined || !isSigned)
    return tokenError(
      'invalid_client',
      700027,
      'The certificate with identifier used to sign the client assertion is not registered on application.',
    );
  const nowSeconds = rules.nowMs / 1000;
  const isInTime =
    Number(claims.nbf ?? 0) - toleranceSeconds <= nowSeconds &&
    nowSeconds < Number(claims.exp) + toleranceSeconds;
  if (!isInTime)
    return tokenError('invalid_client', 700024, 'Client assertion is not within its valid time range.');
  if (claims.iss !== rules.clientId || claims.sub !== rules.clientId || claims.aud !== rules.audience)
    return tokenError(
      'invalid_client',
      50013,
      'Assertion failed signature validation: issuer, subject or audience of the assertion is wrong.',
    );
  return undefined;
}

interface SignedParts {
  readonly header: string;
  readonly payload: string;
  readonly signature: string;
}

/** By RS256 with `x5t` or PS256 with `x5t#S256`, each thumbprint being that of the certificate. */
function isSignedBy(pem: string, { header, payload, signature }: SignedParts): boolean {
  const certificate = new X509Certificate(pem);
  const { alg, x5t, 'x5t#S256': x5tS256 } = (decoded(header) ?? {}) as Record<string, unknown>;
  const thumbprint = (hash: string) => createHash(hash).update(certificate.raw).digest('base64url');
  const isNamed = x5t === thumbprint('sha1') || x5tS256 === thumbprint('sha256');
  const padding = alg === 'PS256' ? constants.RSA_PKCS1_PSS_PADDING : constants.RSA_PKCS1_PADDING;
  if (!isNamed || (alg !== 'PS256' && alg !== 'RS256')) return false;
  const key = { key: certificate.publicKey, padding };
  return verify('sha256', Buffer.from(`${header}.${payload}`), key, Buffer.from(signature, 'base64url'));
}

function decoded(part: string): object | undefined {
  try {
    const value: unknown = JSON.parse(Buffer.from(part, 'base64url').toString('utf8'));
    return typeof value === 'object' && value !== null ? value : undefined;
  } catch {
    return undefined;
  }
}
