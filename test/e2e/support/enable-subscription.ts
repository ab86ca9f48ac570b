import { expect } from 'vitest';
import { contentType, type Stand } from './stand.ts';

/** Starts the subscription beforehand: within 15 minutes of a start of its own the service would ask for no other. */
export async function enableSubscription({ simulator, tenantId }: Stand): Promise<void> {
  const { url, clientId, clientSecret } = simulator;
  const form = { grant_type: 'client_credentials', client_id: clientId, client_secret: clientSecret };
  const token = await fetch(`${url}/${tenantId}/oauth2/v2.0/token`, {
    method: 'POST',
    body: new URLSearchParams({ ...form, scope: 'https://manage.office.com/.default' }),
  });
  const { access_token: accessToken } = (await token.json()) as { readonly access_token: string };
  const query = new URLSearchParams({ contentType, PublisherIdentifier: tenantId });
  const started = await fetch(
    `${url}/api/v1.0/${tenantId}/activity/feed/subscriptions/start?${query.toString()}`,
    {
      method: 'POST',
      headers: { authorization: `Bearer ${accessToken}` },
    },
  );
  expect(started.status).toBe(200);
}
