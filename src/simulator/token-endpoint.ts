import type { AccessTokens } from './access-token.ts';
import { tokenError, tokenJson } from './answer.ts';
import type { Answer } from './answer.ts';
import type { Call } from './call.ts';
import type { SimulatorClock } from './clock.ts';
import type { ResolvedOptions } from './options.ts';
import { findTenant } from './population.ts';
import type { Population } from './population.ts';

export interface TokenEndpointParts {
  readonly options: ResolvedOptions;
  readonly population: Population;
  readonly tokens: AccessTokens;
  readonly clock: SimulatorClock;
}

const guidForm = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/** API hosts of the clouds (management-activity-api.md 1.7): a token may be asked for any of them. */
const resources = [
  'https://manage.office.com',
  'https://manage-gcc.office.com',
  'https://manage.office365.us',
  'https://manage.protection.apps.mil',
  'https://manage.office365.cn',
];

/**
 * Both token endpoints for client credentials with a secret: v2 with `scope`, v1 with `resource` and numbers as strings. No
 * certificate is registered with the simulated application, so an assertion is refused as one of an unknown certificate.
 */
export function answerToken(call: Call, { options, population, tokens, clock }: TokenEndpointParts): Answer {
  const form = new URLSearchParams(call.body);
  const { clientId, clientSecret } = credentials(form, call.headers.authorization);
  const isVersion2 = call.target.toLowerCase().includes('/oauth2/v2.0/');
  const audience = audienceOf(form, isVersion2);

  if (call.method !== 'POST')
    return tokenError('invalid_request', 900561, 'The endpoint only accepts POST requests.');
  const refusal = refusalOfTenant(call.tenantId, population);
  if (refusal) return refusal;
  if (form.get('grant_type') !== 'client_credentials')
    return tokenError('unsupported_grant_type', 70003, 'The app requested an unsupported grant type.');
  if (clientId !== options.clientId)
    return tokenError(
      'unauthorized_client',
      700016,
      `Application with identifier '${clientId}' was not found in the directory '${call.tenantId}'.`,
    );
  if (form.has('client_assertion'))
    return tokenError(
      'invalid_client',
      700027,
      'The certificate used to sign the assertion is not registered.',
    );
  if (clientSecret === '')
    return tokenError(
      'invalid_client',
      7000218,
      "The request body must contain the following parameter: 'client_assertion' or 'client_secret'.",
    );
  if (clientSecret !== options.clientSecret)
    return tokenError(
      'invalid_client',
      7000215,
      'Invalid client secret provided. Ensure the secret being sent in the request is the client secret value, ' +
        `not the client secret ID, for a secret added to app '${clientId}'.`,
    );
  if (audience === undefined)
    return isVersion2
      ? tokenError('invalid_scope', 70011, "The provided value for the input parameter 'scope' is not valid.")
      : tokenError('invalid_request', 500011, 'The resource principal was not found in the tenant.');

  const accessToken = tokens.issue({
    tenantId: call.tenantId,
    clientId,
    audience,
    roles: options.roles,
    lifetimeSeconds: options.tokenLifetimeSeconds,
    nowMs: clock.now(),
  });
  const lifetime = options.tokenLifetimeSeconds;
  return tokenJson(
    200,
    isVersion2
      ? {
          token_type: 'Bearer',
          expires_in: lifetime,
          ext_expires_in: lifetime,
          access_token: accessToken,
        }
      : {
          token_type: 'Bearer',
          expires_in: String(lifetime),
          ext_expires_in: '0',
          expires_on: String(Math.floor(clock.now() / 1000) + lifetime),
          not_before: String(Math.floor(clock.now() / 1000) - 300),
          resource: audience,
          access_token: accessToken,
        },
  );
}

/** The OpenID document that MSAL asks for before its first token. */
export function answerDiscovery(call: Call, { population }: Pick<TokenEndpointParts, 'population'>): Answer {
  const refusal = refusalOfTenant(call.tenantId, population);
  if (refusal) return refusal;
  const authority = `${call.origin}/${call.tenantId}`;
  return tokenJson(200, {
    token_endpoint: `${authority}/oauth2/v2.0/token`,
    token_endpoint_auth_methods_supported: ['client_secret_post', 'private_key_jwt', 'client_secret_basic'],
    jwks_uri: `${authority}/discovery/v2.0/keys`,
    response_modes_supported: ['query', 'fragment', 'form_post'],
    subject_types_supported: ['pairwise'],
    id_token_signing_alg_values_supported: ['RS256'],
    response_types_supported: ['code', 'id_token', 'code id_token', 'id_token token'],
    scopes_supported: ['openid', 'profile', 'email', 'offline_access'],
    issuer: `${authority}/v2.0`,
    authorization_endpoint: `${authority}/oauth2/v2.0/authorize`,
    end_session_endpoint: `${authority}/oauth2/v2.0/logout`,
  });
}

function refusalOfTenant(tenantId: string, population: Population): Answer | undefined {
  if (findTenant(population, tenantId)) return undefined;
  if (!guidForm.test(tenantId) && !tenantId.includes('.'))
    return tokenError(
      'invalid_request',
      900023,
      `Specified tenant identifier '${tenantId}' is neither a valid DNS name, nor a valid external domain.`,
    );
  return tokenError(
    'invalid_request',
    90002,
    `Tenant '${tenantId}' not found. Check to make sure you have the correct tenant ID and are signing into the correct cloud.`,
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
