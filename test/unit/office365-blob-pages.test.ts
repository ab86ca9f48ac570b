import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ManagementApiClient } from '../../src/office365/client.ts';
import { joinedPages } from '../../src/office365/joined-pages.ts';
import {
  contentId,
  exchange,
  feedPath,
  live,
  publisherIdentifier,
  reply,
  useFakeApi,
  type FakeApi,
  type Step,
} from './office365-fake-api.ts';

let api: FakeApi;
let client: ManagementApiClient;
useFakeApi((parts) => ({ api, client } = parts));

async function textOf(bytes: AsyncIterable<Uint8Array>): Promise<string> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of bytes) chunks.push(chunk);
  return Buffer.concat(chunks).toString('utf8');
}

async function fetchBlob(): Promise<string> {
  return textOf(await client.retrieveContent({ contentId }, exchange, live));
}

function blobPage(body: string, next?: string): Step {
  return reply(body, { headers: next === undefined ? {} : { NextPageUri: next } });
}

describe('a blob that names a next page', () => {
  const link = (name: string) => `${api.origin}${feedPath}/audit/${contentId}?nextpage=${name}`;

  it('is all its pages as one array', async () => {
    api.script = [
      blobPage('[{"a":1},{"a":2}]', link('2')),
      blobPage(' [ ] ', link('3')),
      blobPage('[{"a":3}]\r\n'),
    ];
    expect(JSON.parse(await fetchBlob())).toEqual([{ a: 1 }, { a: 2 }, { a: 3 }]);
    expect(api.paths().slice(1)).toEqual(
      ['2', '3'].map(
        (name) => `${link(name).slice(api.origin.length)}&PublisherIdentifier=${publisherIdentifier}`,
      ),
    );
  });

  it.each([
    ['to another host', () => `http://127.0.0.2:1${feedPath}/audit/x`],
    ['to another operation', () => `${api.origin}${feedPath}/subscriptions/stop`],
    ['in a circle', () => link('2')],
  ])('fails where the link leads %s, and asks nobody else', async (what, next) => {
    api.script = [blobPage('[1]', next()), blobPage('[2]', next())];
    await expect(fetchBlob()).rejects.toMatchObject({ kind: 'unexpectedResponse' });
    expect(api.received).toHaveLength(what === 'in a circle' ? 2 : 1);
  });

  it('fails as its second page does', async () => {
    api.script = [blobPage('[1]', link('2')), reply('', { status: 503 })];
    await expect(fetchBlob()).rejects.toMatchObject({ kind: 'unavailable' });
  });
});

describe('joinedPages', () => {
  /** In pieces of `size` bytes. */
  async function* cut(text: string, size: number): AsyncGenerator<Uint8Array> {
    const bytes = Buffer.from(text);
    for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
  }
  async function* pagesOf(texts: readonly string[], size: number) {
    for (const text of texts) yield cut(text, size);
  }
  const join = (texts: readonly string[], size: number) =>
    textOf(joinedPages('retrieveContent', pagesOf(texts, size)));

  it('gives the records of all pages, however they are cut and spaced', async () => {
    const page = fc.tuple(
      fc.array(fc.jsonValue({ maxDepth: 3 }), { maxLength: 4 }),
      fc.constantFrom('', ' ', '\r\n\t'),
      fc.constantFrom('', '\uFEFF'),
    );
    await fc.assert(
      fc.asyncProperty(
        fc.array(page, { minLength: 1, maxLength: 4 }),
        fc.integer({ min: 1, max: 40 }),
        async (pages, size) => {
          const texts = pages.map(
            ([records, space, mark]) => `${mark}${space}${JSON.stringify(records, undefined, space)}${space}`,
          );
          const expected = pages.flatMap(([records]) => JSON.parse(JSON.stringify(records)) as unknown[]);
          expect(JSON.parse(await join(texts, size))).toEqual(expected);
        },
      ),
    );
  });

  it('never makes a whole array of a page that ends early', async () => {
    const whole = JSON.stringify([{ a: [1, 2], b: ' ] ' }, 'x]', []]);
    for (let length = 0; length < whole.length; length++) {
      for (const texts of [
        [whole.slice(0, length), whole],
        [whole, whole.slice(0, length)],
      ]) {
        const joining = join(texts, 7).then((text) => JSON.parse(text) as unknown);
        await expect(joining).rejects.toThrow();
      }
    }
  });

  it('refuses a page that is no array', async () => {
    await expect(join(['[1]', '{"a":1}'], 9)).rejects.toMatchObject({ kind: 'unexpectedResponse' });
  });
});
