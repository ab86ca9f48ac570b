/** What happens to the subscriptions whose histories are recorded: one scene for each turn that the workflow can take. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Client, WorkflowHandle } from '@temporalio/client';
import type { Simulator } from '../src/simulator/start.ts';
import {
  discardQuarantinedUpdate,
  pauseUpdate,
  quarantineQuery,
  resumeUpdate,
  retryNowUpdate,
  retryQuarantinedUpdate,
  statusQuery,
} from '../src/workflows/messages.ts';
import { currentRun, keepHistory } from './keep-history.ts';

export interface Scene {
  readonly simulator: Simulator;
  readonly client: Client;
  readonly handle: WorkflowHandle;
  readonly tenantId: string;
  readonly taskQueue: string;
  /** Where the file destination `siem` writes, which cannot until `unblock`. */
  readonly unblock: () => Promise<void>;
}

export const contentTypes = {
  'catching-up': 'Audit.Exchange',
  'pause-and-resume': 'Audit.SharePoint',
  'park-and-recover': 'Audit.General',
  'lost-blob': 'Audit.AzureActiveDirectory',
  'failing-blob': 'DLP.All',
  quarantine: 'Audit.Quarantine',
  backfill: 'Audit.Backfill',
  cancelled: 'Audit.Cancelled',
  'absent-destination': 'Audit.Absent',
} as const;
export type SceneName = keyof typeof contentTypes;

/** What happens to a subscription after its start, until its history is worth keeping. */
export const scenes: Record<SceneName, (scene: Scene) => Promise<void>> = {
  'catching-up': async ({ handle }) => {
    await until(
      async () =>
        (await handle.describe()).raw.workflowExecutionInfo?.firstRunId !== (await currentRun(handle)),
    );
  },
  'pause-and-resume': async ({ handle }) => {
    await delivered(handle, 10);
    await handle.executeUpdate(pauseUpdate, { args: [{ reason: 'maintenance' }] });
    await handle.executeUpdate(pauseUpdate, {
      args: [{ until: new Date(Date.now() + 3_000).toISOString() }],
    });
    await sleep(5_000);
    await handle.executeUpdate(pauseUpdate, { args: [{}] });
    await handle.executeUpdate(resumeUpdate, { args: [{}] });
    await handle.executeUpdate(retryNowUpdate, { args: [{}] });
    await sleep(3_000);
  },
  'park-and-recover': async ({ handle, simulator }) => {
    await delivered(handle, 5);
    const contentType = contentTypes['park-and-recover'];
    const fault = simulator.addFault({ operation: 'content', kind: 'AF20023', contentType });
    await until(async () => (await handle.query(statusQuery)).state === 'blocked');
    await handle.executeUpdate(retryNowUpdate, { args: [{}] });
    await until(async () => (await handle.query(statusQuery)).state === 'blocked');
    simulator.removeFault(fault);
    await handle.executeUpdate(retryNowUpdate, { args: [{}] });
    await until(async () => (await handle.query(statusQuery)).state === 'running');
    await sleep(4_000);
  },
  'lost-blob': async ({ handle, simulator }) => {
    const contentType = contentTypes['lost-blob'];
    await until(async () => (await handle.query(statusQuery)).state === 'running');
    simulator.addFault({ operation: 'blob', kind: 'AF20051', contentType, count: 2 });
    await until(async () => (await handle.query(statusQuery)).lost > 0);
    await sleep(3_000);
  },
  'failing-blob': async ({ handle, simulator }) => {
    const contentType = contentTypes['failing-blob'];
    simulator.addFault({ operation: 'blob', kind: 'AF50000', contentType, rate: 0.3, count: 30 });
    await delivered(handle, 60);
  },
  quarantine: async ({ handle, simulator }) => {
    const contentType = contentTypes.quarantine;
    const fault = simulator.addFault({ operation: 'blob', kind: 'AF50000', contentType, share: 0.15 });
    await until(async () => (await handle.query(statusQuery)).quarantined > 3);
    const { blobs } = await handle.query(quarantineQuery);
    const contentIds = [blobs[0]!.contentId];
    await handle.executeUpdate(discardQuarantinedUpdate, { args: [{ contentIds, reason: 'broken' }] });
    simulator.removeFault(fault);
    await handle.executeUpdate(retryQuarantinedUpdate, { args: [{}] });
    await until(async () => (await handle.query(statusQuery)).quarantined === 0);
  },
  backfill: async ({ client, handle, tenantId, taskQueue }) => {
    await delivered(handle, 20);
    const contentType = contentTypes.backfill;
    const hoursAgo = (hours: number) => new Date(Date.now() - hours * 3_600_000).toISOString();
    const input = { tenantId, contentType, startTime: hoursAgo(30), endTime: hoursAgo(2), resend: true };
    const workflowId = `${handle.workflowId}/backfill`;
    const backfill = await client.workflow.start('backfillSubscription', {
      workflowId,
      taskQueue,
      args: [input],
    });
    await backfill.executeUpdate(pauseUpdate, { args: [{}] });
    await backfill.executeUpdate(resumeUpdate, { args: [{}] });
    await backfill.result();
    await keepHistory(backfill, 'backfill', 'backfillSubscription');
  },
  cancelled: async ({ handle }) => {
    await delivered(handle, 20);
    await handle.cancel();
    await handle.result();
  },
  'absent-destination': async ({ handle, unblock }) => {
    await until(async () => (await handle.query(statusQuery)).reason?.includes('siem') === true);
    await delivered(handle, 100);
    await unblock();
    await handle.executeUpdate(retryNowUpdate, { args: [{}] });
    await until(async () => (await handle.query(statusQuery)).reason === null);
    await sleep(3_000);
  },
};

/** Sets of scenes that share a worker, with the destinations of its configuration. */
export const stages: readonly {
  readonly scenes: readonly SceneName[];
  readonly destinations: readonly object[];
}[] = [
  {
    scenes: (Object.keys(contentTypes) as SceneName[]).filter((name) => name !== 'absent-destination'),
    destinations: [{ name: 'events', type: 'file', path: './events' }],
  },
  {
    scenes: ['absent-destination'],
    destinations: [
      { name: 'archive', type: 'file', path: './events' },
      { name: 'siem', type: 'file', path: './siem' },
    ],
  },
];

async function delivered(handle: WorkflowHandle, blobs: number): Promise<void> {
  await until(async () => (await handle.query(statusQuery)).delivered.blobs >= blobs);
}

async function until(condition: () => Promise<boolean>): Promise<void> {
  const endMs = Date.now() + 180_000;
  while (!(await condition().catch(() => false))) {
    if (Date.now() > endMs) throw new Error('the scene did not come to its end within three minutes');
    await sleep(200);
  }
}
