import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { ActivityDependencies } from '../../src/activities/dependencies.ts';
import { forwardContent } from '../../src/activities/forward-content.ts';
import type { ForwardedContent } from '../../src/activities/forwarded-content.ts';
import { loadConfig } from '../../src/config/load.ts';
import type { BlobReference } from '../../src/domain/content-blob.ts';
import { hourOf, startOfHour } from '../../src/domain/hour.ts';
import { createActivityDependencies, createAdapters, type Adapters } from '../../src/worker/dependencies.ts';
import { anEnvironment } from './activity-stand.ts';
import {
  entry,
  exchange,
  feedPath,
  refuse,
  reply,
  tenantId,
  useFakeApi,
  type FakeApi,
  type Step,
} from './office365-fake-api.ts';

/** Blobs that the service does not serve, against a scripted API that answers by path. */
const hourMs = 3_600_000;
const dayMs = 24 * hourMs;

let api: FakeApi;
let folder: string;
let adapters: Adapters;
let dependencies: ActivityDependencies;
/** Answers by the last part of the path: the contentId, `content` for listings, or `list` of subscriptions. */
let answers: Record<string, Step>;

useFakeApi((parts) => {
  api = parts.api;
  api.script = [
    (request, response) => {
      const name = new URL(request.url!, api.origin).pathname.split('/').at(-1)!;
      (answers[name] ?? refuse('AF20050'))(request, response);
    },
  ];
  dependencies = { ...dependencies, tenant: (id) => ({ ...adapters.tenant(id)!, client: parts.client }) };
});

const notFound = refuse('AF20050');
const oneRecord = reply('[{"Id":"1"}]');

beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'office365-ingest-missing-'));
  answers = { list: reply([]), content: reply([]), good: oneRecord };
  const file = path.join(folder, 'office365-ingest.yaml');
  const secrets = 'client_id: 00000000-0000-0000-0000-00000000bbbb\nclient_secret: secret';
  await writeFile(
    file,
    `tenant_id: ${tenantId}\napi_url: ${api.origin}\n${secrets}\nsubscriptions: [${exchange}]\n`,
  );
  const config = await loadConfig({ path: file, environment: {}, workingFolder: folder });
  adapters = createAdapters(config);
  const { tenant } = dependencies;
  dependencies = {
    ...createActivityDependencies(config, adapters, {
      stopping: new AbortController().signal,
      hasSearchAttributes: true,
    }),
    tenant,
  };
});

afterEach(async () => {
  await adapters.close();
  await rm(folder, { recursive: true, force: true });
});

describe('a blob that is not found', () => {
  it('is fetched from the address in a fresh listing', async () => {
    const blob = aBlob('moved');
    const contentUri = `${api.origin}${feedPath}/audit/good`;
    answers.content = reply([entry(api, 'moved', { contentUri, contentCreated: blob.contentCreated })]);
    answers.moved = notFound;
    const { failed, lost, destinations } = await forward([blob]);
    expect([failed, lost]).toEqual([[], []]);
    expect(destinations[0]?.missing).toEqual([]);
  });

  it('is looked up in the hour of its creation and half an hour around it, once for all of an hour', async () => {
    const { contentCreated } = aBlob('any', 2 * hourMs);
    const missing = ['a', 'b', 'c'].map((contentId) => ({ contentId, contentCreated }));
    await forward([aBlob('good'), ...missing]);
    const listings = api.paths().filter((url) => url?.includes('subscriptions/content'));
    expect(listings).toHaveLength(1);
    const asked = new URL(listings[0]!, api.origin).searchParams;
    const [start, end] = ['startTime', 'endTime'].map((name) => Date.parse(`${asked.get(name)}Z`));
    const hourStart = Date.parse(startOfHour(hourOf(contentCreated)));
    expect([start, end]).toEqual([hourStart - hourMs / 2, hourStart + (3 * hourMs) / 2]);
  });

  it('fails while it is not expired, listed or not', async () => {
    answers.content = reply([entry(api, 'listed', { contentCreated: aBlob('listed').contentCreated })]);
    const { failed, lost } = await forward([aBlob('good'), aBlob('listed'), aBlob('unlisted')]);
    expect(lost).toEqual([]);
    expect(new Map(failed.map(({ index, failureType }) => [index, failureType]))).toEqual(
      new Map([1, 2].map((index) => [index, 'ManagementApi.contentNotFound'])),
    );
    expect(api.paths().filter((url) => url?.includes('/audit/listed'))).toHaveLength(1);
  });

  it('is lost when it is past its expiration and not listed any more', async () => {
    const { failed, lost } = await forward([aBlob('old', 7 * dayMs + hourMs)]);
    expect(failed).toEqual([]);
    expect(lost).toEqual([{ index: 0, reason: expect.stringContaining('not listed any more') }]);
  });

  it('is not lost before the expiration that the service stated for it', async () => {
    const { failed, lost } = await forward([
      aBlob('good'),
      { ...aBlob('old', 8 * dayMs), expiresInDays: 20 },
    ]);
    expect(lost).toEqual([]);
    expect(failed).toMatchObject([{ index: 1 }]);
  });

  it('leaves the tenant in peace when the look-up is throttled', async () => {
    answers.content = refuse('AF429', 403);
    await expect(forward([aBlob('moved')], 9)).rejects.toMatchObject({ kind: 'throttled' });
  });
});

describe('a blob that fails by itself', () => {
  it('is lost a day after its expiration, with the failure as reason', async () => {
    answers.stuck = refuse('AF50000', 500);
    const { failed, lost } = await forward([aBlob('stuck', 8 * dayMs + hourMs)]);
    expect(failed).toEqual([]);
    expect(lost).toEqual([{ index: 0, reason: expect.stringContaining('AF50000') }]);
  });

  it('is not lost within that day', async () => {
    answers.stuck = refuse('AF50000', 500);
    const { failed, lost } = await forward([aBlob('good'), aBlob('stuck', 7 * dayMs + hourMs)]);
    expect(lost).toEqual([]);
    expect(failed).toMatchObject([{ index: 1, failureType: 'ManagementApi.unavailable' }]);
  });
});

function aBlob(contentId: string, ageMs = hourMs): BlobReference {
  return { contentId, contentCreated: new Date(Date.now() - ageMs).toISOString() };
}

function forward(blobs: readonly BlobReference[], attempt = 1): Promise<ForwardedContent> {
  const input = {
    tenantId,
    contentType: exchange,
    blobs,
    destinations: ['events'],
    priority: 'owed',
  } as const;
  return anEnvironment({ attempt }).run(forwardContent(dependencies), input);
}
