import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { historyFromJSON } from '@temporalio/common/lib/proto-utils.js';
import { DefaultLogger, Runtime, Worker } from '@temporalio/worker';
import { beforeAll, describe, expect, it } from 'vitest';

const dist = fileURLToPath(new URL('../../dist/', import.meta.url));
const folder = fileURLToPath(new URL('histories/', import.meta.url));
const bundlePath = path.join(dist, 'workflow-bundle.js');

const histories = readdirSync(folder, { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.json'))
  .map((name) => ({ name, text: readFileSync(path.join(folder, name), 'utf8') }));

beforeAll(() => {
  Runtime.install({ logger: new DefaultLogger('ERROR', () => undefined) });
});

async function replay(text: string): Promise<void> {
  const history = historyFromJSON(JSON.parse(text));
  const { workflowId } = history.events![0]!.workflowExecutionStartedEventAttributes!;
  await Worker.runReplayHistory({ workflowBundle: { codePath: bundlePath } }, history, workflowId!);
}

describe('the workflow bundle', () => {
  it.each(histories)('replays $name, so a workflow that runs survives this release', async ({ text }) => {
    await replay(text);
  });

  it('notices a history that the code would not have made', async () => {
    const altered = histories
      .find(({ name }) => name.includes('lost-blob'))!
      .text.replace('"activityId": "ensure-subscription-1"', '"activityId": "another-1"');
    await expect(replay(altered)).rejects.toThrow('Nondeterminism');
  });

  it('holds the workflows, the domain and what the SDK needs, and nothing else', () => {
    const modules = [...readFileSync(bundlePath, 'utf8').matchAll(/^\/\*{3}\/ "([^"]+)"/gm)].map(([, name]) =>
      name!.replace(/^.*node_modules\//, ''),
    );
    const allowed =
      /^(@temporalio\/(common|workflow)|long|ms|nexus-rpc)\/|^\.\/(dist\.[^/]+\/)?(domain|workflows)\//;
    const expected = /__temporal|payload-converter|failure-converter|^\?/;
    const others = modules.filter((name) => !allowed.test(name) && !expected.test(name));
    expect(modules.length).toBeGreaterThan(20);
    expect(others).toEqual([]);
  });
});

describe('recorded histories', () => {
  it('take every turn of the workflow', () => {
    const all = histories.map(({ text }) => text).join();
    for (const event of [
      'EVENT_TYPE_WORKFLOW_EXECUTION_CONTINUED_AS_NEW',
      'EVENT_TYPE_WORKFLOW_EXECUTION_UPDATE_COMPLETED',
      'EVENT_TYPE_ACTIVITY_TASK_FAILED',
      'EVENT_TYPE_ACTIVITY_TASK_CANCEL_REQUESTED',
      'EVENT_TYPE_TIMER_FIRED',
    ]) {
      expect(all).toContain(event);
    }
  });
});
