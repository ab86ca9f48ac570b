import { AuthError, ConfidentialClientApplication, type INetworkModule } from '@azure/msal-node';
import { request, type Dispatcher } from 'undici';
import type { TenantConfig } from '../config/config.ts';
import { ManagementApiError } from '../errors.ts';
import { userAgent } from '../http/dispatcher.ts';
import { networkFailure } from '../http/network-failure.ts';
import { acceptEncoding, decodedBody, readText } from '../http/response-body.ts';
import { readClientCredential, type ClientCredential, type ReadSecretFile } from './client-credential.ts';
import { rolesOf, type AccessToken } from './access-token.ts';
import { parseTokenAnswer } from './schemas.ts';
import { tokenError } from './token-errors.ts';

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

type NetworkOptions = NonNullable<Parameters<INetworkModule['sendPostRequestAsync']>[1]>;

interface CachedToken {
  readonly token: AccessToken;
  readonly renewAtMs: number;
}

/** Long enough before the end that no request of a long listing meets an expired token. */
const renewBeforeExpiryMs = 5 * 60_000;

/** A token answer is some 2 KB. */
const maxAnswerBytes = 256 * 1024;

/** For the whole exchange, as all calls of the tenant wait for it. */
const tokenTimeoutMs = 60_000;

/**
 * Gets and keeps the tokens of one tenant. MSAL builds the request and signs assertions; the transport, the cache and the
 * meaning of errors are ours, because MSAL's own hide the status and refuse calls for a minute after a 429.
 */
export function createTokenProvider(
  tenant: Pick<TenantConfig, 'tenantId' | 'clientId' | 'credential' | 'loginUrl' | 'scope'>,
  options: { readonly dispatcher: Dispatcher; readonly readSecretFile: ReadSecretFile },
): TokenProvider {
  let cached: CachedToken | undefined;
  let pending: Promise<AccessToken> | undefined;

  async function renew(): Promise<AccessToken> {
    const clientCredential = await readClientCredential(tenant.credential, options.readSecretFile);
    cached = await requestToken(tenant, clientCredential, options.dispatcher);
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

/** One exchange with a fresh MSAL client: its cache holds nothing, and so do its memories of refusals. */
async function requestToken(
  tenant: Pick<TenantConfig, 'tenantId' | 'clientId' | 'loginUrl' | 'scope'>,
  clientCredential: ClientCredential,
  dispatcher: Dispatcher,
): Promise<CachedToken> {
  const network = createNetworkClient(dispatcher);
  const application = new ConfidentialClientApplication({
    auth: { clientId: tenant.clientId, ...authorityOf(tenant), ...clientCredential },
    system: { networkClient: network.client },
  });
  const nowMs = Date.now();
  const result = await application
    .acquireTokenByClientCredential({ scopes: [tenant.scope] })
    .catch((cause: unknown) => {
      throw network.failure() ?? unusable(cause);
    });
  if (result === null) throw unusable(undefined);
  const lifetimeMs = (result.expiresOn?.getTime() ?? nowMs) - nowMs;
  return {
    token: { value: result.accessToken, roles: rolesOf(result.accessToken) },
    renewAtMs: nowMs + lifetimeMs - Math.min(renewBeforeExpiryMs, lifetimeMs / 10),
  };
}

/**
 * MSAL takes https authorities only and asks Microsoft about those it does not know. Naming the authority as known, with
 * its port, and the endpoint itself spares all discovery and lets a plain-http simulator on loopback serve.
 */
function authorityOf({ loginUrl, tenantId }: Pick<TenantConfig, 'loginUrl' | 'tenantId'>) {
  const { host } = new URL(loginUrl);
  const endpoint = `${loginUrl}/${tenantId}/oauth2/v2.0`;
  return {
    authority: `https://${host}/${tenantId}`,
    knownAuthorities: [host],
    authorityMetadata: JSON.stringify({
      issuer: `${loginUrl}/${tenantId}/v2.0`,
      authorization_endpoint: `${endpoint}/authorize`,
      token_endpoint: `${endpoint}/token`,
    }),
  };
}

/** MSAL's transport on our dispatcher. MSAL wraps what it throws beyond recognition, so `failure` keeps it. */
function createNetworkClient(dispatcher: Dispatcher): {
  readonly client: INetworkModule;
  readonly failure: () => ManagementApiError | undefined;
} {
  let failure: ManagementApiError | undefined;
  async function send(method: 'GET' | 'POST', url: string, options: NetworkOptions | undefined) {
    try {
      return await exchange(dispatcher, method, url, options);
    } catch (error) {
      failure = error instanceof ManagementApiError ? error : unreachable(error);
      throw failure;
    }
  }
  // MSAL types the body by what it expects to be there; `exchange` has checked what matters of it.
  const client = {
    sendGetRequestAsync: (url: string, options?: NetworkOptions) => send('GET', url, options),
    sendPostRequestAsync: (url: string, options?: NetworkOptions) => send('POST', url, options),
  } as INetworkModule;
  return { client, failure: () => failure };
}

async function exchange(
  dispatcher: Dispatcher,
  method: 'GET' | 'POST',
  url: string,
  options: NetworkOptions | undefined,
) {
  const response = await request(url, {
    dispatcher,
    method,
    headers: { ...options?.headers, 'user-agent': userAgent, 'accept-encoding': acceptEncoding },
    body: options?.body ?? null,
    signal: AbortSignal.timeout(tokenTimeoutMs),
  });
  const status = response.statusCode;
  const body = decodedBody(response);
  const text = body === undefined ? '' : (await readText(body, maxAnswerBytes)).text;
  const answer = status === 200 ? parseTokenAnswer(text) : undefined;
  if (answer === undefined) throw tokenError({ status, headers: response.headers, text });
  return { headers: {}, body: answer, status };
}

function unreachable(cause: unknown): ManagementApiError {
  const reason = networkFailure(cause);
  return new ManagementApiError('unavailable', `getToken: ${reason}; it is tried again.`, { cause });
}

/** What MSAL refuses before it sends anything, for example a key that does not fit. Its text may quote the credential. */
function unusable(cause: unknown): ManagementApiError {
  const code = cause instanceof AuthError ? ` (${cause.errorCode})` : '';
  return new ManagementApiError(
    'unauthorized',
    `getToken: no request could be made with this credential${code}. Check client_id, the credential and login_url.`,
  );
}

function unlessAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const abort = () => reject(signal.reason);
    signal.addEventListener('abort', abort, { once: true });
    void promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort));
  });
}
