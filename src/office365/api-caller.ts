import { setMaxListeners } from 'node:events';
import { request, type Dispatcher } from 'undici';
import { ManagementApiError } from '../errors.ts';
import { userAgent } from '../http/dispatcher.ts';
import { networkFailure } from '../http/network-failure.ts';
import { acceptEncoding, decodedBody, readText } from '../http/response-body.ts';
import type { AccessToken } from './access-token.ts';
import { withPublisher } from './content-urls.ts';
import { firstHeader, readApiFailure, type ApiFailure } from './errors.ts';
import type { RequestBudget, RequestOptions } from './request-budget.ts';
import { assertRole } from './roles.ts';
import { ServiceClock } from './service-clock.ts';
import type { TokenProvider } from './token-provider.ts';

/** One call of the API. */
interface ApiCall {
  /** Microsoft's verb and the content type, as error messages begin: `startSubscription Audit.Exchange`. */
  readonly operation: string;
  readonly contentType?: string;
  readonly method?: 'POST';
  readonly url: string;
}

export interface SuccessfulAnswer {
  readonly isSuccess: true;
  readonly status: number;
  readonly headers: Dispatcher.ResponseData['headers'];
  /** May be iterated once, and has to be. Throws ManagementApiError `unavailable` when it breaks off. */
  readonly body: AsyncIterable<Uint8Array>;
  /** To be called once the body has shown that it is the API that answered: its `Date` then counts. */
  readonly trustDate: () => void;
}

type ApiAnswer = SuccessfulAnswer | { readonly isSuccess: false; readonly failure: ApiFailure };

interface ApiCaller {
  /** Throws ManagementApiError when no answer came or no token can be had, and `signal.reason` when aborted. */
  call(call: ApiCall, options: RequestOptions): Promise<ApiAnswer>;
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
  const clock = new ServiceClock();

  async function callWithToken(call: ApiCall, requestOptions: RequestOptions): Promise<ApiAnswer> {
    const token = await tokens.getToken(requestOptions.signal);
    try {
      assertRole(token, call.operation, call.contentType);
    } catch (error) {
      // The role may be granted meanwhile, and only a new token shows it.
      tokens.invalidate(token);
      throw error;
    }
    const answer = await send(call, token, requestOptions);
    if (isRefusedForToken(answer)) tokens.invalidate(token);
    return answer;
  }

  async function send(call: ApiCall, token: AccessToken, requestOptions: RequestOptions): Promise<ApiAnswer> {
    const { signal } = requestOptions;
    const giveBack = await budget.acquire(call.operation, requestOptions);
    try {
      const sentMs = Date.now();
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
      const date = firstHeader(response.headers.date) ?? '';
      const receivedMs = Date.now();
      const trustDate = () => clock.observe({ date, sentMs, receivedMs });
      return await readAnswer(call, response, { signal, trustDate });
    } catch (error) {
      throw asApiError(call, error, signal);
    } finally {
      giveBack();
    }
  }

  async function readAnswer(
    call: ApiCall,
    response: Dispatcher.ResponseData,
    { signal, trustDate }: { readonly signal: AbortSignal; readonly trustDate: () => void },
  ): Promise<ApiAnswer> {
    const { headers, statusCode: status } = response;
    const body = decodedBody(response);
    if (body !== undefined && isSuccessStatus(call, status)) {
      return { isSuccess: true, status, headers, body: withApiErrors(call, body, signal), trustDate };
    }
    const text = body === undefined ? '' : (await readText(body, maxErrorBytes)).text;
    const failure = readApiFailure(call.operation, { status, headers, text });
    if (failure.code !== undefined) trustDate();
    if (failure.error.kind === 'throttled' && !failure.isStartCooldown) {
      budget.throttled(failure.error.retryAfterMs);
    }
    return { isSuccess: false, failure };
  }

  return {
    async call(call, requestOptions) {
      // One signal for many calls at a time is what an activity has; Node warns of a leak from the eleventh on.
      setMaxListeners(0, requestOptions.signal);
      const answer = await callWithToken(call, requestOptions);
      return isRefusedForToken(answer) ? callWithToken(call, requestOptions) : answer;
    },
    get clockOffsetMs() {
      return clock.offsetMs;
    },
  };
}

/** A GET answers with 200 and nothing else (206 would be a part); a stop has been seen to answer with 204. */
function isSuccessStatus({ method }: ApiCall, status: number): boolean {
  return status === 200 || (method === 'POST' && status > 200 && status < 300);
}

function isRefusedForToken(answer: ApiAnswer): boolean {
  return !answer.isSuccess && answer.failure.error.kind === 'unauthorized';
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
