import type { AccessTokens, TokenClaims } from './access-token.ts';
import { apiAnswer, apiError, apiJson, authorizationDenied } from './answer.ts';
import type { Answer } from './answer.ts';
import { findBlob, retentionMs } from './blobs.ts';
import type { Call } from './call.ts';
import type { SimulatorClock } from './clock.ts';
import type { Ledger } from './ledger.ts';
import { answerListing, invalidParameter, isOver24Hours, windowOf } from './listing.ts';
import { documentedContentTypes } from './options.ts';
import type { ResolvedOptions } from './options.ts';
import { findSubscription, findTenant } from './population.ts';
import type { Population, SubscriptionPopulation } from './population.ts';
import { blobBody } from './records.ts';
import { visibleParts } from './subscription-states.ts';
import type { SubscriptionStates } from './subscription-states.ts';

export interface ActivityApiParts {
  readonly options: ResolvedOptions;
  readonly population: Population;
  readonly states: SubscriptionStates;
  readonly tokens: AccessTokens;
  readonly clock: SimulatorClock;
  readonly ledger: Ledger;
}

const guidForm = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/** The true answer of the Management Activity API, without faults (management-activity-api.md 2 and 5). */
export function answerActivityApi(call: Call, parts: ActivityApiParts): Answer {
  const refusal = refusalOfCaller(call, parts) ?? refusalOfParameters(call, parts);
  if (refusal) return refusal;
  switch (call.operation) {
    case 'start':
      return start(call, parts);
    case 'stop':
      return stop(call, parts);
    case 'list':
      return list(call, parts);
    case 'content':
    case 'nextPage':
      return content(call, parts);
    case 'blob':
      return blob(call, parts);
    case 'token':
    case 'discovery':
    case 'unknown':
      return notFound();
  }
}

export function notFound(): Answer {
  return apiAnswer(404, '{"Message":"No HTTP resource was found that matches the request URI."}');
}

function refusalOfCaller(call: Call, { tokens, clock, population }: ActivityApiParts): Answer | undefined {
  const bearer = /^Bearer (.+)$/i.exec(call.headers.authorization ?? '')?.[1] ?? '';
  const claims = tokens.claimsOf(bearer, clock.now());
  if (claims === undefined) return authorizationDenied();
  if (!guidForm.test(call.tenantId))
    return apiError(400, 'AF20013', `Tenant ID in the URL (${call.tenantId}) is not a valid GUID.`);
  if (claims.tid !== call.tenantId)
    return apiError(
      400,
      'AF20010',
      `The tenant ID passed in the URL (${call.tenantId}) does not match the tenant ID passed in the access token (${claims.tid}).`,
    );
  if (!findTenant(population, call.tenantId))
    return apiError(
      400,
      'AF20011',
      `Tenant ID (${call.tenantId}) does not exist in the system or has been deleted.`,
    );
  return refusalOfRoles(call, claims);
}

function refusalOfRoles({ contentType }: Call, { roles }: TokenClaims): Answer | undefined {
  const needed = contentType?.toLowerCase() === 'dlp.all' ? 'ActivityFeed.ReadDlp' : 'ActivityFeed.Read';
  if (roles.includes(needed)) return undefined;
  return apiError(
    401,
    'AF10001',
    `The permission set (${roles.join(' ')}) sent in the request does not include the expected permission ${needed}.`,
  );
}

function refusalOfParameters(call: Call, { ledger, population }: ActivityApiParts): Answer | undefined {
  const publisherIdentifier = call.parameters.get('publisheridentifier');
  if (publisherIdentifier === undefined) ledger.violated('missingPublisherIdentifier', call);
  else if (!guidForm.test(publisherIdentifier)) return invalidParameter('PublisherIdentifier', 'guid');

  const expectedMethod = call.operation === 'start' || call.operation === 'stop' ? 'POST' : 'GET';
  if (call.method !== expectedMethod)
    return apiAnswer(
      405,
      `{"Message":"The requested resource does not support http method '${call.method}'."}`,
    );
  if (call.operation === 'list' || call.operation === 'blob') return undefined;
  if (call.contentType === undefined) return apiError(400, 'AF20001', 'Missing parameter: contentType.');
  return knownContentType(call, population) === undefined
    ? apiError(400, 'AF20020', 'The specified content type is not valid.')
    : undefined;
}

/** The official spelling of the call's content type, where it is one of the tenant's or of the documented ones. */
function knownContentType({ tenantId, contentType }: Call, population: Population): string | undefined {
  const own = findTenant(population, tenantId)?.subscriptions.map((subscription) => subscription.contentType);
  return [...(own ?? []), ...documentedContentTypes].find(
    (known) => known.toLowerCase() === contentType?.toLowerCase(),
  );
}

function start(call: Call, { states, clock, population }: ActivityApiParts): Answer {
  const contentType = knownContentType(call, population) ?? '';
  if (call.body.includes('"webhook"'))
    return apiError(
      400,
      'AF20021',
      'The webhook endpoint could not be validated. The endpoint did not return HTTP 200.',
    );
  const outcome = states.start(call.tenantId, contentType, clock.now());
  switch (outcome.type) {
    case 'started':
      return apiJson({ contentType, status: 'enabled', webhook: null });
    case 'alreadyEnabled':
      return apiError(400, 'AF20024', 'The subscription is already enabled. No property change.');
    case 'tooSoon':
      return startedTooSoon(outcome.waitMs);
  }
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

function stop(call: Call, { states, clock, population }: ActivityApiParts): Answer {
  const contentType = knownContentType(call, population) ?? '';
  return states.stop(call.tenantId, contentType, clock.now()) ? apiAnswer(200, '') : noSubscription();
}

function list({ tenantId }: Call, { states }: ActivityApiParts): Answer {
  return apiJson(
    states
      .all()
      .filter((state) => state.tenantId === tenantId)
      .map(({ contentType, status }) => ({ contentType, status, webhook: null })),
  );
}

function content(call: Call, { states, clock, population, ledger, options }: ActivityApiParts): Answer {
  if (isOver24Hours(call)) ledger.violated('windowOver24Hours', call);
  const contentType = knownContentType(call, population) ?? '';
  const state = states.find(call.tenantId, contentType);
  if (state?.status !== 'enabled') {
    ledger.violated('listedWithoutSubscription', call);
    return state ? apiError(400, 'AF20023', 'The subscription was disabled.') : noSubscription();
  }
  const window = windowOf(call, clock.now());
  if ('status' in window) return window;
  const subscription = findSubscription(population, call.tenantId, contentType);
  if (subscription === undefined) return apiJson([]);
  const { answer, blobs } = answerListing(call, {
    subscription,
    visible: state.visible,
    window,
    availableUntilMs: clock.availableUntilMs(),
    pageSize: options.pageSize,
  });
  for (const listed of blobs) ledger.listed(subscription, listed);
  return answer;
}

function noSubscription(): Answer {
  return apiError(400, 'AF20022', 'No subscription found for the specified content type.');
}

function blob(call: Call, { states, clock, population, ledger }: ActivityApiParts): Answer {
  const contentId = call.contentId ?? '';
  const subscription = findSubscription(population, call.tenantId, call.contentType ?? '');
  if (subscription === undefined || !isContentIdOf(subscription, contentId))
    return apiError(400, 'AF20052', `Blob key ${contentId} in the url is invalid.`);
  const found = findBlob(subscription, contentId);
  const visible = states.find(subscription.tenantId, subscription.contentType)?.visible ?? [];
  const isVisible =
    found !== undefined &&
    found.createdMs < clock.availableUntilMs() &&
    visibleParts(visible, found.createdMs, found.createdMs + 1).length > 0;
  if (!isVisible) return apiError(404, 'AF20050', `The specified content (${contentId}) does not exist.`);
  if (found.createdMs + retentionMs < clock.now())
    return apiError(
      400,
      'AF20051',
      `Content requested with the key ${contentId} has already expired. Content older than 7 days cannot be retrieved.`,
    );
  return {
    ...apiAnswer(200, blobBody(subscription, found)),
    served: (bytes) => ledger.fetched(subscription, found, bytes),
  };
}

/** Whether the id has the form of this feed's ids; ids of another tenant's scale unit or mangled ones have not. */
function isContentIdOf({ scaleUnit }: SubscriptionPopulation, contentId: string): boolean {
  return /^\d{23}\$\d{23}\$/.test(contentId) && contentId.split('$')[4] === scaleUnit;
}
