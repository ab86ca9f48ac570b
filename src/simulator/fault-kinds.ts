import { apiAnswer, apiError, authorizationDenied, tokenError, tokenJson } from './answer.ts';
import type { Answer } from './answer.ts';
import type { Call, Operation } from './call.ts';
import { startedTooSoon } from './activity-api.ts';

/**
 * What a fault does to an answer:
 * - `instead`: another answer in place of the true one;
 * - `change`: the true answer, altered;
 * - `connection`: the true answer does not arrive as it should.
 */
export type FaultEffect =
  | { readonly type: 'instead'; readonly answer: (call: Call) => Answer }
  | { readonly type: 'change'; readonly change: (answer: Answer, call: Call) => Answer }
  | { readonly type: 'connection'; readonly trouble: ConnectionTrouble };

/** `closedMidBody`: the connection ends within the body; `cutBody`: http is in order, half of the JSON is missing. */
export type ConnectionTrouble = 'reset' | 'closedMidBody' | 'cutBody' | 'none';

/** Every fault by its name; the sections are those of management-activity-api.md. */
export const faultKinds = {
  // Throttling (4.2). No Retry-After: none was ever seen.
  AF429: instead((call) => apiError(403, 'AF429', tooManyRequests(call))),
  'AF429-status-429': instead((call) => apiError(429, 'AF429', tooManyRequests(call))),
  'AF429-single-quotes': instead((call) => ({
    ...apiAnswer(403, `{'error':{'code':'AF429','message':'${tooManyRequests(call)}'}}`),
    code: 'AF429',
  })),
  startCooldown: instead(() => startedTooSoon(526_000)),

  // Trouble of the service (4.3, 5.1).
  AF50000: instead(() => apiError(500, 'AF50000', 'An internal server error occurred. Retry the request.')),
  'AF50000-in-an-hour': instead(() =>
    apiError(
      500,
      'AF50000',
      'An internal error occurred. Please retry the request again in an hour. We have been notified and would be resolved soon.',
    ),
  ),
  html200: instead(() => html(200, 'The service is unavailable.')),
  html503: instead(() => html(503, 'Service Unavailable')),
  empty200: instead(() => apiAnswer(200, '')),
  errorObject200: instead(() => ({
    ...apiError(200, 'AF50000', 'An internal server error occurred. Retry the request.'),
  })),
  unknownCode: instead(() => apiError(400, 'AF99999', 'Something else.')),

  // Who may ask (5.1, 5.2).
  unauthorized: instead(() => authorizationDenied()),
  AF10001: instead(() =>
    apiError(
      401,
      'AF10001',
      'The permission set () sent in the request does not include the expected permission ActivityFeed.Read.',
    ),
  ),
  AF20011: instead(({ tenantId }) =>
    apiError(400, 'AF20011', `Tenant ID (${tenantId}) does not exist in the system or has been deleted.`),
  ),
  auditOff: instead((call) => auditOff(call)),

  // Subscriptions, windows and content (5.2).
  AF20022: instead(() => apiError(400, 'AF20022', 'No subscription found for the specified content type.')),
  AF20023: instead(() => apiError(400, 'AF20023', 'The subscription was disabled by a tenant admin.')),
  AF20031: instead(({ parameters }) =>
    apiError(400, 'AF20031', `Invalid nextPage Input: ${parameters.get('nextpage') ?? ''}`),
  ),
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
  AF20052: instead(({ contentId }) =>
    apiError(400, 'AF20052', `Blob key ${contentId} in the url is invalid.`),
  ),

  // The token endpoint (1.6).
  AADSTS7000215: instead(() => tokenError('invalid_client', 7000215, 'Invalid client secret provided.')),
  AADSTS7000222: instead(() =>
    tokenError('invalid_client', 7000222, 'The provided client secret keys are expired.'),
  ),
  AADSTS700016: instead(({ tenantId }) =>
    tokenError('unauthorized_client', 700016, `Application was not found in the directory '${tenantId}'.`),
  ),
  AADSTS90002: instead(({ tenantId }) =>
    tokenError('invalid_request', 90002, `Tenant '${tenantId}' not found.`),
  ),
  AADSTS90033: instead(() =>
    tokenError('temporarily_unavailable', 90033, 'A transient error has occurred. Please try again.', 503),
  ),
  token429: instead(() => tokenJson(429, { error: 'temporarily_unavailable' })),

  // Links of a page (2.5, quirks 9 and 53).
  selfLink: change((answer, { origin, target }) => withNextPage(answer, origin + target)),
  foreignLink: change((answer, call) => withNextPage(answer, foreignLink(call))),

  // The connection (4.3).
  reset: { type: 'connection', trouble: 'reset' },
  truncated: { type: 'connection', trouble: 'closedMidBody' },
  cutJson: { type: 'connection', trouble: 'cutBody' },
  slow: { type: 'connection', trouble: 'none' },
} satisfies Record<string, FaultEffect>;

export type FaultKind = keyof typeof faultKinds;

/** Where a foreign link points: to another name of this host, so that following it is seen. */
export const foreignPath = '/_foreign';

/** Internal names of the service; those of `GetBlob` and `GetContents` were seen, the others follow their pattern. */
const methodNames: Partial<Record<Operation, string>> = {
  start: 'StartSubscription',
  stop: 'StopSubscription',
  list: 'ListSubscriptions',
  content: 'GetContents',
  nextPage: 'GetContents',
  blob: 'GetBlob',
};

function instead(answer: (call: Call) => Answer): FaultEffect {
  return { type: 'instead', answer };
}

function change(by: (answer: Answer, call: Call) => Answer): FaultEffect {
  return { type: 'change', change: by };
}

function tooManyRequests({ operation, parameters }: Call): string {
  const publisherId = parameters.get('publisheridentifier') ?? '00000000-0000-0000-0000-000000000000';
  return `Too many requests. Method=${methodNames[operation] ?? operation}, PublisherId=${publisherId}`;
}

function html(status: number, text: string): Answer {
  const page = `<!DOCTYPE html><html><head><title>${text}</title></head><body><h1>${text}</h1></body></html>`;
  return { status, headers: { 'Content-Type': 'text/html; charset=utf-8' }, body: page, code: 'html' };
}

/** Exception text that the service cuts at its first colon, losing one digit of the GUID behind it. */
function auditOff({ tenantId, contentType, parameters }: Call): Answer {
  const publisherId = parameters.get('publisheridentifier') ?? '00000000-0000-0000-0000-000000000000';
  const applicationId = '4864ee8e-0000-4000-8000-000000000000';
  const code =
    `StartSubscription [CorrId=1be9d3d4-0000-4000-8000-000000000000][TenantId=${tenantId},ContentType=${contentType},` +
    `ApplicationId=${applicationId},PublisherId=${publisherId}][AppId`;
  const message =
    `${applicationId.slice(1)}] failed. Exception: Microsoft.Office.Compliance.Audit.DataServiceException: ` +
    `Tenant ${tenantId} does not exist.\r\n   at Microsoft.Office.Compliance.Audit.API.AzureManager.cs:line 1786\r\n`;
  return { ...apiAnswer(400, JSON.stringify({ error: { code, message } })), code: 'auditOff' };
}

function withNextPage(answer: Answer, nextPageUri: string): Answer {
  const { 'X-AspNet-Version': version = '4.0.30319', ...headers } = answer.headers;
  return { ...answer, headers: { ...headers, NextPageUri: nextPageUri, 'X-AspNet-Version': version } };
}

function foreignLink({ origin, target }: Call): string {
  const url = new URL(origin);
  url.hostname = url.hostname === 'localhost' ? '127.0.0.1' : 'localhost';
  return url.origin + foreignPath + target;
}
