import { Secret } from './config.ts';
import type { Credential } from './config.ts';
import type { KeyPath, Keys } from './key-path.ts';
import type { Issue } from './issues.ts';
import type { TenantKeys } from './schema.ts';

/** The keys of which a tenant needs exactly one. */
export const credentialKeys = [
  'client_secret_path',
  'client_secret',
  'client_certificate_path',
  'federated_token_path',
  'managed_identity',
] as const;

const certificateParts = ['client_certificate_key_path', 'client_certificate_password_path'] as const;

export function hasCredential(keys: Keys): boolean {
  return credentialKeys.some((key) => key in keys);
}

/** What contradicts itself among the credentials of one tenant, or of the top level. */
export function credentialIssues(keys: Keys, path: KeyPath): Issue[] {
  const [first, ...further] = credentialKeys.filter((key) => key in keys);
  const tooMany = further.map((key) => ({
    path: [...path, key],
    problem: `is incompatible with ${first}; keep one of the two`,
  }));
  const orphans = certificateParts
    .filter((key) => key in keys && !('client_certificate_path' in keys))
    .map((key) => ({
      path: [...path, key],
      problem:
        'belongs to a certificate; name it by client_certificate_path beside this key, or remove this key',
    }));
  return [...tooMany, ...orphans];
}

/** The one credential in the keys. Throws where there is none: `rules.ts` has refused that before. */
export function resolveCredential(keys: TenantKeys): Credential {
  if (keys.client_secret !== undefined) return { type: 'secret', secret: new Secret(keys.client_secret) };
  if (keys.client_secret_path !== undefined) return { type: 'secretFile', path: keys.client_secret_path };
  if (keys.client_certificate_path !== undefined) {
    return {
      type: 'certificate',
      path: keys.client_certificate_path,
      keyPath: keys.client_certificate_key_path,
      passwordPath: keys.client_certificate_password_path,
    };
  }
  if (keys.federated_token_path !== undefined)
    return { type: 'federatedToken', path: keys.federated_token_path };
  if (keys.managed_identity !== undefined) {
    const clientId = keys.managed_identity === 'system' ? undefined : keys.managed_identity;
    return { type: 'managedIdentity', clientId };
  }
  throw new Error('A tenant without a credential came past the check for it');
}
