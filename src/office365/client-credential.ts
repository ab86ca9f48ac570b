import { createPrivateKey, X509Certificate } from 'node:crypto';
import type { Configuration } from '@azure/msal-node';
import type { Credential } from '../config/config.ts';
import { ManagementApiError } from '../errors.ts';

/** Reads the text of a file without the line end at its end. Throws an Error whose message names the file and the remedy. */
export type ReadSecretFile = (path: string) => Promise<string>;

/** How an application signs in; a managed identity has no credential of its own. */
export type ApplicationCredential = Exclude<Credential, { type: 'managedIdentity' }>;

type ClientCredential = Pick<Configuration['auth'], 'clientSecret' | 'clientCertificate' | 'clientAssertion'>;

/**
 * The credential in MSAL's form. Files are read at each call, so that a renewed secret or certificate counts from the next
 * token on.
 *
 * @throws ManagementApiError `unauthorized` for a file that cannot be used
 */
export async function readClientCredential(
  credential: ApplicationCredential,
  readSecretFile: ReadSecretFile,
): Promise<ClientCredential> {
  try {
    switch (credential.type) {
      case 'secret':
        return { clientSecret: credential.secret.reveal() };
      case 'secretFile':
        return { clientSecret: await readSecretFile(credential.path) };
      case 'federatedToken':
        return { clientAssertion: await readSecretFile(credential.path) };
      case 'certificate':
        return { clientCertificate: await readCertificate(credential, readSecretFile) };
    }
  } catch (cause) {
    const problem = cause instanceof Error ? cause.message : 'it cannot be read';
    throw new ManagementApiError('unauthorized', `getToken: the credential cannot be used: ${problem}.`, {
      cause,
    });
  }
}

/** A certificate and its key as PEM, in one file or in two, the key with a password or without. */
async function readCertificate(
  { path, keyPath, passwordPath }: Extract<Credential, { type: 'certificate' }>,
  readSecretFile: ReadSecretFile,
): Promise<NonNullable<ClientCredential['clientCertificate']>> {
  const certificate = await readSecretFile(path);
  const key = keyPath === undefined ? certificate : await readSecretFile(keyPath);
  const passphrase = passwordPath === undefined ? undefined : await readSecretFile(passwordPath);
  return {
    thumbprintSha256: new X509Certificate(certificate).fingerprint256.replaceAll(':', ''),
    privateKey: createPrivateKey({ key, passphrase }).export({ type: 'pkcs8', format: 'pem' }).toString(),
  };
}
