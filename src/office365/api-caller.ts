import { setMaxListeners } from 'node:events';
import { request, type Dispatcher } from 'undici';
import { ManagementApiError } from '../errors.ts';
import { userAgent } from '../http/dispatcher.ts';
import { networkFailure } from '../http/network-failure.ts';
import { acceptEncoding, decodedBody, readText } from '../http/response-body.ts';
import type { AccessToken } from './access-token.ts';
import { withPublisher } from './content-urls.ts';
import { readApiFailure, type ApiFailure } from './errors.ts';
import type { RequestBudget } from './request-budget.ts';
import { assertRole } from './roles.ts';
import type { TokenProvider } from './token-provider.ts';

/** One call of the API. */
interface ApiCall {
  /** Microsoft's verb and the content type, as error messages begin: `startSubscription Audit.Exchange`. */
  readonly operation: string;
  readonly contentType?: string;
  readonly method?: 'POST';
  readonly url: string;
}

type ApiAnswer =
  | {
      readonly isSuccess: true;
      readonly headers: Dispatcher.ResponseData['headers'];
      /** May be iterated once, and has to be. Throws ManagementApiError `unavailable` when it breaks off. */
      readonly body: AsyncIterable<Uint8Array>;
    }
  | { readonly isSuccess: false; readonly failure: ApiFailure };

interface ApiCaller {
  /** Throws ManagementApiError when no answer came or no token can be had, and `signal.reason` when aborted. */
  call(call: ApiCall, signal: AbortSignal): Promise<ApiAnswer>;
  readonly clockOffsetMs: number;
}

/** Enough for every error envelope, stack traces included. */
const maxErrorBytes = 8 * 1024;

/**
 * Sends calls of one tenant: within its budget, with its token, counted on its publisher, following no redirect. A call
 * that is refused for its token is repeated once with a new one; anything else is tried once.
 */
export function createApiCaller(options: {
  readonly publisherIdentifier: string;
  readonly tokens: TokenProvider;
  readonly dispatcher: Dispatcher;
  readonly budget: RequestBudget;
}): ApiCaller {
  const { tokens, budget } = options;
  let clockOffsetMs = 0;

  async function callWithToken(call: ApiCall, signal: AbortSignal): Promise<[ApiAnswer, AccessToken]> {
    const token = await tokens.getToken(signal);
    try {
      assertRole(token, call.operation, call.contentType);
    } catch (error) {
      // The role may be granted meanwhile, and only a new token shows it.
      tokens.invalidate(token);
      throw error;
    }
    return [await send(call, token, signal), token];
  }

  async function send(call: ApiCall, token: AccessToken, signal: AbortSignal): Promise<ApiAnswer> {
    const giveBack = await budget.acquire(signal);
    try {
      const response = await request(withPublisher(call.url, options.publisherIdentifier), {
        dispatcher: options.dispatcher,
        method: call.method ?? 'GET',
        headers: {
          authorization: `Bearer ${token.value}`,
          accept: 'application/json',
          'accept-encoding': acceptEncoding,
          'user-agent': userAgent,
        },
        signal,
      });
      const dateMs = Date.parse(String(response.headers.date));
      if (!Number.isNaN(dateMs)) clockOffsetMs = dateMs - Date.now();
      return await readAnswer(call, response, signal);
    } catch (error) {
      throw asApiError(call, error, signal);
    } finally {
      giveBack();
    }
  }

  async function readAnswer(call: ApiCall, response: Dispatcher.ResponseData, signal: AbortSignal) {
    const { headers, statusCode: status } = response;
    const body = decodedBody(response);
    if (status === 200 && body !== undefined) {
      return { isSuccess: true as const, headers, body: withApiErrors(call, body, signal) };
    }
    const text = body === undefined ? '' : (await readText(body, maxErrorBytes)).text;
    const failure = readApiFailure(call.operation, { status, headers, text });
    // The cooldown of a start ("429") says nothing about the rate.
    if (failure.error.kind === 'throttled' && failure.code !== '429') budget.throttled();
    return { isSuccess: false as const, failure };
  }

  return {
    async call(call, signal) {
      // One signal for many calls at a time is what an activity has; Node warns of a leak from the eleventh on.
      setMaxListeners(0, signal);
      const [answer, token] = await callWithToken(call, signal);
      if (answer.isSuccess || answer.failure.error.kind !== 'unauthorized') return answer;
      tokens.invalidate(token);
      const [secondAnswer] = await callWithToken(call, signal);
      return secondAnswer;
    },
    get clockOffsetMs() {
      return clockOffsetMs;
    },
  };
}

async function* withApiErrors(
  call: ApiCall,
  body: AsyncIterable<Uint8Array>,
  signal: AbortSignal,
): AsyncIterable<Uint8Array> {
  try {
    yield* body;
  } catch (error) {
    throw asApiError(call, error, signal);
  }
}

/** What becomes of anything thrown during a call: the reason of an abort, our own errors, and else the network's. */
function asApiError({ operation }: ApiCall, error: unknown, signal: AbortSignal): unknown {
  if (signal.aborted) return signal.reason;
  if (error instanceof ManagementApiError) return error;
  return new ManagementApiError('unavailable', `${operation}: ${networkFailure(error)}; it is tried again.`, {
    cause: error,
  });
}
