import type { TenantConfig } from '../../config/config.ts';
import { defaultTaskQueue } from '../../domain/ids.ts';
import { isoTime } from '../../domain/time-window.ts';
import { planSubscriptions, startSubscriptions } from '../subscriptions.ts';
import { runBareLoop } from './bare-loop.ts';
import { readProgress } from './observe.ts';
import type { Stage } from './stage.ts';

/** Records per second over the same content in the same run, since machines differ. */
export interface Throughput {
  readonly blobs: number;
  readonly service: number;
  readonly bare: number;
}

/** Longest span that one listing may ask for is 24 hours; the bulk content lies within the last twelve. */
const bareWindowMs = 20 * 3_600_000;

/**
 * Has the service take all of a large subscription, from the start of its workflow to the last acknowledged blob, and then a
 * bare loop the same content.
 */
export async function measureThroughput(
  stage: Stage,
  tenant: TenantConfig,
  blobs: number,
  pause: (ms: number) => Promise<void>,
): Promise<Throughput> {
  const contentType = tenant.subscriptions[0]!;
  const plan = await planSubscriptions(stage.client, [{ tenant, contentType }]);
  const startedMs = performance.now();
  await startSubscriptions(stage.client, plan, defaultTaskQueue);
  let progress = { delivered: 0, records: 0 };
  while (progress.delivered < blobs) {
    await pause(100);
    progress = await readProgress(stage.client, stage.simulator, [tenant]);
  }
  const serviceMs = performance.now() - startedMs;
  const bare = await runBareLoop({
    url: stage.simulator.url,
    tenantId: tenant.tenantId,
    contentType,
    ...credentials(tenant),
    window: { startTime: wireTime(Date.now() - bareWindowMs), endTime: wireTime(Date.now()) },
    folder: stage.folder,
  });
  return {
    blobs,
    service: (progress.records / serviceMs) * 1000,
    bare: (bare.records / bare.ms) * 1000,
  };
}

function credentials({ clientId, credential }: TenantConfig) {
  if (clientId === undefined || credential.type !== 'secret')
    throw new Error('the simulated tenants have a secret');
  return { clientId, clientSecret: credential.secret.reveal() };
}

/** As the API takes it: seconds, no zone. */
function wireTime(ms: number): string {
  return isoTime(ms).slice(0, 19);
}
