import { request } from 'node:http';
import type { IncomingMessage } from 'node:http';
import { buffer } from 'node:stream/consumers';
import { gunzipSync } from 'node:zlib';
import { afterEach, describe, expect, it } from 'vitest';
import { SimulatorClient, codeOf, eventsIn, itemsOf, publisher } from './simulator-client.ts';
import type { Item } from './simulator-client.ts';

let client: SimulatorClient;
afterEach(() => client.simulator.close());

describe('a blob', () => {
  const firstItem = async () => {
    await client.startSubscription();
    const items = await itemsOf(await client.window('2026-11-22T00:00:00', '2026-11-22T12:00:00'));
    return items[0] as Item;
  };

  it('is a JSON array with the same bytes at each call', async () => {
    client = await SimulatorClient.start();
    await firstItem();
    for (const { contentUri } of (await itemsOf(await client.content())).slice(0, 10)) {
      const [once = '', twice] = await Promise.all(
        [1, 2].map(async () => (await client.blob(contentUri)).text()),
      );
      expect(once).toBe(twice);
      expect(eventsIn(once)).toBeInstanceOf(Array);
    }
  });

  it('comes with the headers of the real service', async () => {
    client = await SimulatorClient.start();
    const { headers } = await client.api((await firstItem()).contentUri);
    expect(Object.fromEntries(headers)).toMatchObject({
      'cache-control': 'no-cache',
      'content-type': 'application/json; charset=utf-8',
      server: 'Microsoft-IIS/10.0',
      'x-aspnet-version': '4.0.30319',
      'x-powered-by': 'ASP.NET',
    });
  });

  it('is compressed only for a client that offers gzip', async () => {
    client = await SimulatorClient.start();
    const { contentUri } = await firstItem();
    const bearer = `Bearer ${await client.token()}`;
    const get = (headers: Record<string, string>) =>
      new Promise<IncomingMessage>((resolve, reject) => {
        request(contentUri, { headers: { Authorization: bearer, ...headers } }, resolve)
          .on('error', reject)
          .end();
      });
    const plain = await get({});
    const compressed = await get({ 'Accept-Encoding': 'gzip' });
    expect([plain.headers['content-encoding'], compressed.headers['content-encoding']]).toEqual([
      undefined,
      'gzip',
    ]);
    expect(gunzipSync(await buffer(compressed))).toEqual(await buffer(plain));
  });

  it('is found with the dollar signs of its id encoded once, not twice', async () => {
    client = await SimulatorClient.start();
    const { contentId } = await firstItem();
    const once = contentId.replaceAll('$', '%24');
    expect((await client.api(`audit/${once}?${publisher}`)).status).toBe(200);
    expect(await codeOf(await client.api(`audit/${once.replaceAll('%', '%25')}?${publisher}`))).toBe(
      'AF20052',
    );
  });

  it('is AF20050 when there is none of its id, AF20052 when the id is mangled, AF20051 after seven days', async () => {
    client = await SimulatorClient.start();
    const { contentId } = await firstItem();
    const unknown = contentId.replace(/^\d{4}/, '1999').replace(/\$\d{4}/, '$$1999');
    expect(await codeOf(await client.api(`audit/${unknown}?${publisher}`))).toBe('AF20050');
    expect(await codeOf(await client.api(`audit/${contentId.replaceAll('$', '')}?${publisher}`))).toBe(
      'AF20052',
    );
    client.time.nowMs += 7 * 24 * 3_600_000;
    expect(await codeOf(await client.api(`audit/${contentId}?${publisher}`))).toBe('AF20051');
  });

  it('of a gigabyte feed is streamed as it is made', async () => {
    client = await SimulatorClient.start({ bulk: { blobs: 1000, recordsPerBlob: 3000 }, tenants: 0 });
    const bulkType = 'Audit.General';
    await client.api(`subscriptions/start?contentType=${bulkType}&${publisher}`, 'POST');
    const items = await itemsOf(
      await client.api(
        `subscriptions/content?contentType=${bulkType}&startTime=2026-11-22T00:00&endTime=2026-11-22T12:00&${publisher}`,
      ),
    );
    const text = await (await client.api(items[0]?.contentUri ?? '')).text();
    expect(JSON.parse(text.replace(/^\ufeff/, ''))).toHaveLength(3000);
  });
});
