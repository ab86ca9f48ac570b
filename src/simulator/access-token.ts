import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';

/** The claims of an app-only token that the simulator itself looks at; there are more in the token. */
export interface TokenClaims {
  readonly tid: string;
  readonly appid: string;
  readonly roles: readonly string[];
  /** Seconds since 1970. */
  readonly exp: number;
}

export interface TokenRequest {
  readonly tenantId: string;
  readonly clientId: string;
  readonly audience: string;
  readonly roles: readonly string[];
  readonly lifetimeSeconds: number;
  readonly nowMs: number;
}

/**
 * Issues tokens in the form of a JWT with Microsoft's claims and recognises them again. The signature is a keyed hash of this
 * object: to a client it is as opaque as Microsoft's.
 */
export class AccessTokens {
  readonly #key = randomBytes(32);

  issue({ tenantId, clientId, audience, roles, lifetimeSeconds, nowMs }: TokenRequest): string {
    const issuedAt = Math.floor(nowMs / 1000);
    const claims = {
      aud: audience,
      iss: `https://sts.windows.net/${tenantId}/`,
      iat: issuedAt,
      nbf: issuedAt - 300, // back-dated by five minutes, as in Microsoft's sample
      exp: issuedAt + lifetimeSeconds,
      appid: clientId,
      appidacr: '1',
      oid: clientId,
      sub: clientId,
      tid: tenantId,
      ver: '1.0',
      ...(roles.length > 0 ? { roles } : {}),
    };
    const unsigned = `${encoded({ typ: 'JWT', alg: 'RS256', kid: 'simulator' })}.${encoded(claims)}`;
    return `${unsigned}.${this.#signature(unsigned).toString('base64url')}`;
  }

  /** The claims of a token of this simulator that has not expired, else `undefined`. */
  claimsOf(token: string, nowMs: number): TokenClaims | undefined {
    const [header = '', payload = '', signature = ''] = token.split('.');
    const given = Buffer.from(signature, 'base64url');
    const expected = this.#signature(`${header}.${payload}`);
    if (given.length !== expected.length || !timingSafeEqual(given, expected)) return undefined;
    const claims = JSON.parse(Buffer.from(payload, 'base64url').toString('utf8')) as Partial<TokenClaims>;
    const { tid = '', appid = '', roles = [], exp = 0 } = claims;
    return exp * 1000 > nowMs ? { tid, appid, roles, exp } : undefined;
  }

  #signature(text: string): Buffer {
    return createHmac('sha256', this.#key).update(text).digest();
  }
}

function encoded(value: unknown): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url');
}
