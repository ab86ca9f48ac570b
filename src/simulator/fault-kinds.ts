import { randomUUID } from 'node:crypto';
import {
  apiAnswer,
  apiError,
  authorizationDenied,
  noSubscription,
  startedTooSoon,
  tooManyRequests,
} from './answer.ts';
import type { Answer } from './answer.ts';
import type { Call } from './call.ts';
import { invalidBlobKey } from './caller.ts';
import { applicationOf } from './access-token.ts';
import { change, instead } from './fault-effect.ts';
import type { FaultEffect } from './fault-effect.ts';
import { invalidNextPage } from './listing.ts';
import { tokenFaults } from './token-faults.ts';
import { invalidParameter, windowRefused } from './window.ts';

/** Every fault by its name; the sections are those of management-activity-api.md. */
export const faultKinds = {
  // Throttling (4.2). No Retry-After unless asked for: none was ever seen.
  AF429: instead((call) => apiError(403, 'AF429', tooManyRequests(call))),
  'AF429-status-429': instead((call) => apiError(429, 'AF429', tooManyRequests(call))),
  'AF429-single-quotes': instead((call) => ({
    ...apiAnswer(403, `{'error':{'code':'AF429','message':'${tooManyRequests(call)}'}}`),
    code: 'AF429',
  })),
  frontEnd429: instead(() => text(429, 'Too Many Requests')),
  startCooldown: instead(() => startedTooSoon(526_000)),

  // Trouble of the service (4.3, 5.1)
  AF50000: instead(() => apiError(500, 'AF50000', internalError)),
  'AF50000-single-quotes': instead(() => ({
    ...apiAnswer(500, `{'error':{'code':'AF50000','message':'${internalError}'}}`),
    code: 'AF50000',
  })),
  'AF50000-in-an-hour': instead(() =>
    apiError(
      500,
      'AF50000',
      'Please retry the request again in an hour. We have been notified and would be resolved soon.',
    ),
  ),
  AF50005: instead(() => apiError(500, 'AF50005', 'An internal error occurred. Retry the request.')),
  AF50006: instead(() => apiError(500, 'AF50006', 'An internal error occurred. Retry the request.')),
  html200: instead(() => html(200, 'The service is unavailable.')),
  html502: instead(() => html(502, 'Bad Gateway')),
  html503: instead(() => html(503, 'Service Unavailable')),
  html504: instead(() => html(504, 'Gateway Timeout')),
  text503: instead(() => text(503, 'The service is unavailable.')),
  empty200: instead(() => apiAnswer(200, '')),
  empty408: instead(() => apiAnswer(408, '')),
  errorObject200: instead(() => apiError(200, 'AF50000', internalError)),
  unknownCode: instead(() => apiError(400, 'AF99999', 'Something else.')),

  // Who may ask (5.1, 5.2)
  unauthorized: instead(() => authorizationDenied()),
  AF10001: instead(({ contentType }) => {
    const permission =
      contentType?.toLowerCase() === 'dlp.all' ? 'ActivityFeed.ReadDlp' : 'ActivityFeed.Read';
    return apiError(
      401,
      'AF10001',
      `The permission set () sent in the request does not include the expected permission ${permission}.`,
    );
  }),
  AF20010: instead(({ tenantId }) =>
    apiError(
      400,
      'AF20010',
      `The tenant ID passed in the URL (${tenantId}) does not match the tenant ID passed in the access token (${randomUUID()}).`,
    ),
  ),
  AF20011: instead(({ tenantId }) =>
    apiError(
      400,
      'AF20011',
      `Specified tenant ID (${tenantId}) does not exist in the system or has been deleted.`,
    ),
  ),
  AF20012: instead(({ tenantId }) =>
    apiError(400, 'AF20012', `Specified tenant ID (${tenantId}) is incorrectly configured in the system.`),
  ),
  AF20013: instead(({ tenantId }) =>
    apiError(400, 'AF20013', `The tenant ID passed in the URL (${tenantId}) is not a valid GUID.`),
  ),
  auditOff: instead((call) => auditOff(call)),
  'auditOff-2019': instead((call) => auditOffOf2019(call)),

  // Requests and subscriptions (5.2)
  AF20001: instead(() => apiError(400, 'AF20001', 'Missing parameter: contentType.')),
  AF20002: instead(() => invalidParameter('startTime', 'datetime')),
  AF20003: instead(() =>
    apiError(400, 'AF20003', 'Expiration 2015-01-01 provided is set to past date and time.'),
  ),
  AF20020: instead(() => apiError(400, 'AF20020', 'The specified content type is not valid.')),
  AF20021: instead(() =>
    apiError(
      400,
      'AF20021',
      'The webhook endpoint (https://webhook.example/o365/) could not be validated. The endpoint did not return HTTP 200.',
    ),
  ),
  AF20022: instead(() => noSubscription()),
  AF20023: instead(() => apiError(400, 'AF20023', 'The subscription was disabled by a tenant admin.')),
  AF20024: instead(() =>
    apiError(400, 'AF20024', 'The subscription is already enabled. No property change.'),
  ),
  disableSubscription: {
    type: 'event',
    happen: ({ tenantId, contentType = '' }, { states, clock }) => {
      states.stop(tenantId, contentType, clock.now());
    },
  },
  webhookLost: change((answer) => withItems(answer, (item) => ({ ...item, webhook: null }))),

  // Windows and content (5.2)
  AF20030: instead(() => windowRefused('AF20030')),
  AF20031: instead((call) => invalidNextPage(call)),
  AF20050: instead(({ contentId }) =>
    apiError(404, 'AF20050', `The specified content (${contentId}) does not exist.`),
  ),
  AF20051: instead(({ contentId }) =>
    apiError(
      400,
      'AF20051',
      `Content requested with the key ${contentId} has already expired. Content older than 7 days cannot be retrieved.`,
    ),
  ),
  AF20052: instead((call) => invalidBlobKey(call)),
  AF20053: instead(() =>
    apiError(400, 'AF20053', 'Only one language may be present in the Accept-Language header.'),
  ),
  AF20054: instead(() => apiError(400, 'AF20054', 'Invalid syntax in Accept-Language header.')),
  AF20055: instead(() => windowRefused()),
  oddContentType: change((answer) => ({
    ...answer,
    headers: { ...answer.headers, 'Content-Type': 'text/html; charset=utf-8' },
  })),

  ...tokenFaults,

  // Links (2.5, quirks 9 and 53)
  selfLink: change((answer, { origin, target }) => withNextPage(answer, origin + target)),
  endlessLinks: change((answer, { origin, target }) =>
    withNextPage(answer, `${origin}${target.replace(/&round=[^&]*/g, '')}&round=${randomUUID()}`),
  ),
  foreignLink: change((answer, { target }, { foreignOrigin }) =>
    withNextPage(answer, foreignOrigin + target),
  ),
  foreignContentUri: change((answer, { origin }, { foreignOrigin }) =>
    withItems(answer, ({ contentUri, ...item }) => ({
      ...item,
      contentUri: String(contentUri).replace(origin, foreignOrigin),
    })),
  ),
  redirect: instead(({ target }, { foreignOrigin }) => {
    const answer = apiAnswer(302, '');
    return { ...answer, headers: { ...answer.headers, Location: foreignOrigin + target } };
  }),

  // The connection (4.3)
  reset: { type: 'connection', trouble: 'reset' },
  truncated: { type: 'connection', trouble: 'closedMidBody' },
  cutJson: { type: 'connection', trouble: 'cutBody' },
  slow: { type: 'connection', trouble: 'none' },
  slowBody: { type: 'connection', trouble: 'slowBody' },
  drip: { type: 'connection', trouble: 'drip' },
} satisfies Record<string, FaultEffect>;

export type FaultKind = keyof typeof faultKinds;

const internalError = 'An internal server error occurred. Retry the request.';

function html(status: number, title: string): Answer {
  const page = `<!DOCTYPE html><html><head><title>${title}</title></head><body><h1>${title}</h1></body></html>`;
  return { status, headers: { 'Content-Type': 'text/html; charset=utf-8' }, body: page, code: 'html' };
}

function text(status: number, body: string): Answer {
  return { status, headers: { 'Content-Type': 'text/plain; charset=utf-8' }, body, code: 'text' };
}

function requestIn(call: Call): string {
  const { tenantId, contentType, parameters } = call;
  const publisherId = parameters.get('publisheridentifier') ?? '00000000-0000-0000-0000-000000000000';
  return (
    `[TenantId=${tenantId},ContentType=${contentType},` +
    `ApplicationId=${applicationOf(call)},PublisherId=${publisherId}]`
  );
}

function exceptionTail({ tenantId }: Call): string {
  return (
    `Microsoft.Office.Compliance.Audit.DataServiceException: Tenant ${tenantId} does not exist.\r\n` +
    '   at Microsoft.Office.Compliance.Audit.API.AzureManager.cs:line 1786\r\n'
  );
}

/** Exception text that the service cuts at its first colon, losing one digit of the GUID behind it. */
function auditOff(call: Call): Answer {
  const code = `StartSubscription [CorrId=${randomUUID()}]${requestIn(call)}[AppId`;
  const message = `${applicationOf(call).slice(1)}] failed. Exception: ${exceptionTail(call)}`;
  return { ...apiAnswer(400, JSON.stringify({ error: { code, message } })), code: 'auditOff' };
}

/** The form of 2019 (docs#89): no colon before that of "Exception:". */
function auditOffOf2019(call: Call): Answer {
  const error = {
    code: `StartSubscription ${requestIn(call)} failed. Exception`,
    message: exceptionTail(call),
  };
  return { ...apiAnswer(400, JSON.stringify({ error })), code: 'auditOff' };
}

function withNextPage(answer: Answer, nextPageUri: string): Answer {
  const { 'X-AspNet-Version': version = '4.0.30319', ...headers } = answer.headers;
  return { ...answer, headers: { ...headers, NextPageUri: nextPageUri, 'X-AspNet-Version': version } };
}

type Item = Readonly<Record<string, unknown>>;

/** An answer that is no list, an error for example, stays as it is. */
function withItems(answer: Answer, changeItem: (item: Item) => Item): Answer {
  if (typeof answer.body !== 'string' || !answer.body.startsWith('[')) return answer;
  return { ...answer, body: JSON.stringify((JSON.parse(answer.body) as Item[]).map(changeItem)) };
}
