import { describe, expect } from 'vitest';
import type { SubscriptionStatus } from '../../src/workflows/messages.ts';
import { contentType, test, type Stand } from './support/stand.ts';
import { waitUntil } from './support/wait-until.ts';

/** Lists until there is nothing new, and then not again by itself within the test. */
const seldom = {
  simulator: { historyHours: 1, liveEveryMs: 2_000 },
  settings: { interval: '1h', max_interval: '1h' },
};

/** So many blobs later the first of them is two seconds old. The service's clock is known to the second, so the newest may wait. */
const settledAfter = 3;

describe.concurrent('an operator with nothing but the Temporal CLI', () => {
  test('starts a subscription once, finds it by search attributes, and sees that it lists', async ({
    setUp,
  }) => {
    const stand = await setUp(seldom);
    const { tenantId, taskQueue } = stand;
    stand.startWorker();
    const workflowId = `office365/${tenantId}/${contentType}`;
    const start = ['workflow', 'start', '--type', 'ingestSubscription', '--task-queue', taskQueue];
    const what = ['--workflow-id', workflowId, '--input', JSON.stringify({ tenantId, contentType })];
    const once = ['--id-conflict-policy', 'UseExisting'];
    const first = await readJson<{ runId: string }>(stand, ...start, ...what);
    const second = await readJson<{ runId: string }>(stand, ...start, ...what, ...once);
    expect(second.runId).toBe(first.runId);

    const query = `TenantId="${tenantId}" AND ContentType="${contentType}" AND IngestState="running"`;
    await waitUntil('it is found as running', async () => {
      const found = await readJson<WorkflowExecution[]>(stand, 'workflow', 'list', '--query', query);
      return found.some(({ execution }) => execution.workflowId === workflowId);
    });
    await waitUntil('describe shows the listing that waits', async () => {
      const { stdout } = await stand.temporal('workflow', 'describe', '--workflow-id', workflowId);
      return /^ *ActivityId +list-\d{4}-\d\d-\d\dT\d\d:\d\d-\d+\n +Type +listContent$/m.test(stdout);
    });
  });

  test('pauses with a reason and resumes; a pause that is refused changes nothing', async ({ setUp }) => {
    const stand = await setUp(seldom);
    stand.startWorker();
    await stand.startSubscription(contentType);
    await waitUntil('it runs', async () => (await queryStatus(stand)).state === 'running');
    expect(await update(stand, 'pause', '{"reason":"maintenance at Contoso"}')).toMatchObject({ status: 0 });
    const paused = await queryStatus(stand);
    expect(paused).toMatchObject({ state: 'paused', reason: 'maintenance at Contoso' });

    await waitUntil('what was under way is over', async () => (await batchesOf(stand)).length === 0);
    const fetched = stand.fetched(contentType);
    const refused = await update(stand, 'pause', '{"reason":"again","for":"2h"}');
    expect(refused.status).toBe(1);
    expect(refused.stderr).toContain('for: is not a field of pause; allowed: reason, until');
    await waitUntil(
      'there is more to fetch',
      () => stand.blobs(contentType).available >= fetched + settledAfter,
    );
    expect(await queryStatus(stand)).toMatchObject({ state: 'paused', reason: 'maintenance at Contoso' });
    expect(stand.fetched(contentType)).toBe(fetched);

    expect(await update(stand, 'resume')).toMatchObject({ status: 0 });
    await waitUntil('it goes on', () => stand.fetched(contentType) > fetched);
    expect(await queryStatus(stand)).toMatchObject({ reason: null });
  });

  test('wakes a subscription that waits for its next listing', async ({ setUp }) => {
    const stand = await setUp(seldom);
    stand.startWorker();
    await stand.startSubscription(contentType);
    await waitUntil('it waits', async () => {
      const [listing] = (await stand.describe(contentType)).pendingActivities ?? [];
      return listing?.activityType?.name === 'listContent' && listing.lastHeartbeatTime;
    });
    const fetched = stand.fetched(contentType);
    await waitUntil(
      'there is more to fetch',
      () => stand.blobs(contentType).available >= fetched + settledAfter,
    );
    expect(await update(stand, 'retryNow')).toMatchObject({ status: 0 });
    await waitUntil('it is fetched', () => stand.fetched(contentType) > fetched);
  });

  test('learns by a failure that names the field why a wrong input ends the workflow', async ({ setUp }) => {
    const stand = await setUp();
    const { tenantId } = stand;
    stand.startWorker();
    const unknown = '01234567-89ab-cdef-0123-456789abcdef';
    const misspelt = 'Audit.Exchagne';
    const right = { tenantId, contentType };
    const idOf = ({ tenantId: tenant, contentType: type }: typeof right) => `office365/${tenant}/${type}`;
    const cases: { input: typeof right & Record<string, string>; workflowId?: string; says: string[] }[] = [
      { input: { ...right, tenantId: unknown }, says: [`tenantId: ${unknown} is not in`, tenantId] },
      { input: { ...right, contentType: misspelt }, says: [`contentType: ${misspelt}`, contentType] },
      {
        input: { ...right, apiUrl: 'x' },
        says: ['apiUrl: is not a field', 'allowed: tenantId, contentType'],
      },
      {
        input: { ...right, startTime: '2999-01-01T00:00Z' },
        says: ['startTime: 2999-01-01T00:00', 'future'],
      },
      { input: right, workflowId: `foreign-${tenantId}`, says: [`workflow id: must be ${idOf(right)}`] },
    ];
    for (const { input, workflowId = idOf(input), says } of cases) {
      const start = ['workflow', 'start', '--type', 'ingestSubscription', '--task-queue', stand.taskQueue];
      await readJson(stand, ...start, '--workflow-id', workflowId, '--input', JSON.stringify(input));
      const result = await stand.temporal('workflow', 'result', '--workflow-id', workflowId, '-o', 'json');
      const { closeEvent } = JSON.parse(result.stdout) as WorkflowResult;
      const { failure } = closeEvent.workflowExecutionFailedEventAttributes;
      expect(failure.applicationFailureInfo.type).toBe('Input');
      for (const words of says) expect(failure.message).toContain(words);
    }
  });
});

interface WorkflowExecution {
  readonly execution: { readonly workflowId: string };
}

interface WorkflowResult {
  readonly closeEvent: {
    readonly workflowExecutionFailedEventAttributes: {
      readonly failure: {
        readonly message: string;
        readonly applicationFailureInfo: { readonly type: string };
      };
    };
  };
}

async function readJson<Answer>(stand: Stand, ...args: readonly string[]): Promise<Answer> {
  const { status, stdout, stderr } = await stand.temporal(...args, '-o', 'json');
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  return JSON.parse(stdout) as Answer;
}

async function queryStatus(stand: Stand): Promise<SubscriptionStatus> {
  const query = ['workflow', 'query', '--workflow-id', stand.workflowId(contentType), '--type', 'status'];
  const { queryResult } = await readJson<{ queryResult: SubscriptionStatus[] }>(stand, ...query);
  return queryResult[0]!;
}

function update(stand: Stand, name: string, input?: string) {
  const execute = ['workflow', 'update', 'execute', '--workflow-id', stand.workflowId(contentType)];
  return stand.temporal(...execute, '--name', name, ...(input === undefined ? [] : ['--input', input]));
}

async function batchesOf(stand: Stand) {
  const { pendingActivities } = await stand.describe(contentType);
  return (pendingActivities ?? []).filter(({ activityType }) => activityType?.name === 'forwardContent');
}
