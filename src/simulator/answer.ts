import { randomUUID } from 'node:crypto';
import type { Call, Operation } from './call.ts';

/** What goes over the wire, before compression. */
export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | Iterable<Buffer>;
  /** AF or AADSTS code, for the report. */
  readonly code?: string;
  /** Called once the client has been sent all of the body, with its uncompressed length. */
  readonly served?: (bytes: number) => void;
}

/** Seen in real traffic, in this order; `X-AspNet-Version` follows `NextPageUri` directly (management-activity-api.md 2). */
function apiHeaders(nextPageUri?: string): Record<string, string> {
  return {
    'Cache-Control': 'no-cache',
    Pragma: 'no-cache',
    'Content-Type': 'application/json; charset=utf-8',
    Expires: '-1',
    Server: 'Microsoft-IIS/10.0',
    ...(nextPageUri === undefined ? {} : { NextPageUri: nextPageUri }),
    'X-AspNet-Version': '4.0.30319',
    'X-Powered-By': 'ASP.NET',
    'mise-correlation-id': randomUUID(),
  };
}

export function apiAnswer(status: number, body: Answer['body'], nextPageUri?: string): Answer {
  return { status, headers: apiHeaders(nextPageUri), body };
}

export function apiJson(value: unknown, nextPageUri?: string): Answer {
  return apiAnswer(200, JSON.stringify(value), nextPageUri);
}

/** The usual envelope of an error. */
export function apiError(status: number, code: string, message: string): Answer {
  return { ...apiAnswer(status, JSON.stringify({ error: { code, message } })), code };
}

/** The front end's refusal: no AF code, exactly these 61 bytes (management-activity-api.md 5.1). */
export function authorizationDenied(): Answer {
  const answer = apiAnswer(401, '{"Message":"Authorization has been denied for this request."}');
  return { ...answer, headers: { ...answer.headers, 'WWW-Authenticate': 'Bearer' } };
}

export function noSubscription(): Answer {
  return apiError(400, 'AF20022', 'No subscription found for the specified content type.');
}

/** The answer to a start within the cool-down: the code is the bare number, the wait stands in the text alone. */
export function startedTooSoon(waitMs: number): Answer {
  const seconds = Math.ceil(waitMs / 1000);
  const wait = `${Math.floor(seconds / 60)}m ${seconds % 60}s`;
  return apiError(
    403,
    '429',
    `Too many frequent subscription start requests. Please retry again after ${wait}.`,
  );
}

/** Internal names of the service; those of `GetBlob` and `GetContents` were seen, the others follow their pattern. */
const methodNames: Partial<Record<Operation, string>> = {
  start: 'StartSubscription',
  stop: 'StopSubscription',
  list: 'ListSubscriptions',
  content: 'GetContents',
  nextPage: 'GetContents',
  blob: 'GetBlob',
};

/** The text of AF429. */
export function tooManyRequests({ operation, parameters }: Call): string {
  const publisherId = parameters.get('publisheridentifier') ?? '00000000-0000-0000-0000-000000000000';
  return `Too many requests. Method=${methodNames[operation] ?? operation}, PublisherId=${publisherId}`;
}

/** Microsoft's classes of token errors, `error` of the body. */
export type TokenErrorName =
  | 'access_denied'
  | 'interaction_required'
  | 'invalid_client'
  | 'invalid_grant'
  | 'invalid_request'
  | 'invalid_resource'
  | 'invalid_scope'
  | 'server_error'
  | 'temporarily_unavailable'
  | 'unauthorized_client'
  | 'unsupported_grant_type';

/** An error of the token endpoint (management-activity-api.md 1.6): 401 for `invalid_client`, else 400 unless stated. */
export function tokenError(
  error: TokenErrorName,
  number: number,
  description: string,
  status = error === 'invalid_client' ? 401 : 400,
): Answer {
  const timestamp = `${new Date().toISOString().slice(0, 19).replace('T', ' ')}Z`;
  const [traceId, correlationId] = [randomUUID(), randomUUID()];
  const trail = `Trace ID: ${traceId}\r\nCorrelation ID: ${correlationId}\r\nTimestamp: ${timestamp}`;
  const body = {
    error,
    error_description: `AADSTS${number}: ${description}\r\n${trail}`,
    error_codes: [number],
    timestamp,
    trace_id: traceId,
    correlation_id: correlationId,
    error_uri: `https://login.microsoftonline.com/error?code=${number}`,
  };
  return { ...tokenJson(status, body), code: `AADSTS${number}` };
}

export function tokenJson(status: number, body: unknown): Answer {
  const headers = { 'Cache-Control': 'no-store, no-cache', Pragma: 'no-cache', Expires: '-1' };
  return {
    status,
    headers: { ...headers, 'Content-Type': 'application/json; charset=utf-8' },
    body: JSON.stringify(body),
  };
}
