import { tokenError, tokenJson } from './answer.ts';
import type { TokenErrorName } from './answer.ts';
import type { Call } from './call.ts';
import { changedRules, instead } from './fault-effect.ts';

/**
 * Faults of the token endpoint (management-activity-api.md 1.6). What `error` belongs to a number and with which status is not
 * documented for all of them; where the reference leaves it open, the likeliest stands here.
 */
export const tokenFaults = {
  // The secret or the certificate
  AADSTS7000215: entra(7000215, 'invalid_client', 'Invalid client secret provided.'),
  AADSTS7000222: entra(7000222, 'invalid_client', 'The provided client secret keys are expired.'),
  AADSTS70002: entra(70002, 'invalid_client', 'Error validating credentials.'),
  AADSTS7000218: entra(
    7000218,
    'invalid_client',
    "The request body must contain the following parameter: 'client_assertion' or 'client_secret'.",
  ),
  AADSTS7000216: entra(
    7000216,
    'invalid_request',
    "'client_assertion', 'client_secret' or 'request' is required for the 'client_credentials' grant type.",
  ),
  AADSTS700025: entra(
    700025,
    'invalid_client',
    "Client is public so neither 'client_assertion' nor 'client_secret' should be presented.",
  ),
  AADSTS700027: entra(
    700027,
    'invalid_client',
    'The certificate used to sign the assertion is not registered.',
  ),
  AADSTS700024: entra(700024, 'invalid_client', 'Client assertion is not within its valid time range.'),
  AADSTS500133: entra(500133, 'invalid_grant', 'Assertion is not within its valid time range.'),
  AADSTS50013: entra(50013, 'invalid_grant', 'Assertion failed signature validation.'),
  AADSTS50012: entra(50012, 'invalid_client', 'Authentication failed.'),

  // The application, its rights, its tenant
  AADSTS700016: entraOfTenant(
    700016,
    'unauthorized_client',
    (tenantId) => `Application was not found in the directory '${tenantId}'.`,
  ),
  AADSTS700011: entraOfTenant(
    700011,
    'unauthorized_client',
    (tenantId) => `Application was not found in the directory '${tenantId}'.`,
  ),
  AADSTS70001: entraOfTenant(
    70001,
    'unauthorized_client',
    (tenantId) => `Application was not found in the directory '${tenantId}'.`,
  ),
  AADSTS7000112: entra(7000112, 'unauthorized_client', 'Application is disabled.'),
  AADSTS65001: entra(
    65001,
    'invalid_grant',
    'The user or administrator has not consented to use the application.',
  ),
  AADSTS65005: entra(65005, 'invalid_resource', 'The application is misconfigured.'),
  AADSTS650052: entra(
    650052,
    'invalid_client',
    'The app needs access to a service that your organization has not subscribed to or enabled.',
  ),
  AADSTS650056: entra(650056, 'invalid_resource', 'Misconfigured application.'),
  AADSTS650057: entra(650057, 'invalid_resource', 'Invalid resource.'),
  AADSTS500011: entra(
    500011,
    'invalid_resource',
    'The resource principal named https://manage.office.com was not found in the tenant.',
  ),
  AADSTS50001: entra(50001, 'invalid_resource', 'The resource is disabled or does not exist.'),
  AADSTS70011: entra(70011, 'invalid_scope', 'The provided request must include a valid scope.'),
  AADSTS90002: entraOfTenant(90002, 'invalid_request', (tenantId) => `Tenant '${tenantId}' not found.`),
  AADSTS900023: entra(
    900023,
    'invalid_request',
    'Specified tenant identifier is neither a valid DNS name, nor a valid external domain.',
  ),
  AADSTS90038: entra(90038, 'invalid_request', 'Tenant uses a national cloud.'),
  AADSTS900382: entra(
    900382,
    'invalid_client',
    'Confidential Client is not supported in Cross Cloud request.',
  ),
  AADSTS900432: entra(
    900432,
    'invalid_client',
    'Confidential Client is not supported in Cross Cloud request.',
  ),
  AADSTS53003: entra(53003, 'access_denied', 'Access has been blocked by Conditional Access policies.'),
  AADSTS530032: entra(530032, 'interaction_required', 'Blocked by a security policy.'),

  // The directory's own trouble
  AADSTS50000: entra(50000, 'server_error', 'There was an error issuing a token.', 500),
  AADSTS90006: entra(90006, 'temporarily_unavailable', 'The service is temporarily unavailable.', 503),
  AADSTS90012: entra(90012, 'temporarily_unavailable', 'The request has timed out.', 503),
  AADSTS90024: entra(90024, 'temporarily_unavailable', 'A transient error has occurred.', 503),
  AADSTS90033: entra(
    90033,
    'temporarily_unavailable',
    'A transient error has occurred. Please try again.',
    503,
  ),
  AADSTS90055: entra(90055, 'temporarily_unavailable', 'Tenant request budget exceeded.', 503),
  AADSTS90090: entra(90090, 'temporarily_unavailable', 'The request could not be served in time.', 503),
  token429: instead(() => tokenJson(429, { error: 'temporarily_unavailable' })),
  token503: instead(() => tokenJson(503, { error: 'temporarily_unavailable' })),

  // Tokens that are worth nothing
  tokenWithoutRoles: changedRules({ roles: [] }),
  delegatedToken: changedRules({ permission: 'delegated' }),
};

function entra(number: number, error: TokenErrorName, description: string, status?: number) {
  return instead(() => tokenError(error, number, description, status));
}

function entraOfTenant(number: number, error: TokenErrorName, description: (tenantId: string) => string) {
  return instead(({ tenantId }: Call) => tokenError(error, number, description(tenantId)));
}
