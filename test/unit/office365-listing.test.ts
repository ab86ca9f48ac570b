import { describe, expect, it } from 'vitest';
import type { ManagementApiClient } from '../../src/office365/client.ts';
import {
  anHour,
  contentId,
  entry,
  exchange,
  feedPath,
  listBlobs,
  nextPage,
  page,
  publisherIdentifier,
  refuse,
  reply,
  tenantId,
  useFakeApi,
  type FakeApi,
} from './office365-fake-api.ts';

let api: FakeApi;
let client: ManagementApiClient;
useFakeApi((parts) => ({ api, client } = parts));

const window = anHour;
const list = (asked = window, contentType = exchange) => listBlobs(client, asked, contentType);

describe('listAvailableContent', () => {
  it('asks for whole seconds that contain the window, without a zone', async () => {
    api.script = [page(api, [])];
    await list({ startTime: '2026-11-22T10:00:00.999Z', endTime: '2026-11-22T11:00:00.001Z' });
    expect(api.paths()).toEqual([
      `${feedPath}/subscriptions/content?contentType=Audit.Exchange&startTime=2026-11-22T10:00:00&endTime=2026-11-22T11:00:01&PublisherIdentifier=${publisherIdentifier}`,
    ]);
  });

  it('follows the links as they are written, over an empty page, to the end', async () => {
    api.script = [
      page(api, ['a', 'b'], nextPage(api, '1')),
      page(api, [], nextPage(api, '2')),
      page(api, ['c']),
    ];
    expect((await list()).map((blob) => blob.contentId)).toEqual(['a', 'b', 'c']);
    expect(api.paths().slice(1)).toEqual(
      ['1', '2'].map(
        (at) => `${nextPage(api, at).slice(api.origin.length)}&PublisherIdentifier=${publisherIdentifier}`,
      ),
    );
  });

  it.each(['NextPageUri', 'nextpageuri', 'Nextpageuri', 'NEXTPAGEURI'])(
    'finds the link in a header called %s',
    async (name) => {
      api.script = [reply([entry(api, 'a')], { headers: { [name]: nextPage(api, '1') } }), page(api, ['b'])];
      expect(await list()).toHaveLength(2);
    },
  );

  it('takes an empty link for none', async () => {
    api.script = [reply([entry(api, 'a')], { headers: { NextPageUri: '' } })];
    expect(await list()).toHaveLength(1);
  });

  it('follows the documented path and does not double the publisher', async () => {
    const link = `${nextPage(api, '1').replace('v1.0', 'v1')}&publisheridentifier=${publisherIdentifier}`;
    api.script = [page(api, ['a'], link), page(api, ['b'])];
    expect(await list()).toHaveLength(2);
    expect(api.paths()[1]).toBe(link.slice(api.origin.length));
  });

  it.each([
    ['another host', () => nextPage(api, '1', 'http://127.0.0.2:1')],
    ['another tenant', () => nextPage(api, '1').replace(tenantId, publisherIdentifier)],
    ['another operation', () => nextPage(api, '1').replace('subscriptions/content', 'audit')],
    ['a way out of the feed', () => nextPage(api, '1').replace('/feed/', '/feed/../../')],
    ['no URL', () => '/relative'],
    ['itself', () => nextPage(api, '1')],
  ])('lists anew when a link leads to %s, and gives up after three listings', async (what, link) => {
    api.script = [
      page(api, ['a'], link()),
      ...(what === 'itself' ? [page(api, ['b'], link())] : []),
      page(api, ['a'], nextPage(api, '2')),
      page(api, ['c']),
    ];
    expect((await list()).at(-1)?.contentId).toBe('c');
    api.received = [];
    api.script = [page(api, ['a'], link())];
    await expect(list()).rejects.toMatchObject({ kind: 'windowRefused' });
    expect(api.received).toHaveLength(what === 'itself' ? 6 : 3);
  });

  it.each(['AF20031', 'AF20055'])('lists anew when a link is no longer valid (%s)', async (code) => {
    api.script = [
      page(api, ['a'], nextPage(api, 'stale')),
      refuse(code),
      page(api, ['a'], nextPage(api, 'fresh')),
      page(api, ['b']),
    ];
    expect((await list()).map((blob) => blob.contentId)).toEqual(['a', 'a', 'b']);
  });

  it('gives times in one form, a default expiry and a derived uri where the wire has none', async () => {
    const bare = { contentId, contentCreated: '2026-11-22T10:30:00.1230000', extra: 1 };
    api.script = [reply([bare])];
    expect(await list()).toEqual([
      {
        contentId,
        contentUri: `${api.origin}${feedPath}/audit/${contentId}`,
        contentCreated: '2026-11-22T10:30:00.123Z',
        contentExpiration: '2026-11-29T10:30:00.123Z',
      },
    ]);
  });

  it('names the field of an entry that it cannot read instead of leaving the entry out', async () => {
    api.script = [
      (request, response) =>
        reply([entry(api, 'a'), entry(api, 'b', { contentCreated: 'soon' })])(request, response),
    ];
    await expect(list()).rejects.toMatchObject({
      kind: 'unexpectedResponse',
      message: expect.stringContaining('[1].contentCreated'),
    });
  });

  it('tells a window that is refused', async () => {
    api.script = [refuse('AF20055')];
    await expect(list()).rejects.toMatchObject({ kind: 'windowRefused' });
    expect(api.received).toHaveLength(1);
  });
});
