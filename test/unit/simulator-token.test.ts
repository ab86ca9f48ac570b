import { createHash, createPrivateKey, randomUUID, sign, X509Certificate } from 'node:crypto';
import { generate } from 'selfsigned';
import { afterEach, describe, expect, it } from 'vitest';
import { SimulatorClient } from './simulator-client.ts';

let client: SimulatorClient;
afterEach(() => client.simulator.close());

describe('the token endpoint', () => {
  it('issues a token of the tenant with roles and an expiry', async () => {
    client = await SimulatorClient.start();
    const response = await client.askForToken();
    const body = (await response.json()) as Record<string, unknown>;
    expect(response.status).toBe(200);
    expect(body).toMatchObject({ token_type: 'Bearer', expires_in: 3599 });
    const [, payload = ''] = String(body['access_token']).split('.');
    expect(JSON.parse(Buffer.from(payload, 'base64url').toString())).toMatchObject({
      aud: 'https://manage.office.com',
      tid: client.tenantId(),
      appid: client.simulator.clientId,
      roles: ['ActivityFeed.Read', 'ActivityFeed.ReadDlp', 'ServiceHealth.Read'],
      exp: client.time.nowMs / 1000 + 3599,
    });
  });

  it.each([
    ['a wrong secret', { client_secret: 'wrong' }, 401, 'invalid_client', 7000215],
    ['no secret', { client_secret: '' }, 401, 'invalid_client', 7000218],
    ['an unknown application', { client_id: 'unknown' }, 400, 'unauthorized_client', 700016],
    ['a scope of nothing', { scope: 'https://example.com/.default' }, 400, 'invalid_scope', 70011],
  ])('refuses %s', async (_name, changes, status, error, number) => {
    client = await SimulatorClient.start();
    const response = await client.askForToken(changes);
    expect(response.status).toBe(status);
    expect(await response.json()).toMatchObject({
      error,
      error_codes: [number],
      error_description: expect.stringMatching(
        new RegExp(`^AADSTS${number}: .*\r\nTrace ID: .*\r\nCorrelation ID: .*\r\nTimestamp: `),
      ) as string,
      error_uri: `https://login.microsoftonline.com/error?code=${number}`,
    });
  });

  it('refuses a tenant that does not exist', async () => {
    client = await SimulatorClient.start();
    const response = await client.askForToken({}, '00000000-0000-4000-8000-000000000000');
    expect([response.status, await response.json()]).toMatchObject([400, { error_codes: [90002] }]);
  });

  it('refuses a secret that was not percent-encoded', async () => {
    client = await SimulatorClient.start();
    const body = `grant_type=client_credentials&client_id=${client.simulator.clientId}&scope=https://manage.office.com/.default&client_secret=${client.simulator.clientSecret}`;
    const headers = { 'Content-Type': 'application/x-www-form-urlencoded' };
    const url = `${client.simulator.url}/${client.tenantId()}/oauth2/v2.0/token`;
    expect((await fetch(url, { method: 'POST', headers, body })).status).toBe(401);
  });

  it('takes the secret as HTTP Basic, too, and answers version 1 with strings', async () => {
    client = await SimulatorClient.start();
    const pair = [client.simulator.clientId, client.simulator.clientSecret].map(encodeURIComponent).join(':');
    const response = await fetch(`${client.simulator.url}/${client.tenantId()}/oauth2/token`, {
      method: 'POST',
      headers: { Authorization: `Basic ${Buffer.from(pair).toString('base64')}` },
      body: new URLSearchParams({
        grant_type: 'client_credentials',
        resource: 'https://manage.office.com',
      }),
    });
    expect(await response.json()).toMatchObject({
      expires_in: '3599',
      resource: 'https://manage.office.com',
    });
  });

  it('publishes the OpenID document of a tenant', async () => {
    client = await SimulatorClient.start();
    const response = await fetch(
      `${client.simulator.url}/${client.tenantId()}/v2.0/.well-known/openid-configuration`,
    );
    expect(await response.json()).toMatchObject({
      token_endpoint: `${client.simulator.url}/${client.tenantId()}/oauth2/v2.0/token`,
      issuer: `${client.simulator.url}/${client.tenantId()}/v2.0`,
    });
  });

  it('takes a tenant by its domain, and names it by its id in the token', async () => {
    client = await SimulatorClient.start();
    const { access_token } = (await (await client.askForToken({}, 'tenant-1.onmicrosoft.com')).json()) as {
      access_token: string;
    };
    expect(claimsOf(access_token)).toMatchObject({ tid: client.tenantId() });
  });

  it('publishes the OpenID document of version 1, too', async () => {
    client = await SimulatorClient.start();
    const url = `${client.simulator.url}/${client.tenantId()}/.well-known/openid-configuration`;
    expect(await (await fetch(url)).json()).toMatchObject({
      token_endpoint: `${client.simulator.url}/${client.tenantId()}/oauth2/token`,
      issuer: `https://sts.windows.net/${client.tenantId()}/`,
    });
  });
});

describe('an assertion', () => {
  const application = '11111111-2222-4333-8444-555555555555';

  /** A simulator that knows a certificate, and what signs with its key. */
  async function withCertificate() {
    const { private: key, cert } = await generate([{ name: 'commonName', value: 'collector' }], {
      algorithm: 'sha256',
    });
    client = await SimulatorClient.start({ clientId: application, clientCertificate: cert });
    const thumbprint = createHash('sha1').update(new X509Certificate(cert).raw).digest('base64url');
    const encoded = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
    const nowSeconds = client.time.nowMs / 1000;
    return async (changes: object = {}, { x5t = thumbprint, signingKey = key } = {}) => {
      const claims = {
        aud: `${client.simulator.url}/${client.tenantId()}/oauth2/v2.0/token`,
        iss: application,
        sub: application,
        jti: randomUUID(),
        nbf: nowSeconds,
        exp: nowSeconds + 600,
        ...changes,
      };
      const unsigned = `${encoded({ alg: 'RS256', typ: 'JWT', x5t })}.${encoded(claims)}`;
      const signature = sign('sha256', Buffer.from(unsigned), createPrivateKey(signingKey)).toString(
        'base64url',
      );
      const answer = await client.askForToken({
        client_secret: '',
        client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
        client_assertion: `${unsigned}.${signature}`,
      });
      return (await answer.json()) as { access_token?: string; error_codes?: number[] };
    };
  }

  it('of the registered certificate gets a token that says so', async () => {
    const ask = await withCertificate();
    expect(claimsOf((await ask()).access_token ?? '')).toMatchObject({ appid: application, appidacr: '2' });
  });

  it('of another certificate, out of its time, or for another audience is refused', async () => {
    const ask = await withCertificate();
    const another = await generate([{ name: 'commonName', value: 'another' }], { algorithm: 'sha256' });
    expect((await ask({}, { x5t: 'another' })).error_codes).toEqual([700027]);
    expect((await ask({}, { signingKey: another.private })).error_codes).toEqual([700027]);
    expect((await ask({ nbf: 0, exp: client.time.nowMs / 1000 - 3600 })).error_codes).toEqual([700024]);
    expect((await ask({ aud: 'https://elsewhere.example' })).error_codes).toEqual([50013]);
  });

  it('is refused where no certificate is registered', async () => {
    client = await SimulatorClient.start();
    const answer = await client.askForToken({
      client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
      client_assertion: 'a.b.c',
    });
    expect(await answer.json()).toMatchObject({ error: 'invalid_client', error_codes: [700027] });
  });
});

function claimsOf(token: string): unknown {
  return JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString());
}
