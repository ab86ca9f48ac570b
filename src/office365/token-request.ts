import {
  AuthError,
  ConfidentialClientApplication,
  ManagedIdentityApplication,
  type AuthenticationResult,
} from '@azure/msal-node';
import type { Dispatcher } from 'undici';
import type { TenantConfig } from '../config/config.ts';
import { ManagementApiError } from '../errors.ts';
import { createDirectDispatcher } from '../http/dispatcher.ts';
import {
  readClientCredential,
  type ApplicationCredential,
  type ReadSecretFile,
} from './client-credential.ts';
import { managedIdentityError, tokenError } from './token-errors.ts';
import { networkClient, withTokenExchange } from './token-network.ts';

/** Who asks for a token, and what for. */
export type TokenRequester = Pick<
  TenantConfig,
  'tenantId' | 'clientId' | 'credential' | 'loginUrl' | 'scope'
>;

/**
 * Asks for one token, with a fresh MSAL client each time: its cache holds nothing then, and neither do its memories of
 * refusals. MSAL builds the request, signs assertions and knows the services that issue tokens to managed identities.
 */
export async function requestToken(
  requester: TokenRequester,
  options: { readonly dispatcher: Dispatcher; readonly readSecretFile: ReadSecretFile },
): Promise<AuthenticationResult> {
  const { credential } = requester;
  const result = await (
    credential.type === 'managedIdentity'
      ? requestAsManagedIdentity(credential.clientId, requester.scope)
      : requestAsApplication(requester, credential, options)
  ).catch((cause: unknown) => {
    throw cause instanceof ManagementApiError ? cause : unusable(cause);
  });
  if (result === null) throw unusable(undefined);
  return result;
}

async function requestAsApplication(
  { tenantId, clientId = '', loginUrl, scope }: TokenRequester,
  credential: ApplicationCredential,
  {
    dispatcher,
    readSecretFile,
  }: { readonly dispatcher: Dispatcher; readonly readSecretFile: ReadSecretFile },
): Promise<AuthenticationResult | null> {
  const clientCredential = await readClientCredential(credential, readSecretFile);
  const exchange = { dispatcher, readRefusal: tokenError, readSilence: unreachable };
  return withTokenExchange(exchange, async () => {
    const application = new ConfidentialClientApplication({
      auth: { clientId, ...authorityOf(loginUrl, tenantId), ...clientCredential },
      system: { networkClient },
    });
    return application.acquireTokenByClientCredential({ scopes: [scope] });
  });
}

/** The service that issues the token belongs to the machine, so it is asked directly. */
async function requestAsManagedIdentity(
  clientId: string | undefined,
  scope: string,
): Promise<AuthenticationResult> {
  const dispatcher = createDirectDispatcher();
  const exchange = { dispatcher, readRefusal: managedIdentityError, readSilence: noManagedIdentity };
  try {
    return await withTokenExchange(exchange, async () => {
      const application = new ManagedIdentityApplication({
        ...(clientId !== undefined && { managedIdentityIdParams: { userAssignedClientId: clientId } }),
        system: { networkClient },
      });
      // MSAL's cache for managed identities is the process's, so a token that was refused would come back.
      return application.acquireToken({ resource: scope, forceRefresh: true });
    });
  } finally {
    await dispatcher.destroy();
  }
}

/**
 * MSAL takes https authorities only and asks Microsoft about those it does not know. Naming the authority as known, with
 * its port, and the endpoint itself spares all discovery and lets a plain-http simulator on loopback serve.
 */
function authorityOf(loginUrl: string, tenantId: string) {
  const { host } = new URL(loginUrl);
  const endpoint = `${loginUrl}/${tenantId}/oauth2/v2.0`;
  return {
    authority: `https://${host}/${tenantId}`,
    knownAuthorities: [host],
    authorityMetadata: JSON.stringify({
      issuer: `${loginUrl}/${tenantId}/v2.0`,
      authorization_endpoint: `${endpoint}/authorize`,
      token_endpoint: `${endpoint}/token`,
    }),
  };
}

function unreachable(reason: string, cause: unknown): ManagementApiError {
  return new ManagementApiError('unavailable', `getToken: ${reason}; it is tried again.`, { cause });
}

function noManagedIdentity(reason: string, cause: unknown): ManagementApiError {
  return new ManagementApiError(
    'unavailable',
    `getToken: the service that issues tokens to managed identities does not answer: ${reason}; it is tried again. ` +
      'There is one on machines in Azure or connected by Azure Arc; elsewhere configure another credential.',
    { cause },
  );
}

/** What MSAL refuses before it sends anything, for example a key that does not fit. Its text may quote the credential. */
function unusable(cause: unknown): ManagementApiError {
  const code = cause instanceof AuthError ? ` (${cause.errorCode})` : '';
  return new ManagementApiError(
    'unauthorized',
    `getToken: no request could be made with this credential${code}. Check client_id, the credential and login_url.`,
  );
}
