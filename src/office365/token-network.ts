import { AsyncLocalStorage } from 'node:async_hooks';
import type { INetworkModule } from '@azure/msal-node';
import { request, type Dispatcher } from 'undici';
import { ManagementApiError } from '../errors.ts';
import { userAgent } from '../http/dispatcher.ts';
import { networkFailure } from '../http/network-failure.ts';
import { acceptEncoding, decodedBody, readText } from '../http/response-body.ts';
import { firstHeader, type RefusedAnswer } from './errors.ts';
import { parseTokenAnswer } from './schemas.ts';

/** How one token is asked for. */
export interface TokenExchange {
  readonly dispatcher: Dispatcher;
  /** What an answer that holds no token means. */
  readonly readRefusal: (answer: RefusedAnswer) => ManagementApiError;
  /** What a request means that got no answer. */
  readonly readSilence: (reason: string, cause: unknown) => ManagementApiError;
}

type NetworkOptions = NonNullable<Parameters<INetworkModule['sendPostRequestAsync']>[1]>;

/** A token answer is some 2 KB. */
const maxAnswerBytes = 256 * 1024;

/** For the whole exchange, as all calls of the tenant wait for it. */
const tokenTimeoutMs = 60_000;

interface Attempt extends TokenExchange {
  failure?: ManagementApiError;
}

const attempts = new AsyncLocalStorage<Attempt>();

/**
 * Runs MSAL with this exchange as its transport. MSAL wraps what its transport throws beyond recognition, so that failure
 * is thrown here instead of MSAL's.
 */
export async function withTokenExchange<T>(exchange: TokenExchange, acquire: () => Promise<T>): Promise<T> {
  const attempt: Attempt = { ...exchange };
  try {
    return await attempts.run(attempt, acquire);
  } catch (error) {
    throw attempt.failure ?? error;
  }
}

/**
 * MSAL's transport, to be used within `withTokenExchange`. One for the process, since MSAL keeps the first that it is given
 * for managed identities.
 */
export const networkClient = {
  sendGetRequestAsync: (url: string, options?: NetworkOptions) => send('GET', url, options),
  sendPostRequestAsync: (url: string, options?: NetworkOptions) => send('POST', url, options),
  // MSAL types the body by what it expects to be there; `receive` has checked what matters of it.
} as INetworkModule;

async function send(method: 'GET' | 'POST', url: string, options: NetworkOptions | undefined) {
  const attempt = attempts.getStore();
  if (attempt === undefined) throw new Error('A token was asked for outside of withTokenExchange');
  try {
    return await receive(attempt, method, url, options);
  } catch (error) {
    attempt.failure =
      error instanceof ManagementApiError ? error : attempt.readSilence(networkFailure(error), error);
    throw attempt.failure;
  }
}

async function receive(
  { dispatcher, readRefusal }: TokenExchange,
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
  const challenge = firstHeader(response.headers['www-authenticate']);
  // Azure Arc names the file with the key for a second request, which MSAL makes.
  if (status === 401 && challenge?.startsWith('Basic realm=') === true) {
    return { status, headers: { 'www-authenticate': challenge }, body: {} };
  }
  const answer = status === 200 ? parseTokenAnswer(text) : undefined;
  if (answer === undefined) throw readRefusal({ status, headers: response.headers, text });
  return { status, headers: {}, body: answer };
}
