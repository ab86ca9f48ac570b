import { z } from 'zod';
import { guid, identityOfMachine } from './values.ts';

/** How the service signs in: `client_id` and exactly one of the credentials. */
export const signIn = {
  client_id: guid(
    'copy the "Application (client) ID" from the overview of the application in Microsoft Entra',
  ).meta({
    isRequired: true,
    description: 'Id of the application that has the permission ActivityFeed.Read in the tenant.',
    examples: ['89abcdef-0123-4567-89ab-cdef01234567'],
  }),
  client_secret_path: secretFile(
    'File with the client secret. It is read at each use, so that a new secret needs no restart.',
    '/run/secrets/contoso',
  ),
  client_secret: z
    .string()
    .min(1)
    .meta({
      isSecret: true,
      description:
        'The client secret itself, best taken from the environment. Incompatible with `client_secret_path`.',
      examples: ['${CLIENT_SECRET}'],
    }),
  client_certificate_path: secretFile(
    'PEM file with the certificate of the application, and with its private key unless that is in a file of its own.',
    '/run/secrets/contoso.pem',
  ),
  client_certificate_key_path: secretFile(
    'PEM file with the private key of `client_certificate_path`.',
    '/run/secrets/contoso.key',
  ),
  client_certificate_password_path: secretFile(
    'File with the password of the private key, if it is encrypted.',
    '/run/secrets/contoso.password',
  ),
  federated_token_path: secretFile(
    'File with a token of another identity provider that the application trusts (workload identity federation).',
    '/var/run/secrets/azure/tokens/azure-identity-token',
  ),
  managed_identity: identityOfMachine().meta({
    description:
      'Sign in with a managed identity of the machine in Azure (or connected by Azure Arc) that the worker runs on, without `client_id`: `system`, or the client id of a user-assigned one. It collects from its own tenant only. Azure keeps its tokens for up to a day, so a permission that is granted later shows late.',
    examples: ['system', '89abcdef-0123-4567-89ab-cdef01234567'],
  }),
};

/** A path to a file that has to be there when the configuration is loaded. */
function secretFile(description: string, example: string) {
  return z
    .string()
    .min(1)
    .meta({ isSecretFile: true, description, examples: [example] });
}
