import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { MockActivityEnvironment } from '@temporalio/testing';
import { DefaultLogger } from '@temporalio/worker';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { forwardContent } from '../../src/activities/forward-content.ts';
import type { ForwardedContent } from '../../src/activities/forwarded-content.ts';
import { listContent, type ContentListing } from '../../src/activities/list-content.ts';
import { loadConfig } from '../../src/config/load.ts';
import { startSimulator, type Simulator } from '../../src/simulator/start.ts';
import { createActivityDependencies, createAdapters, type Adapters } from '../../src/worker/dependencies.ts';

const mebibyte = 1024 * 1024;

/** Some 260 MiB. */
const records = 225_000;

/** What is read ahead (4 MiB), the writer's chunk, sockets, and most of all what the garbage collector has not come to yet. */
const mostBuffered = 100 * mebibyte;

let folder: string;
let simulator: Simulator;
let adapters: Adapters;

beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'office365-ingest-memory-'));
  simulator = await startSimulator({
    seed: 'memory',
    tenants: 1,
    contentTypes: ['Audit.General'],
    historyHours: 1,
    liveEveryMs: 0,
    gzip: false,
    bulk: { blobs: 1, recordsPerBlob: records, hours: 1 },
  });
});

afterEach(async () => {
  await adapters.close();
  await simulator.close();
  await rm(folder, { recursive: true, force: true });
});

it('holds a few MiB of a blob of any size', async () => {
  const file = path.join(folder, 'office365-ingest.yaml');
  await writeFile(file, simulator.configYaml());
  const config = await loadConfig({ path: file, environment: {}, workingFolder: folder });
  adapters = createAdapters(config);
  const dependencies = createActivityDependencies(config, adapters, {
    stopping: new AbortController().signal,
    hasSearchAttributes: true,
  });
  const { tenantId, subscriptions } = config.tenants.at(-1)!;
  const contentType = subscriptions[0]!;
  await adapters.tenant(tenantId)!.client.startSubscription(contentType, AbortSignal.timeout(10_000));
  const position = new Date(Date.now() - 2 * 3_600_000).toISOString();
  const environment = () => new MockActivityEnvironment({}, { logger: new DefaultLogger('ERROR') });
  const { blobs }: ContentListing = await environment().run(listContent(dependencies), {
    tenantId,
    contentType,
    live: { position, quietPolls: 0 },
  });
  expect(blobs).toHaveLength(1);

  let peak = 0;
  const before = process.memoryUsage().arrayBuffers;
  const sampling = setInterval(() => {
    peak = Math.max(peak, process.memoryUsage().arrayBuffers - before);
  }, 5);
  const result = (await environment()
    .run(forwardContent(dependencies), {
      tenantId,
      contentType,
      blobs,
      destinations: ['events'],
      priority: 'live' as const,
    })
    .finally(() => clearInterval(sampling))) as ForwardedContent;

  const [hour] = Object.values(result.destinations[0]!.delivered);
  expect(hour?.slice(0, 2)).toEqual([1, records]);
  const day = blobs[0]!.contentCreated.slice(0, 10);
  const { size } = await stat(path.join(folder, 'events', tenantId, contentType, `${day}.ndjson`));
  expect(size).toBeGreaterThan(2 * mostBuffered);
  expect(peak).toBeGreaterThan(mebibyte);
  expect(peak).toBeLessThan(mostBuffered);
});
