import { z } from 'zod';
import { ManagementApiError, type ManagementApiErrorKind } from '../errors.ts';
import { retryAfterMs } from '../http/retry-after.ts';
import { firstHeader, type RefusedAnswer } from './errors.ts';
import { parseJson } from './schemas.ts';

/** Error of the token endpoint; Microsoft sends more. Source: Microsoft identity platform, client credentials flow. */
const tokenErrorBody = z.object({
  error: z.string().optional(),
  error_description: z.string().optional(),
  error_codes: z.array(z.number()).optional().catch(undefined),
  correlation_id: z.guid().optional().catch(undefined),
});
type TokenErrorBody = z.infer<typeof tokenErrorBody>;

/** Codes that pass by themselves: directory time-outs, throttling, budgets, internal errors. */
const transientCodes = new Set([50000, 90006, 90012, 90024, 90033, 90055, 90090]);
const transientErrors = new Set(['temporarily_unavailable', 'server_error']);

const wrongSecret =
  'The client secret is wrong. Use the value of the secret from "Certificates & secrets", not its id';
const clockOrCertificate =
  "The signed assertion is not valid now: check this machine's clock, then the certificate of the application";
const unknownApplication =
  'The application is not known or is disabled in this tenant: check client_id, tenant_id and api_type, and let an administrator of the tenant consent to it';
const wrongCloud = 'The tenant lives in another cloud: correct api_type';
const noResource =
  'The tenant does not have the Office 365 Management APIs: check that it has a licence, and that api_type is its cloud';
const addPermission =
  'The application does not ask for the Office 365 Management APIs: add the permission ActivityFeed.Read and consent to it';

/**
 * AADSTS codes that need a person, and what that person does. Source: Microsoft Entra authentication and authorization
 * error codes.
 */
const remedies: Readonly<Record<number, string>> = {
  7000215: wrongSecret,
  70002: wrongSecret,
  7000222: 'The client secret has expired. Create a new one and put it in place of the old',
  7000216: 'The request carried no credential: configure a client secret or a certificate',
  7000218: 'The request carried no credential: configure a client secret or a certificate',
  700025:
    'The application is a public client, which may not have a secret: turn off "Allow public client flows"',
  700027: 'The certificate is not registered with the application: upload it under "Certificates & secrets"',
  700024: clockOrCertificate,
  500133: clockOrCertificate,
  50013: clockOrCertificate,
  50012: clockOrCertificate,
  700016: unknownApplication,
  700011: unknownApplication,
  70001: unknownApplication,
  7000112: unknownApplication,
  65001: 'An administrator of the tenant has not consented to the application: grant admin consent',
  65005: addPermission,
  650056: addPermission,
  650057: addPermission,
  650052: noResource,
  500011: noResource,
  50001: noResource,
  70011: 'The scope is malformed; please report this',
  90002: 'The tenant was not found: check tenant_id and api_type',
  900023: 'tenant_id is neither a GUID nor a domain: correct it',
  90038: wrongCloud,
  900382: wrongCloud,
  900432: wrongCloud,
  53003: 'Conditional Access blocks the application: exempt it, or allow the address this service runs at',
  530032: 'Conditional Access blocks the application: exempt it, or allow the address this service runs at',
};

/**
 * What a refusal by the token endpoint means: `throttled` for 429, `unavailable` for what passes by itself, `unauthorized`
 * for what a person has to mend, `unexpectedResponse` for what is no answer of Microsoft's.
 */
export function tokenError(answer: RefusedAnswer): ManagementApiError {
  const body = tokenErrorBody.safeParse(parseJson(answer.text)).data;
  const code = body === undefined ? undefined : aadstsCode(body);
  const { kind, move } = meaningOf(answer.status, body, code);
  const correlationId = body?.correlation_id;
  const wasAnswered = [
    `HTTP ${answer.status}`,
    code === undefined ? undefined : `AADSTS${code}`,
    correlationId === undefined ? undefined : `correlation id ${correlationId}`,
  ];
  return new ManagementApiError(kind, `getToken: ${wasAnswered.filter(Boolean).join(', ')}. ${move}.`, {
    retryAfterMs: retryAfterMs(firstHeader(answer.headers['retry-after']), Date.now()),
  });
}

/**
 * What a refusal by the service means that issues tokens to the managed identities of a machine: of Microsoft Entra where it
 * quotes that, else `throttled` for 429, `unavailable` while it starts (404, 410) or fails, `unauthorized` for an identity
 * that the machine does not have. Source: Microsoft Entra, "How to use managed identities to acquire an access token", error
 * handling.
 */
export function managedIdentityError(answer: RefusedAnswer): ManagementApiError {
  const body = tokenErrorBody.safeParse(parseJson(answer.text)).data;
  if (body !== undefined && aadstsCode(body) !== undefined) return tokenError(answer);
  const { status } = answer;
  const { kind, move } = meaningOfMetadataStatus(status);
  return new ManagementApiError(kind, `getToken: HTTP ${status} of the managed identity service. ${move}.`, {
    retryAfterMs: retryAfterMs(firstHeader(answer.headers['retry-after']), Date.now()),
  });
}

function meaningOfMetadataStatus(status: number): {
  readonly kind: ManagementApiErrorKind;
  readonly move: string;
} {
  if (status === 429) return { kind: 'throttled', move: 'It throttles; it is asked again later' };
  if ([404, 408, 410].includes(status) || status >= 500)
    return { kind: 'unavailable', move: 'It is not ready; it is asked again' };
  if (status >= 400)
    return {
      kind: 'unauthorized',
      move: 'This machine does not have that identity: assign it to the machine, or correct managed_identity',
    };
  return { kind: 'unexpectedResponse', move: 'The answer holds no token; look what answers at its address' };
}

function meaningOf(
  status: number,
  body: TokenErrorBody | undefined,
  code: number | undefined,
): { readonly kind: ManagementApiErrorKind; readonly move: string } {
  if (status === 429)
    return { kind: 'throttled', move: 'Microsoft Entra throttles; it is tried again later' };
  const isTransient =
    (code !== undefined && transientCodes.has(code)) ||
    (body?.error !== undefined && transientErrors.has(body.error));
  if (isTransient || status === 408 || status >= 500)
    return { kind: 'unavailable', move: 'Microsoft Entra is not available; it is tried again' };
  if (body?.error === undefined) {
    return {
      kind: 'unexpectedResponse',
      move: 'This is no answer of a token endpoint; check login_url, or look for a proxy in between',
    };
  }
  const remedy = code === undefined ? undefined : remedies[code];
  const look = code === undefined ? '' : `; see https://login.microsoftonline.com/error?code=${code}`;
  return { kind: 'unauthorized', move: remedy ?? `Microsoft Entra refuses the application${look}` };
}

function aadstsCode(body: TokenErrorBody): number | undefined {
  const written = /AADSTS(\d+)/.exec(body.error_description ?? '')?.[1];
  return body.error_codes?.[0] ?? (written === undefined ? undefined : Number(written));
}
