import type { Dispatcher } from 'undici';
import { rolesOf, type AccessToken } from './access-token.ts';
import type { ReadSecretFile } from './client-credential.ts';
import { requestToken, type TokenRequester } from './token-request.ts';

/** Tokens of one tenant. */
export interface TokenProvider {
  /**
   * A token that is valid for some time yet. Calls at the same time share one request, which aborting one of them leaves to
   * the others. Throws ManagementApiError (`unauthorized`, `throttled`, `unavailable`, `unexpectedResponse`), and
   * `signal.reason` when aborted.
   */
  getToken(signal: AbortSignal): Promise<AccessToken>;
  /** Forgets this token, as the API refused it; a newer one that came meanwhile stays. */
  invalidate(token: AccessToken): void;
}

interface CachedToken {
  readonly token: AccessToken;
  readonly renewAtMs: number;
}

/** Long enough before the end that no request of a long listing meets an expired token. */
const renewBeforeExpiryMs = 5 * 60_000;

/** Gets and keeps the tokens of one tenant. MSAL's own cache would bring back a token that the API has refused. */
export function createTokenProvider(
  tenant: TokenRequester,
  options: { readonly dispatcher: Dispatcher; readonly readSecretFile: ReadSecretFile },
): TokenProvider {
  let cached: CachedToken | undefined;
  let pending: Promise<AccessToken> | undefined;

  async function renew(): Promise<AccessToken> {
    const nowMs = Date.now();
    const { accessToken, expiresOn } = await requestToken(tenant, options);
    const lifetimeMs = (expiresOn?.getTime() ?? nowMs) - nowMs;
    cached = {
      token: { value: accessToken, roles: rolesOf(accessToken) },
      renewAtMs: nowMs + lifetimeMs - Math.min(renewBeforeExpiryMs, lifetimeMs / 10),
    };
    return cached.token;
  }

  return {
    async getToken(signal) {
      signal.throwIfAborted();
      if (cached !== undefined && Date.now() < cached.renewAtMs) return cached.token;
      pending ??= renew().finally(() => (pending = undefined));
      return await unlessAborted(pending, signal);
    },
    invalidate(token) {
      if (cached?.token === token) cached = undefined;
    },
  };
}

function unlessAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const abort = () => reject(signal.reason);
    signal.addEventListener('abort', abort, { once: true });
    void promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort));
  });
}
