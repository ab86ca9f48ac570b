export interface AccessToken {
  readonly value: string;
  /** The application permissions in it; undefined when it cannot be read. */
  readonly roles: readonly string[] | undefined;
}

/**
 * The `roles` claim of a token: empty without the claim, undefined when the token is no JWT. Reads only, verifies nothing.
 */
export function rolesOf(token: string): readonly string[] | undefined {
  const claims = claimsOf(token);
  if (claims === undefined) return undefined;
  return Array.isArray(claims.roles) ? claims.roles.filter((role) => typeof role === 'string') : [];
}

function claimsOf(token: string): { readonly roles?: unknown } | undefined {
  try {
    const claims: unknown = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString('utf8'));
    return typeof claims === 'object' && claims !== null ? claims : undefined;
  } catch {
    return undefined;
  }
}
