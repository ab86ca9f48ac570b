import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { MockActivityEnvironment } from '@temporalio/testing';
import { DefaultLogger } from '@temporalio/worker';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { ActivityDependencies } from '../../src/activities/dependencies.ts';
import {
  forwardContent,
  type ForwardContentInput,
  type ForwardedContent,
} from '../../src/activities/forward-content.ts';
import type { ForwardingDetails } from '../../src/activities/forwarding-progress.ts';
import { listContent, type ContentListing } from '../../src/activities/list-content.ts';
import type { Config } from '../../src/config/config.ts';
import { loadConfig } from '../../src/config/load.ts';
import type { Destination } from '../../src/destinations/destination.ts';
import { createFileDestination } from '../../src/destinations/file/index.ts';
import { DestinationError } from '../../src/errors.ts';
import { startSimulator, type Simulator } from '../../src/simulator/start.ts';
import { createAdapters, createActivityDependencies, type Adapters } from '../../src/worker/dependencies.ts';
import { linesBelow } from '../contract/file-system.ts';

/** The activities against the simulator and files on disk; only the workflow around them is not there. */
const contentType = 'Audit.Exchange';
let folder: string;
let simulator: Simulator;
let adapters: Adapters;
let dependencies: ActivityDependencies;
let input: ForwardContentInput;
const closing: Destination[] = [];

beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'office365-ingest-forward-'));
  simulator = await startSimulator({
    seed: 'forward',
    tenants: 1,
    contentTypes: [contentType],
    historyHours: 10,
    blobsPerHour: 1,
    recordsPerBlob: 3,
    liveEveryMs: 0,
  });
  const config = await configOf(simulator);
  adapters = createAdapters(config);
  dependencies = createActivityDependencies(config, adapters, {
    stopping: new AbortController().signal,
    hasSearchAttributes: true,
  });
  const { tenantId } = config.tenants[0]!;
  const { client } = adapters.tenant(tenantId)!;
  await client.startSubscription(contentType, AbortSignal.timeout(10_000));
  const listing: ContentListing = await anEnvironment().run(listContent(dependencies), {
    tenantId,
    contentType,
    position: new Date(Date.now() - 12 * 3_600_000).toISOString(),
    quietPolls: 0,
  });
  expect(listing.blobs).toHaveLength(10);
  input = { tenantId, contentType, blobs: listing.blobs, destinations: ['one'] };
});

afterEach(async () => {
  for (const destination of closing.splice(0)) await destination.close();
  await adapters.close();
  await simulator.close();
  await rm(folder, { recursive: true, force: true });
});

describe('forwardContent', () => {
  it('forwards every blob to every destination, and fetches it once', async () => {
    const result = await forward({ ...input, destinations: ['one', 'two'] });
    expect(result).toMatchObject({ records: 30, repeats: 0, failed: [], lost: [] });
    const [one, two] = await Promise.all(['one', 'two'].map((name) => linesBelow(path.join(folder, name))));
    expect(one).toHaveLength(30);
    expect(two).toHaveLength(30);
    expect(new Set(two)).toEqual(new Set(one));
    expect(simulator.report().requests.blob).toEqual({ 200: 10 });
  });

  it('returns what failed beside what it delivered', async () => {
    simulator.addFault({ operation: 'blob', kind: 'AF50000', contentId: input.blobs[4]!.contentId });
    const result = await forward(input);
    expect(result).toMatchObject({
      records: 27,
      failed: [{ index: 4, failureType: 'ManagementApi.unavailable' }],
      lost: [],
    });
    expect(await linesBelow(path.join(folder, 'one'))).toHaveLength(27);
  });

  it('throws the failure when it has nothing to show, so that Temporal retries it in plain sight', async () => {
    simulator.addFault({ operation: 'blob', kind: 'AF50000' });
    await expect(forward(input)).rejects.toMatchObject({ kind: 'unavailable' });
  });

  it('names a blob that is past its retention as lost', async () => {
    simulator.addFault({ operation: 'blob', kind: 'AF20051', contentId: input.blobs[0]!.contentId });
    const result = await forward(input);
    expect(result.lost).toEqual([{ index: 0, reason: expect.stringContaining('AF20051') }]);
    expect(result.failed).toEqual([]);
  });

  it.each(['truncated', 'reset', 'html200'] as const)(
    'acknowledges nothing of a body that is %s',
    async (kind) => {
      simulator.addFault({ operation: 'blob', kind, contentId: input.blobs[2]!.contentId });
      const result = await forward(input);
      expect(result.failed.map(({ index }) => index)).toEqual([2]);
      expect(await linesBelow(path.join(folder, 'one'))).toHaveLength(27);
    },
  );

  it('asks for no more blobs of a tenant that is throttled', async () => {
    simulator.addFault({ operation: 'blob', kind: 'AF429' });
    await expect(forward(input)).rejects.toMatchObject({ kind: 'throttled' });
    const refused = simulator.report().requests.blob?.['403 AF429'] ?? 0;
    expect(refused).toBeLessThan(input.blobs.length);
  });

  it('sends a destination nothing that it acknowledged in an earlier attempt', async () => {
    const earlier: ForwardingDetails = {
      delivered: [[0, 1, 2], [1]],
      records: 3,
      bytes: 300,
      repeats: 0,
    };
    const result = await forward({ ...input, destinations: ['one', 'two'] }, earlier);
    expect(result.records).toBe(3 + 27);
    expect(await linesBelow(path.join(folder, 'one'))).toHaveLength(21);
    expect(await linesBelow(path.join(folder, 'two'))).toHaveLength(27);
    expect(simulator.report().requests.blob).toEqual({ 200: 9 });
  });

  it('keeps what the other destination took when one fails', async () => {
    // It does not even end what it was given to read.
    const failing: Destination = {
      name: 'failing',
      deliver: (blobs) => ({
        [Symbol.asyncIterator]: () => ({
          next: async () => {
            await blobs[Symbol.asyncIterator]().next();
            throw new DestinationError('unavailable', 'down for maintenance');
          },
        }),
      }),
      check: async () => undefined,
      close: async () => undefined,
    };
    const details: ForwardingDetails[] = [];
    const attempt = forward({ ...input, destinations: ['one', 'failing'] }, undefined, details, { failing });
    await expect(attempt).rejects.toMatchObject({ kind: 'unavailable', message: 'down for maintenance' });
    expect(await linesBelow(path.join(folder, 'one'))).toHaveLength(30);
    expect(details.at(-1)?.delivered[0]).toHaveLength(10);
  });

  it('ends promptly with the reason when it is cancelled with nothing to show', async () => {
    simulator.addFault({ operation: 'blob', kind: 'slow', delayMs: 60_000 });
    const environment = anEnvironment();
    const running = environment.run(forwardContent(withFiles({})), input);
    setTimeout(() => environment.cancel('CANCELLED'), 300);
    await expect(running).rejects.toMatchObject({ name: 'CancelledFailure' });
  });

  it('returns what was acknowledged when it is cancelled', async () => {
    simulator.addFault({
      operation: 'blob',
      kind: 'slow',
      delayMs: 60_000,
      contentId: input.blobs[9]!.contentId,
    });
    const environment = anEnvironment();
    environment.on('heartbeat', (details: ForwardingDetails) => {
      if (details.delivered[0]?.length === 9) environment.cancel('CANCELLED');
    });
    const result: ForwardedContent = await environment.run(forwardContent(withFiles({})), input);
    expect(result).toMatchObject({ records: 27, failed: [{ index: 9 }] });
  });

  it('knows a destination that is not configured as something that may still come', async () => {
    await expect(forward({ ...input, destinations: ['missing'] })).rejects.toMatchObject({
      kind: 'unavailable',
    });
  });

  it('refuses a tenant that is not configured, naming the ones that are', async () => {
    const unknown = { ...input, tenantId: '00000000-0000-0000-0000-000000000000' };
    await expect(forward(unknown)).rejects.toThrow(input.tenantId);
  });
});

async function forward(
  forwarded: ForwardContentInput,
  earlier?: ForwardingDetails,
  heartbeats: ForwardingDetails[] = [],
  others: Readonly<Record<string, Destination>> = {},
) {
  const environment = anEnvironment(earlier);
  environment.on('heartbeat', (details: ForwardingDetails) => heartbeats.push(details));
  const result: ForwardedContent = await environment.run(forwardContent(withFiles(others)), forwarded);
  return result;
}

function anEnvironment(heartbeatDetails?: ForwardingDetails): MockActivityEnvironment {
  return new MockActivityEnvironment(heartbeatDetails === undefined ? {} : { heartbeatDetails }, {
    logger: new DefaultLogger('ERROR'),
  });
}

/** Destinations `one` and `two` are folders of files. */
function withFiles(others: Readonly<Record<string, Destination>>): ActivityDependencies {
  const files = Object.fromEntries(
    ['one', 'two'].map((name) => [name, createFileDestination(name, { path: path.join(folder, name) })]),
  );
  closing.push(...Object.values(files));
  return { ...dependencies, destination: (key) => files[key] ?? others[key] };
}

async function configOf(of: Simulator): Promise<Config> {
  const file = path.join(folder, 'office365-ingest.yaml');
  await writeFile(file, of.configYaml());
  return loadConfig({ path: file, environment: {}, workingFolder: folder });
}
