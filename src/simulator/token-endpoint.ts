import type { ProofKind } from './access-token.ts';
import { tokenError, tokenJson } from './answer.ts';
import type { Answer } from './answer.ts';
import type { ApiParts } from './api-parts.ts';
import type { Call } from './call.ts';
import { refusalOfAssertion } from './client-assertion.ts';
import { findTenantByName } from './population.ts';
import type { Tenant } from './population.ts';

type TokenEndpointParts = Pick<ApiParts, 'rules' | 'population' | 'tokens' | 'clock'>;

const guidForm = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/** API hosts of the clouds (management-activity-api.md 1.7): a token may be asked for any of them. */
const resources = [
  'https://manage.office.com',
  'https://manage-gcc.office.com',
  'https://manage.office365.us',
  'https://manage.protection.apps.mil',
  'https://manage.office365.cn',
];

const assertionType = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer';

/**
 * Both token endpoints for client credentials, by secret or by certificate: v2 with `scope`, v1 with `resource` and numbers as
 * strings.
 */
export function answerToken(call: Call, parts: TokenEndpointParts): Answer {
  const form = new URLSearchParams(call.body);
  const isVersion2 = call.target.toLowerCase().includes('/oauth2/v2.0/');
  if (call.method !== 'POST')
    return tokenError('invalid_request', 900561, 'The endpoint only accepts POST requests.');
  const tenant = findTenantByName(parts.population, call.tenantId);
  if (tenant === undefined) return refusalOfTenant(call.tenantId);
  if (form.get('grant_type') !== 'client_credentials')
    return tokenError('unsupported_grant_type', 70003, 'The app requested an unsupported grant type.');
  const proof = proofOf(call, form, parts);
  if (typeof proof !== 'string') return proof;
  const audience = audienceOf(form, isVersion2);
  if (audience === undefined)
    return isVersion2
      ? tokenError('invalid_scope', 70011, "The provided value for the input parameter 'scope' is not valid.")
      : tokenError('invalid_resource', 500011, 'The resource principal was not found in the tenant.');
  return tokenJson(200, tokenBody({ tenant, proof, audience, isVersion2 }, parts));
}

/** How the client has shown who it is, or why it has not. */
function proofOf(
  call: Call,
  form: URLSearchParams,
  { rules, clock }: TokenEndpointParts,
): ProofKind | Answer {
  const { clientId, clientSecret } = credentials(form, call.headers.authorization);
  if (clientId !== rules.clientId)
    return tokenError(
      'unauthorized_client',
      700016,
      `Application with identifier '${clientId}' was not found in the directory '${call.tenantId}'.`,
    );
  const assertion = form.get('client_assertion');
  if (assertion !== null && form.get('client_assertion_type') === assertionType)
    return (
      refusalOfAssertion(assertion, {
        certificate: rules.clientCertificate,
        clientId,
        audience: call.origin + call.target,
        nowMs: clock.now(),
      }) ?? 'certificate'
    );
  if (clientSecret === '')
    return tokenError(
      'invalid_client',
      7000218,
      "The request body must contain the following parameter: 'client_assertion' or 'client_secret'.",
    );
  if (clientSecret !== rules.clientSecret)
    return tokenError(
      'invalid_client',
      7000215,
      'Invalid client secret provided. Ensure the secret being sent in the request is the client secret value, ' +
        `not the client secret ID, for a secret added to app '${clientId}'.`,
    );
  return 'secret';
}

interface Grant {
  readonly tenant: Tenant;
  readonly proof: ProofKind;
  readonly audience: string;
  readonly isVersion2: boolean;
}

function tokenBody(
  { tenant, proof, audience, isVersion2 }: Grant,
  { tokens, rules, clock }: TokenEndpointParts,
) {
  const lifetime = rules.tokenLifetimeSeconds;
  const isApplication = rules.permission === 'application';
  const accessToken = tokens.issue({
    tenantId: tenant.tenantId,
    clientId: rules.clientId,
    audience,
    proof,
    roles: isApplication ? rules.roles : [],
    scopes: isApplication ? [] : rules.roles,
    lifetimeSeconds: lifetime,
    nowMs: clock.now(),
  });
  if (isVersion2)
    return {
      token_type: 'Bearer',
      expires_in: lifetime,
      ext_expires_in: lifetime,
      access_token: accessToken,
    };
  const nowSeconds = Math.floor(clock.now() / 1000);
  return {
    token_type: 'Bearer',
    expires_in: String(lifetime),
    ext_expires_in: '0',
    expires_on: String(nowSeconds + lifetime),
    not_before: String(nowSeconds - 300),
    resource: audience,
    access_token: accessToken,
  };
}

/** The OpenID document that MSAL asks for before its first token, of v2 or v1. */
export function answerDiscovery(call: Call, { population }: Pick<TokenEndpointParts, 'population'>): Answer {
  const tenant = findTenantByName(population, call.tenantId);
  if (tenant === undefined) return refusalOfTenant(call.tenantId);
  const authority = `${call.origin}/${tenant.tenantId}`;
  const isVersion2 = call.target.toLowerCase().includes('/v2.0/');
  const version = isVersion2 ? '/v2.0' : '';
  return tokenJson(200, {
    token_endpoint: `${authority}/oauth2${version}/token`,
    token_endpoint_auth_methods_supported: ['client_secret_post', 'private_key_jwt', 'client_secret_basic'],
    jwks_uri: `${authority}/discovery${version}/keys`,
    response_modes_supported: ['query', 'fragment', 'form_post'],
    subject_types_supported: ['pairwise'],
    id_token_signing_alg_values_supported: ['RS256'],
    response_types_supported: ['code', 'id_token', 'code id_token', 'id_token token'],
    scopes_supported: isVersion2 ? ['openid', 'profile', 'email', 'offline_access'] : ['openid'],
    issuer: isVersion2 ? `${authority}/v2.0` : `https://sts.windows.net/${tenant.tenantId}/`,
    authorization_endpoint: `${authority}/oauth2${version}/authorize`,
    end_session_endpoint: `${authority}/oauth2${version}/logout`,
  });
}

function refusalOfTenant(name: string): Answer {
  if (!guidForm.test(name) && !name.includes('.'))
    return tokenError(
      'invalid_request',
      900023,
      `Specified tenant identifier '${name}' is neither a valid DNS name, nor a valid external domain.`,
    );
  return tokenError(
    'invalid_request',
    90002,
    `Tenant '${name}' not found. Check to make sure you have the correct tenant ID and are signing into the correct cloud.`,
  );
}

/** In the form, or as HTTP Basic with both parts percent-encoded. */
function credentials(form: URLSearchParams, authorization: string | undefined) {
  const basic = /^Basic (.+)$/i.exec(authorization ?? '');
  if (basic?.[1] === undefined)
    return { clientId: form.get('client_id') ?? '', clientSecret: form.get('client_secret') ?? '' };
  const [clientId = '', clientSecret = ''] = Buffer.from(basic[1], 'base64').toString('utf8').split(':');
  const pair = new URLSearchParams(`client_id=${clientId}&client_secret=${clientSecret}`);
  return { clientId: pair.get('client_id') ?? '', clientSecret: pair.get('client_secret') ?? '' };
}

function audienceOf(form: URLSearchParams, isVersion2: boolean): string | undefined {
  const asked = isVersion2
    ? /^(.+)\/\.default$/.exec(form.get('scope') ?? '')?.[1]
    : form.get('resource')?.replace(/\/$/, '');
  return resources.find((resource) => resource === asked);
}
