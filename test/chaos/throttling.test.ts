import { expect } from 'vitest';
import type { FaultRequest } from '../../src/simulator/faults.ts';
import { waitUntil } from '../e2e/support/wait-until.ts';
import { contentType, test, type Chaos } from './support/chaos.ts';
import { afterSeconds } from './support/scale.ts';

const storms: readonly (Pick<FaultRequest, 'kind' | 'retryAfterSeconds'> & { readonly name: string })[] = [
  { name: '403 with AF429', kind: 'AF429' },
  { name: '403 with the code "429"', kind: 'AF429-single-quotes' },
  { name: '429 with Retry-After', kind: 'AF429-status-429', retryAfterSeconds: 5 },
];

test('a storm of throttling shows while it lasts, in status and as search attribute, and costs nothing', async ({
  raise,
}) => {
  const chaos = await raise();
  const { stand, crew, siem } = chaos;
  await crew.hire(2);
  await stand.startSubscription(contentType);
  await waitUntil('it runs', async () => (await stand.status(contentType)).delivered.blobs > 50);
  for (const { name, ...storm } of storms) {
    const fault = stand.simulator.addFault({ operation: 'feed', ...storm });
    await waitUntil(`status shows the storm (${name})`, async () => isShown(chaos, 'throttled'));
    const isOver = afterSeconds(10);
    await waitUntil('it has lasted a while', isOver);
    chaos.heal([fault]);
    await waitUntil('it is over', async () => isShown(chaos, 'running', 'catchingUp'), 180_000);
  }
  await chaos.settle();
  await chaos.judge();
  expect((await siem.verify(stand.simulator)).doubled).toBe(0);
});

/** Whether the workflow says so, and can be found by it. */
async function isShown({ stand }: Chaos, ...states: readonly string[]): Promise<boolean> {
  const { state } = await stand.status(contentType);
  if (!states.includes(state)) return false;
  const query = `WorkflowId = '${stand.workflowId(contentType)}' AND IngestState = '${state}'`;
  return (await stand.client.workflow.count(`${query} AND ExecutionStatus = 'Running'`)).count === 1;
}
