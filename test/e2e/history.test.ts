import { expect, onTestFinished } from 'vitest';
import { deliveredFilesIn, linesOf } from '../../src/simulator/delivered-lines.ts';
import { retryNowUpdate, retryQuarantinedUpdate } from '../../src/workflows/messages.ts';
import { startSiem, type Siem } from '../fakes/siem.ts';
import { exactly, test, type Stand } from './support/stand.ts';
import { waitUntil } from './support/wait-until.ts';

const smooth = 'Audit.General';
const troubled = 'Audit.Exchange';

test('histories hold no secret and no record, and some 300 bytes a blob under load', async ({ setUp }) => {
  const stand = await setUp({
    simulator: { contentTypes: [smooth, troubled], blobsPerHour: 50, recordsPerBlob: [1, 5] },
  });
  // A failure that quoted what it met would quote a part of these answers.
  for (const kind of [
    'AF50000',
    'html200',
    'html503',
    'cutJson',
    'truncated',
    'errorObject200',
    'AF20051',
  ] as const)
    stand.simulator.addFault({ operation: 'blob', kind, contentType: troubled, count: 5 });
  stand.simulator.addFault({ operation: 'token', kind: 'AADSTS7000215', count: 1 });
  const worker = stand.startWorker('--log-level', 'debug');
  await stand.startSubscription(troubled);
  await waitUntil('the refused secret shows', async () => (await stand.status(troubled)).state === 'blocked');
  const retryNow = ['update', 'execute', '--workflow-id', stand.workflowId(troubled), '--name', 'retryNow'];
  await stand.temporal('workflow', ...retryNow);
  await stand.startSubscription(smooth);
  await stand.drain();
  expect(await stand.verify()).toMatchObject({ ...exactly, missing: expect.any(Number) });

  const runs = { smooth: await runsOf(stand, smooth), troubled: await runsOf(stand, troubled) };
  const texts = [...runs.smooth, ...runs.troubled].map(({ text }) => text).concat(worker.output());
  const text = texts.join('\n');
  for (const trace of ['$Audit_Exchange$', 'AADSTS7000215', 'AF50000', 'AF20051'])
    expect(text.includes(trace), trace).toBe(true);
  await expectNoTraceOfData(stand, text, ['Retry the request']);

  const { available } = stand.blobs(smooth);
  const bytes = runs.smooth.reduce((total, run) => total + run.bytes, 0);
  expect(available).toBe(1000);
  expect(bytes / available).toBeLessThan(400);
});

test('histories of quarantine and of two destinations of which one is away hold no secret and no record either', async ({
  setUp,
}) => {
  const siem = await startSiem();
  onTestFinished(() => siem.close());
  const secrets = ['canary-of-the-token', 'canary-of-the-header', 'canary-of-the-query'] as const;
  const stand = await setUp({
    simulator: { contentTypes: [troubled], recordsPerBlob: [1, 5], liveEveryMs: 250 },
    settings: { max_interval: '1s', sweep_ages: ['5s'] },
    destinations: [{ name: 'archive', type: 'file', path: './events' }, secretiveDestination(siem, secrets)],
  });
  const stuck = stand.simulator.addFault({ operation: 'blob', kind: 'AF50000', share: 0.1 });
  const worker = stand.startWorker('--log-level', 'debug');
  await stand.startSubscription(troubled);
  const handle = stand.client.workflow.getHandle(stand.workflowId(troubled));
  await waitUntil('the stuck blobs are in quarantine', async () => {
    const { quarantined, reason } = await stand.status(troubled);
    return quarantined > 20 && reason === null;
  });
  for (const answer of [503, 401] as const) {
    siem.answer = answer;
    await waitUntil(`the SIEM that answers ${answer} is away`, async () =>
      (await stand.status(troubled)).reason?.includes('siem'),
    );
    siem.answer = 200;
    await handle.executeUpdate(retryNowUpdate, { args: [{}] });
    await waitUntil('it is back', async () => (await stand.status(troubled)).reason === null);
  }
  stand.simulator.removeFault(stuck);
  await handle.executeUpdate(retryQuarantinedUpdate, { args: [{}] });
  await stand.drain();
  expect(await stand.verify()).toMatchObject(exactly);
  const { records, servedTwice } = await stand.verify();
  await waitUntil('the SIEM has everything', () => siem.report.records === records - servedTwice);

  const runs = await runsOf(stand, troubled);
  const text = [...runs.map((run) => run.text), worker.output()].join('\n');
  for (const trace of ['$Audit_Exchange$', 'AF50000', 'HTTP 503', 'HTTP 401'])
    expect(text.includes(trace), trace).toBe(true);
  await expectNoTraceOfData(stand, text, [...secrets, siem.url]);

  // Its activities of set-up are eight events each, ten at most; then what is under way comes to its end.
  for (const { events } of runs) expect(events).toBeLessThanOrEqual(fullRun + 10 * 8 + 60);
});

test('a run of small events ends at some 300', async ({ setUp }) => {
  const stand = await setUp({ simulator: { contentTypes: [troubled], historyHours: 1 } });
  stand.startWorker();
  await stand.startSubscription(troubled);
  const handle = stand.client.workflow.getHandle(stand.workflowId(troubled));
  const query = `WorkflowId = '${stand.workflowId(troubled)}' AND ExecutionStatus = 'ContinuedAsNew'`;
  await waitUntil('woken again and again, two runs are over', async () => {
    await handle.executeUpdate(retryNowUpdate, { args: [{}] });
    return (await stand.client.workflow.count(query)).count >= 2;
  });
  const [, ...over] = await runsOf(stand, troubled);
  for (const { events } of over) {
    expect(events).toBeGreaterThan(fullRun);
    expect(events).toBeLessThanOrEqual(fullRun + 60);
  }
});

/** Events of a run that is full; then it lets end what is under way. */
const fullRun = 300;

function secretiveDestination(
  { url }: Siem,
  [token, header, query]: readonly [string, string, string],
): Readonly<Record<string, unknown>> {
  const headers = { 'X-Api-Key': header };
  return { name: 'siem', type: 'http', url: `${url}?token=${query}`, bearer_token: token, headers };
}

/** Neither the tenant's secret nor a token, nor who did what in a record, nor these. */
async function expectNoTraceOfData(stand: Stand, text: string, more: readonly string[]): Promise<void> {
  const { clientSecret } = stand.simulator;
  const userIds = await userIdsIn(stand);
  expect(userIds.length).toBeGreaterThan(10);
  const secrets = [clientSecret, encodeURIComponent(clientSecret), 'Bearer', 'eyJ'];
  const canaries = [...secrets, 'contentUri', '<html', ...userIds, ...more];
  for (const canary of canaries) expect(text.includes(canary), canary).toBe(false);
}

interface Run {
  readonly bytes: number;
  readonly events: number;
  /** Everything in its history, payloads in plain. */
  readonly text: string;
}

/** All runs of a subscription, the newest first. */
async function runsOf(stand: Stand, contentType: string): Promise<readonly Run[]> {
  const runs: Run[] = [];
  const workflow = ['--workflow-id', stand.workflowId(contentType), '-o', 'json'];
  for (let runId: string | undefined = ''; runId !== undefined;) {
    const run: readonly string[] = [...workflow, '--run-id', runId];
    const { stdout } = await stand.temporal('workflow', 'show', ...run);
    const described = await stand.temporal('workflow', 'describe', ...run);
    const { historySizeBytes } = (JSON.parse(described.stdout) as Description).workflowExecutionInfo;
    const { events } = JSON.parse(stdout) as History;
    const text = withPlainPayloads(stdout) + described.stdout;
    runs.push({ bytes: Number(historySizeBytes), events: events.length, text });
    const [started] = events;
    runId = started?.workflowExecutionStartedEventAttributes?.continuedExecutionRunId;
  }
  return runs;
}

interface Description {
  readonly workflowExecutionInfo: { readonly historySizeBytes: string };
}

interface History {
  readonly events: readonly {
    readonly workflowExecutionStartedEventAttributes?: { readonly continuedExecutionRunId?: string };
  }[];
}

function withPlainPayloads(history: string): string {
  return history.replace(
    /"(data|encoding)": "([A-Za-z0-9+/=]+)"/g,
    (_, name: string, base64: string) => `"${name}": ${Buffer.from(base64, 'base64').toString()}`,
  );
}

/** Who did what: nobody but the files may know. */
async function userIdsIn({ eventsPath }: Stand): Promise<readonly string[]> {
  const userIds = new Set<string>();
  for (const file of await deliveredFilesIn(eventsPath)) {
    for await (const line of linesOf(file.path)) {
      const userId = /"UserId"\s*:\s*"([^"\\]{8,})"/.exec(line.toString('utf8'))?.[1];
      if (userId !== undefined) userIds.add(userId);
    }
  }
  return [...userIds];
}
