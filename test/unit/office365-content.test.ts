import { once } from 'node:events';
import { gzipSync } from 'node:zlib';
import { Agent } from 'undici';
import { describe, expect, it } from 'vitest';
import type { ManagementApiClient } from '../../src/office365/client.ts';
import {
  aClient,
  contentId,
  exchange,
  feedPath,
  live,
  never,
  publisherIdentifier,
  refuse,
  reply,
  tenantId,
  useFakeApi,
  type FakeApi,
  type Step,
} from './office365-fake-api.ts';

let api: FakeApi;
let client: ManagementApiClient;
useFakeApi((parts) => ({ api, client } = parts));

async function fetchBlob(contentUri?: string, signal = never): Promise<string> {
  const body = await client.retrieveContent({ contentId, ...(contentUri && { contentUri }) }, exchange, {
    signal,
    priority: 'live',
  });
  const chunks: Uint8Array[] = [];
  for await (const chunk of body) chunks.push(chunk);
  return Buffer.concat(chunks).toString('utf8');
}

describe('retrieveContent', () => {
  it('fetches by the contentId, its $ unescaped', async () => {
    api.script = [reply('[{"a":1}]')];
    expect(await fetchBlob()).toBe('[{"a":1}]');
    expect(api.paths()).toEqual([
      `${feedPath}/audit/${contentId}?PublisherIdentifier=${publisherIdentifier}`,
    ]);
  });

  it('follows a contentUri on the tenant’s own feed as it is written', async () => {
    api.script = [reply('[]')];
    await fetchBlob(`${api.origin}/api/v1/${tenantId.toUpperCase()}/activity/feed/audit/x$y?part=1`);
    expect(api.paths()).toEqual([
      `/api/v1/${tenantId.toUpperCase()}/activity/feed/audit/x$y?part=1&PublisherIdentifier=${publisherIdentifier}`,
    ]);
  });

  it('fetches by the contentId when the contentUri leads elsewhere', async () => {
    api.script = [reply('[]')];
    for (const foreign of [
      `http://127.0.0.2:1${feedPath}/audit/x`,
      `http://user@${api.origin.slice('http://'.length)}${feedPath}/audit/x`,
      `${api.origin}/api/v1.0/${publisherIdentifier}/activity/feed/audit/x`,
      `${api.origin}${feedPath}/audit/../subscriptions/stop`,
    ])
      await fetchBlob(foreign);
    expect(new Set(api.paths())).toEqual(
      new Set([`${feedPath}/audit/${contentId}?PublisherIdentifier=${publisherIdentifier}`]),
    );
  });

  it('takes off gzip', async () => {
    api.script = [reply(gzipSync('[{"a":"ä"}]'), { headers: { 'content-encoding': 'gzip' } })];
    expect(await fetchBlob()).toBe('[{"a":"ä"}]');
  });

  const body = Buffer.from(JSON.stringify(Array.from({ length: 5000 }, (_, at) => ({ at }))));
  const half = body.subarray(0, body.length / 2);
  it.each<[string, Step]>([
    [
      'a body shorter than its length',
      (_, response) =>
        void response
          .writeHead(200, { 'content-length': body.length })
          .write(half, () => response.socket?.end()),
    ],
    [
      'a reset',
      (_, response) => void response.writeHead(200).write(half, () => response.socket?.resetAndDestroy()),
    ],
    [
      'a gzip stream cut off',
      (_, response) =>
        void response.writeHead(200, { 'content-encoding': 'gzip' }).end(gzipSync(body).subarray(0, 5000)),
    ],
    [
      'a damaged gzip stream',
      (_, response) => void response.writeHead(200, { 'content-encoding': 'gzip' }).end(half),
    ],
  ])('reports %s as unavailable', async (_what, step) => {
    api.script = [step];
    await expect(fetchBlob()).rejects.toMatchObject({ kind: 'unavailable' });
  });

  it('survives a connection that breaks before anybody reads', async () => {
    const agent = new Agent();
    const isDisconnected = once(agent, 'disconnect');
    api.script = [
      (_request, response) => void response.writeHead(200, { 'content-length': body.length }).write(half),
    ];
    const unread = await aClient(api, agent).retrieveContent({ contentId }, exchange, live);
    api.server.closeAllConnections();
    await isDisconnected;
    for (let turn = 0; turn < 3; turn++) await new Promise(setImmediate);
    const reading = (async () => {
      for await (const chunk of unread) void chunk;
    })();
    await expect(reading).rejects.toMatchObject({ kind: 'unavailable' });
    await agent.destroy();
  });

  it('closes the connection when the reader leaves', async () => {
    let closed: Promise<unknown> = Promise.resolve();
    api.script = [
      (_request, response) => {
        closed = once(response, 'close');
        response.writeHead(200).write(half);
      },
    ];
    for await (const chunk of await client.retrieveContent({ contentId }, exchange, live)) {
      void chunk;
      break;
    }
    await closed;
  });

  it('rejects with the reason of an abort in the middle of the body', async () => {
    const abort = new AbortController();
    const reason = new Error('cancelled');
    api.script = [(_request, response) => void response.writeHead(200).write(half)];
    const chunks = await client.retrieveContent({ contentId }, exchange, { ...live, signal: abort.signal });
    const reading = (async () => {
      for await (const chunk of chunks) {
        void chunk;
        abort.abort(reason);
      }
    })();
    await expect(reading).rejects.toBe(reason);
  });

  it('gives the body as it is, whatever content type it claims', async () => {
    const headers = { 'content-encoding': 'gzip', 'content-type': 'text/html' };
    api.script = [reply(gzipSync(body), { headers })];
    expect(await fetchBlob()).toBe(body.toString());
  });

  it('does not take a part for the whole', async () => {
    api.script = [reply('[1]', { status: 206 })];
    await expect(fetchBlob()).rejects.toMatchObject({ kind: 'unexpectedResponse' });
  });

  it('tells content that is gone from content that is not there yet', async () => {
    api.script = [refuse('AF20051', 404)];
    await expect(fetchBlob()).rejects.toMatchObject({ kind: 'contentExpired' });
    api.script = [reply('', { status: 404 })];
    await expect(fetchBlob()).rejects.toMatchObject({ kind: 'contentNotFound' });
  });
});
