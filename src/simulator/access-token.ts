import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import type { Call } from './call.ts';

/** The claims of an app-only token that the simulator itself looks at; there are more in the token. */
export interface TokenClaims {
  readonly tid: string;
  readonly appid: string;
  readonly aud: string;
  readonly roles: readonly string[];
}

/** How the client has shown who it is: `appidacr` of a token. */
export type ProofKind = 'secret' | 'certificate';

type AllClaims = Omit<TokenClaims, 'roles'> & {
  readonly roles?: readonly string[];
  /** Seconds since 1970. */
  readonly iat: number;
  readonly exp: number;
};

export interface TokenRequest {
  readonly tenantId: string;
  readonly clientId: string;
  readonly audience: string;
  readonly proof: ProofKind;
  readonly roles: readonly string[];
  /** Rights granted as delegated ones, which do not count. */
  readonly scopes: readonly string[];
  readonly lifetimeSeconds: number;
  readonly nowMs: number;
}

/**
 * Issues tokens in the form of a JWT with Microsoft's claims and recognises them again. The signature is a keyed hash of this
 * object: to a client it is as opaque as Microsoft's.
 */
export class AccessTokens {
  readonly #key = randomBytes(32);

  issue({
    tenantId,
    clientId,
    audience,
    proof,
    roles,
    scopes,
    lifetimeSeconds,
    nowMs,
  }: TokenRequest): string {
    const issuedAt = Math.floor(nowMs / 1000);
    const claims = {
      aud: audience,
      iss: `https://sts.windows.net/${tenantId}/`,
      iat: issuedAt,
      nbf: issuedAt - 300, // back-dated by five minutes, as in Microsoft's sample
      exp: issuedAt + lifetimeSeconds,
      appid: clientId,
      appidacr: proof === 'secret' ? '1' : '2',
      oid: clientId,
      sub: clientId,
      tid: tenantId,
      ver: '1.0',
      ...(roles.length > 0 ? { roles } : {}),
      ...(scopes.length > 0 ? { scp: scopes.join(' ') } : {}),
    };
    const unsigned = `${encoded({ typ: 'JWT', alg: 'RS256', kid: 'simulator' })}.${encoded(claims)}`;
    return `${unsigned}.${this.#signature(unsigned).toString('base64url')}`;
  }

  /** The claims of a token of this simulator that has not ended, else `undefined`; it ends `speedUp` times faster than it says. */
  claimsOf(token: string, nowMs: number, speedUp: number): TokenClaims | undefined {
    const [header = '', payload = '', signature = ''] = token.split('.');
    const given = Buffer.from(signature, 'base64url');
    const expected = this.#signature(`${header}.${payload}`);
    if (given.length !== expected.length || !timingSafeEqual(given, expected)) return undefined;
    const claims = JSON.parse(Buffer.from(payload, 'base64url').toString('utf8')) as AllClaims;
    const { tid, appid, aud, roles = [], iat, exp } = claims;
    const endSeconds = iat + (exp - iat) / speedUp;
    return endSeconds * 1000 > nowMs ? { tid, appid, aud, roles } : undefined;
  }

  #signature(text: string): Buffer {
    return createHmac('sha256', this.#key).update(text).digest();
  }
}

/** The application that a request's token names, whether or not it is a good one; zeros when there is none. */
export function applicationOf({ headers }: Pick<Call, 'headers'>): string {
  const [, payload = ''] = (headers.authorization ?? '').split('.');
  const appid = /"appid":"([^"]+)"/.exec(Buffer.from(payload, 'base64url').toString('utf8'))?.[1];
  return appid ?? '00000000-0000-0000-0000-000000000000';
}

function encoded(value: unknown): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url');
}
