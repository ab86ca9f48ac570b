import type { TokenClaims } from './access-token.ts';
import { apiAnswer, apiError, authorizationDenied, tooManyRequests } from './answer.ts';
import type { Answer } from './answer.ts';
import type { ApiParts } from './api-parts.ts';
import type { Call } from './call.ts';
import { documentedContentTypes } from './options.ts';
import { findTenant } from './population.ts';
import type { Population } from './population.ts';
import { invalidParameter } from './window.ts';

const guidForm = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/** The tenant whose feed a call may see, or why it may not (management-activity-api.md 1.4, 2.9, 2.10, 5.1). */
export function admit(call: Call, parts: ApiParts): { readonly tenantId: string } | Answer {
  const { tokens, clock, population, rules } = parts;
  const bearer = /^Bearer (.+)$/i.exec(call.headers.authorization ?? '')?.[1] ?? '';
  const claims = tokens.claimsOf(bearer, clock.now(), rules.tokenSpeedUp);
  if (claims === undefined) return authorizationDenied();
  if (claims.aud !== rules.resource)
    return call.operation === 'blob' ? invalidBlobKey(call) : authorizationDenied();
  return (
    refusalOfPath(call, claims, population, rules.lenientTenantPath) ??
    refusalOfRoles(call, claims) ??
    refusalOfQuota({ ...call, tenantId: claims.tid }, parts) ??
    refusalOfParameters(call, parts) ?? { tenantId: claims.tid }
  );
}

/** The official spelling of the call's content type, where it is one of the tenant's or of the documented ones. */
export function knownContentType(
  { tenantId, contentType }: Call,
  population: Population,
): string | undefined {
  const own = findTenant(population, tenantId)?.subscriptions.map((subscription) => subscription.contentType);
  return [...(own ?? []), ...documentedContentTypes].find(
    (known) => known.toLowerCase() === contentType?.toLowerCase(),
  );
}

export function invalidBlobKey({ contentId }: Call): Answer {
  return apiError(400, 'AF20052', `Blob key ${contentId} in the url is invalid.`);
}

function refusalOfPath(
  call: Call,
  claims: TokenClaims,
  population: Population,
  isLenient: boolean,
): Answer | undefined {
  if (claims.tid !== call.tenantId && isLenient)
    return call.operation === 'blob' ? invalidBlobKey(call) : undefined;
  if (!guidForm.test(call.tenantId))
    return apiError(
      400,
      'AF20013',
      `The tenant ID passed in the URL (${call.tenantId}) is not a valid GUID.`,
    );
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
      `Specified tenant ID (${call.tenantId}) does not exist in the system or has been deleted.`,
    );
  return undefined;
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

function refusalOfQuota(call: Call, { quota, rules, clock }: ApiParts): Answer | undefined {
  const isShared = !call.parameters.has('publisheridentifier') && rules.sharedQuotaPerMinute > 0;
  const isAdmitted = isShared
    ? quota.admits('shared', rules.sharedQuotaPerMinute, clock.now())
    : quota.admits(call.tenantId, rules.quotaPerMinute, clock.now());
  return isAdmitted ? undefined : apiError(403, 'AF429', tooManyRequests(call));
}

function refusalOfParameters(call: Call, { ledger, population }: ApiParts): Answer | undefined {
  const publisherIdentifier = call.parameters.get('publisheridentifier');
  if (publisherIdentifier === undefined) ledger.violated('missingPublisherIdentifier', call);
  else if (!guidForm.test(publisherIdentifier)) return invalidParameter('PublisherIdentifier', 'guid');

  const expectedMethod = call.operation === 'start' || call.operation === 'stop' ? 'POST' : 'GET';
  if (call.method !== expectedMethod)
    return apiAnswer(
      405,
      `{"Message":"The requested resource does not support http method '${call.method}'."}`,
    );
  if (!needsContentType(call)) return undefined;
  if (call.contentType === undefined) return apiError(400, 'AF20001', 'Missing parameter: contentType.');
  return knownContentType(call, population) === undefined
    ? apiError(400, 'AF20020', 'The specified content type is not valid.')
    : undefined;
}

function needsContentType({ operation }: Call): boolean {
  return operation !== 'list' && operation !== 'blob' && operation !== 'friendlyNames';
}
