import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Info } from '@temporalio/activity';
import { MockActivityEnvironment } from '@temporalio/testing';
import { DefaultLogger } from '@temporalio/worker';
import { afterEach } from 'vitest';
import type { ActivityDependencies, Tenant } from '../../src/activities/dependencies.ts';
import { listContent, type ContentListing } from '../../src/activities/list-content.ts';
import { loadConfig } from '../../src/config/load.ts';
import { startSimulator, type Simulator, type SimulatorOptions } from '../../src/simulator/start.ts';
import { createActivityDependencies, createAdapters } from '../../src/worker/dependencies.ts';

/** What the activities need, against a simulator; only the workflow around them is not there. */
export interface ActivityStand {
  readonly folder: string;
  readonly simulator: Simulator;
  readonly tenant: Tenant;
  readonly dependencies: ActivityDependencies;
  /** Aborts what `dependencies` call the shutdown of the worker. */
  readonly stopping: AbortController;
}

export const contentType = 'Audit.Exchange';

const endings: (() => Promise<unknown>)[] = [];

/** Runs at the end of the test, the latest first. */
export function atEnd(ending: () => Promise<unknown>): void {
  endings.push(ending);
}

afterEach(async () => {
  for (const ending of endings.splice(0).toReversed()) await ending();
});

/** Ten blobs of three records within the last ten hours, in one subscription that is started. Ends with the test. */
export async function setUpStand(
  options: SimulatorOptions = {},
  settings: Parameters<Simulator['configYaml']>[0] = {},
): Promise<ActivityStand> {
  const folder = await mkdtemp(path.join(tmpdir(), 'office365-ingest-activities-'));
  atEnd(() => rm(folder, { recursive: true, force: true }));
  const simulator = await startSimulator({
    seed: 'activities',
    tenants: 1,
    contentTypes: [contentType],
    historyHours: 10,
    blobsPerHour: 1,
    recordsPerBlob: 3,
    liveEveryMs: 0,
    ...options,
  });
  atEnd(() => simulator.close());
  const file = path.join(folder, 'office365-ingest.yaml');
  await writeFile(file, simulator.configYaml(settings));
  const config = await loadConfig({ path: file, environment: {}, workingFolder: folder });
  const adapters = createAdapters(config);
  atEnd(() => adapters.close());
  const stopping = new AbortController();
  const dependencies = createActivityDependencies(config, adapters, {
    stopping: stopping.signal,
    hasSearchAttributes: true,
  });
  const tenant = adapters.tenant(config.tenants[0]!.tenantId)!;
  await tenant.client.startSubscription(contentType, AbortSignal.timeout(10_000));
  return { folder, simulator, tenant, dependencies, stopping };
}

/** All blobs of the last twelve hours, as a live listing returns them. */
export function listAll({ dependencies, tenant }: ActivityStand): Promise<ContentListing> {
  const position = new Date(Date.now() - 12 * 3_600_000).toISOString();
  return anEnvironment().run(listContent(dependencies), {
    tenantId: tenant.config.tenantId,
    contentType,
    live: { position, quietPolls: 0 },
  });
}

/** An activity that was scheduled now, unless told otherwise. */
export function anEnvironment(info: Partial<Info> = {}): MockActivityEnvironment {
  return new MockActivityEnvironment(
    { scheduledTimestampMs: Date.now(), ...info },
    { logger: new DefaultLogger('ERROR', () => undefined) },
  );
}
