import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

export const tenantId = '0873ee4d-d342-44f2-8961-74c442a2fad2';
export const clientId = '4864ee8e-1111-4222-8333-444455556666';
export const scope = 'https://manage.office.com/.default';
export const never = new AbortController().signal;

export interface TokenRequest {
  readonly path: string | undefined;
  readonly userAgent: string | undefined;
  readonly form: URLSearchParams;
}
export type Answer = { status?: number; headers?: Record<string, string>; body: string };
/** `reset` closes the connection without an answer. */
export type Reply = Answer | 'reset' | Promise<Answer>;

/** A scripted token endpoint on loopback. */
export interface FakeTokenEndpoint {
  readonly loginUrl: string;
  readonly received: TokenRequest[];
  reply: () => Reply;
  close(): Promise<void>;
}

export async function startFakeTokenEndpoint(
  scheme: 'http' | 'https' = 'http',
  create: (listener: RequestListener) => Server = createServer,
): Promise<FakeTokenEndpoint> {
  const received: TokenRequest[] = [];
  const server = create((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const form = new URLSearchParams(Buffer.concat(chunks).toString('utf8'));
      const path = request.url?.split('?')[0];
      received.push({ path, userAgent: request.headers['user-agent'], form });
      void Promise.resolve(endpoint.reply()).then((answer) => {
        if (answer === 'reset') return request.socket.destroy();
        response.writeHead(answer.status ?? 200, { 'content-type': 'application/json', ...answer.headers });
        return response.end(answer.body);
      });
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const endpoint: FakeTokenEndpoint = {
    loginUrl: `${scheme}://127.0.0.1:${(server.address() as AddressInfo).port}`,
    received,
    reply: () => token({ roles: ['ActivityFeed.Read'], n: received.length }),
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  return endpoint;
}

/** An unsigned token with these claims. */
export function jwt(claims: object): string {
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
  return `${part({ alg: 'none' })}.${part(claims)}.signature`;
}

export function token(claims: object = { roles: ['ActivityFeed.Read'] }, expiresIn: unknown = 3599): Answer {
  return {
    body: JSON.stringify({ token_type: 'Bearer', expires_in: expiresIn, access_token: jwt(claims) }),
  };
}

export function refusal(code: number, status = 401): Answer {
  const body = { error: 'invalid_client', error_description: `AADSTS${code}: x`, error_codes: [code] };
  return { status, body: JSON.stringify(body) };
}
