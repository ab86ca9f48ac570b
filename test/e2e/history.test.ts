import { expect } from 'vitest';
import { deliveredFilesIn, linesOf } from '../../src/simulator/delivered-lines.ts';
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
  const userIds = await userIdsIn(stand);
  expect(userIds.length).toBeGreaterThan(20);
  const secrets = [
    stand.simulator.clientSecret,
    encodeURIComponent(stand.simulator.clientSecret),
    'Bearer',
    'eyJ',
  ];
  const quoted = ['contentUri', '<html', 'Retry the request', ...userIds];
  for (const canary of [...secrets, ...quoted]) expect(text.includes(canary), canary).toBe(false);

  const { available } = stand.blobs(smooth);
  const bytes = runs.smooth.reduce((total, run) => total + run.bytes, 0);
  expect(available).toBe(1000);
  expect(bytes / available).toBeLessThan(400);
});

interface Run {
  readonly bytes: number;
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
    runs.push({ bytes: Number(historySizeBytes), text: withPlainPayloads(stdout) + described.stdout });
    const [started] = (JSON.parse(stdout) as History).events;
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
