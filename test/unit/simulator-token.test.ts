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
});
