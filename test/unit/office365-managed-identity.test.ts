import { ManagedIdentityApplication } from '@azure/msal-node';
import type { IncomingMessage } from 'node:http';
import { beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { createHttpDispatcher } from '../../src/http/dispatcher.ts';
import { createTokenProvider } from '../../src/office365/token-provider.ts';
import { serve } from './http-servers.ts';
import { clientId, jwt, never, scope, tenantId } from './office365-fake-token-endpoint.ts';

interface Answer {
  readonly status?: number;
  readonly headers?: Record<string, string>;
  readonly body?: unknown;
}

/** Stands for all services that issue tokens to the managed identities of a machine. */
interface FakeIdentityService {
  readonly url: string;
  readonly received: IncomingMessage[];
  answer: Answer;
}

async function startIdentityService(): Promise<FakeIdentityService> {
  const received: IncomingMessage[] = [];
  const { url } = await serve((request, response) => {
    received.push(request);
    const { status = 200, headers = {}, body = '' } = service.answer;
    response.writeHead(status, headers).end(typeof body === 'string' ? body : JSON.stringify(body));
  });
  const service: FakeIdentityService = { url, received, answer: { body: aToken() } };
  return service;
}

/** As App Service and the metadata service write it, the number as text. */
function aToken(inSeconds = 3600): object {
  return {
    access_token: jwt({ roles: ['ActivityFeed.Read'] }),
    expires_on: String(Math.floor(Date.now() / 1000) + inSeconds),
    resource: 'https://manage.office.com',
    token_type: 'Bearer',
  };
}

function provider(identity?: string) {
  const credential = { type: 'managedIdentity', clientId: identity } as const;
  const dispatcher = createHttpDispatcher();
  onTestFinished(() => dispatcher.destroy());
  return createTokenProvider(
    { tenantId, clientId: undefined, credential, loginUrl: 'https://127.0.0.1:1', scope },
    { dispatcher, readSecretFile: () => Promise.reject(new Error('no file is asked for')) },
  );
}

/** MSAL looks once in a process what kind of machine this is; here each test is a machine of its own. */
function forgetMachine(): void {
  const { managedIdentityClient } = new ManagedIdentityApplication() as unknown as {
    managedIdentityClient: { constructor: { identitySource?: unknown } };
  };
  delete managedIdentityClient.constructor.identitySource;
}

function query({ url }: IncomingMessage): Record<string, string> {
  return Object.fromEntries(new URL(url ?? '', 'http://service').searchParams);
}

let service: FakeIdentityService;

beforeEach(async () => {
  forgetMachine();
  service = await startIdentityService();
  onTestFinished(() => void vi.unstubAllEnvs());
});

describe('the managed identity of App Service', () => {
  beforeEach(() => {
    vi.stubEnv('IDENTITY_ENDPOINT', `${service.url}/msi/token`);
    vi.stubEnv('IDENTITY_HEADER', 'header-of-the-machine');
  });

  it('asks as the system-assigned identity, in the form of App Service', async () => {
    expect((await provider().getToken(never)).roles).toEqual(['ActivityFeed.Read']);
    expect(service.received).toHaveLength(1);
    expect(service.received[0]).toMatchObject({
      method: 'GET',
      headers: { 'x-identity-header': 'header-of-the-machine' },
    });
    expect(query(service.received[0]!)).toEqual({
      'api-version': '2019-08-01',
      resource: 'https://manage.office.com',
    });
  });

  it('asks as a user-assigned identity by its client id', async () => {
    await provider(clientId).getToken(never);
    expect(query(service.received[0]!)).toMatchObject({ client_id: clientId });
  });

  it('keeps the token, and asks the service again once the API has refused it', async () => {
    const tokens = provider();
    const first = await tokens.getToken(never);
    expect(await tokens.getToken(never)).toBe(first);
    tokens.invalidate(first);
    await tokens.getToken(never);
    expect(service.received).toHaveLength(2);
  });

  it('is asked directly, whatever proxy there is', async () => {
    for (const name of ['HTTP_PROXY', 'HTTPS_PROXY', 'http_proxy', 'https_proxy']) {
      vi.stubEnv(name, 'http://127.0.0.1:1');
    }
    // Leads here, too, but is not one of the names of loopback that no proxy is asked for.
    vi.stubEnv('IDENTITY_ENDPOINT', `${service.url.replace('127.0.0.1', '0.0.0.0')}/msi/token`);
    await provider().getToken(never);
    expect(service.received).toHaveLength(1);
  });

  it.each([
    [400, { statusCode: 400, message: 'No User Assigned identity found.' }, 'unauthorized', /assign it/],
    [429, '', 'throttled', /throttles/],
    [500, '', 'unavailable', /asked again/],
    [200, '<html>', 'unexpectedResponse', /no token/],
    [
      400,
      { error: 'invalid_resource', error_description: 'AADSTS500011: x' },
      'unauthorized',
      /AADSTS500011.*licence/,
    ],
  ])('tells status %i with %j by what it means, tried once', async (status, body, kind, words) => {
    service.answer = { status, body };
    await expect(provider().getToken(never)).rejects.toMatchObject({
      kind,
      message: expect.stringMatching(words),
    });
    expect(service.received).toHaveLength(1);
  });
});

describe('the managed identity of a virtual machine', () => {
  beforeEach(() => vi.stubEnv('AZURE_POD_IDENTITY_AUTHORITY_HOST', service.url));

  it('asks the metadata service, as the system-assigned identity', async () => {
    await provider().getToken(never);
    const [request] = service.received;
    expect(request?.headers['metadata']).toBe('true');
    expect(request?.url).toMatch(/^\/metadata\/identity\/oauth2\/token\/?\?/);
    expect(query(request!)).toMatchObject({
      'api-version': '2018-02-01',
      resource: 'https://manage.office.com',
    });
    expect(query(request!)).not.toHaveProperty('client_id');
  });

  it('asks as a user-assigned identity by its client id', async () => {
    await provider(clientId).getToken(never);
    expect(query(service.received[0]!)).toMatchObject({ client_id: clientId });
  });

  it('waits while the metadata service is being set up', async () => {
    service.answer = { status: 404, body: '' };
    await expect(provider().getToken(never)).rejects.toMatchObject({ kind: 'unavailable' });
    expect(service.received).toHaveLength(1);
  });

  it('says where there is one when nothing answers', async () => {
    vi.stubEnv('AZURE_POD_IDENTITY_AUTHORITY_HOST', 'http://127.0.0.1:1');
    await expect(provider().getToken(never)).rejects.toMatchObject({
      kind: 'unavailable',
      message: expect.stringMatching(/refused.*machines in Azure.*another credential/),
    });
  });
});

it('leaves the challenge of Azure Arc to MSAL, which looks for the key that it names', async () => {
  vi.stubEnv('IDENTITY_ENDPOINT', `${service.url}/metadata/identity/oauth2/token`);
  vi.stubEnv('IMDS_ENDPOINT', service.url);
  const challenge = 'Basic realm=/var/opt/azcmagent/tokens/absent.key';
  service.answer = { status: 401, headers: { 'www-authenticate': challenge } };
  await expect(provider().getToken(never)).rejects.toMatchObject({
    kind: 'unauthorized',
    message: expect.stringMatching(/unable_to_read_secret_file|platform_not_supported/),
  });
});
