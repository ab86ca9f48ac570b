import type { DestinationContext } from '../destination.ts';
import type { HttpOptions } from './config.ts';

type Credentials = Pick<
  HttpOptions,
  'bearer_token' | 'bearer_token_path' | 'username' | 'password' | 'password_path'
>;

/**
 * The value of the `Authorization` header, if one is configured. Files are read at each call, so that a new secret counts at
 * once.
 *
 * @throws Error for a file that cannot be used
 */
export async function authorization(
  credentials: Credentials,
  { readSecretFile }: Pick<DestinationContext, 'readSecretFile'>,
): Promise<string | undefined> {
  const { username, bearer_token_path, password_path } = credentials;
  if (username !== undefined) {
    const password =
      password_path === undefined ? credentials.password?.reveal() : await readSecretFile(password_path);
    return `Basic ${Buffer.from(`${username}:${password ?? ''}`).toString('base64')}`;
  }
  const token =
    bearer_token_path === undefined
      ? credentials.bearer_token?.reveal()
      : await readSecretFile(bearer_token_path);
  if (token === undefined) return undefined;
  if (!/^[\x21-\x7e]+$/.test(token.trim())) {
    throw new Error('the bearer token holds a character that no header can hold');
  }
  return `Bearer ${token.trim()}`;
}
