import { ManagementApiError } from '../errors.ts';
import type { AccessToken } from './access-token.ts';

/**
 * The application permissions of "Office 365 Management APIs" that a token must carry, any one of them. Source: Management
 * Activity API reference, "Office 365 Management API permissions"; for listing subscriptions either is enough.
 */
function acceptedRoles(contentType: string | undefined): readonly string[] {
  if (contentType === undefined) return ['ActivityFeed.Read', 'ActivityFeed.ReadDlp'];
  return [contentType.toLowerCase() === 'dlp.all' ? 'ActivityFeed.ReadDlp' : 'ActivityFeed.Read'];
}

/**
 * Refuses a token that cannot serve the content type: Entra issues tokens without any role when consent is missing, and
 * only the API would tell, less clearly. A token that cannot be read is left to the API.
 *
 * @throws ManagementApiError `unauthorized`
 */
export function assertRole(token: AccessToken, operation: string, contentType: string | undefined): void {
  const accepted = acceptedRoles(contentType);
  if (token.roles === undefined || accepted.some((role) => token.roles?.includes(role))) return;
  const role = accepted[0] ?? '';
  throw new ManagementApiError(
    'unauthorized',
    `${operation}: the token lacks the role ${role}. ${howToGrant(role)}.`,
  );
}

/** Where a tenant's administrator grants a role. */
export function howToGrant(role: string): string {
  return (
    `Grant the application permission ${role} of "Office 365 Management APIs" (not a delegated one) in Microsoft Entra, ` +
    'App registrations, API permissions, and grant admin consent for the tenant (to a managed identity: by an app role ' +
    'assignment in Microsoft Graph)'
  );
}
