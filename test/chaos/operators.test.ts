import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'vitest';
import { availableIndexes, blobAt, type SimulatedBlob } from '../../src/simulator/blobs.ts';
import { backfillUpdate, discardQuarantinedUpdate } from '../../src/workflows/messages.ts';
import { waitUntil } from '../e2e/support/wait-until.ts';
import { contentType, exactly, test, type Chaos } from './support/chaos.ts';
import { afterSeconds, scaled } from './support/scale.ts';
import { meddleWithActivities, pauseAndResume, wake } from './support/operators.ts';

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;

test('activities paused, reset and changed by the CLI, updates all the while: each is answered, nothing is lost', async ({
  raise,
}) => {
  const chaos = await raise({ settings: { sweep_ages: ['5s'] } });
  const { stand, crew } = chaos;
  stand.simulator.addFault({ operation: 'blob', kind: 'AF50000', share: 0.1 });
  await crew.hire(2);
  await stand.startSubscription(contentType);
  await waitUntil('it runs', async () => (await stand.status(contentType)).delivered.blobs > 50);
  const isOver = afterSeconds(70);
  await Promise.all([
    meddleWithActivities(chaos, isOver),
    pauseAndResume(chaos, isOver),
    wake(chaos, isOver),
  ]);
  await chaos.settle();
  chaos.counts['runs'] = await runsOf(chaos);
  await chaos.judge();
});

test('hundreds of updates during continue-as-new are carried out once each', async ({ raise }) => {
  const simulator = { historyHours: 12, blobsPerHour: 60, recordsPerBlob: 2, liveEveryMs: 0 };
  const chaos = await raise({
    simulator: { ...simulator, repeats: { rate: 0, reach: 1 } },
    settings: { sweep_ages: ['3s'] },
  });
  const { stand, crew, siem, dice } = chaos;
  const nowMs = Date.now();
  const stuck = dice
    .shuffle(blobsWithin(chaos, { fromMs: 0, untilMs: nowMs - 7 * hourMs }))
    .slice(0, scaled(120))
    .map(({ contentId }) => contentId);
  for (const contentId of stuck) stand.simulator.addFault({ operation: 'blob', kind: 'AF50000', contentId });
  await crew.hire(2);
  await stand.startSubscription(contentType);
  await waitUntil('the stuck blobs are in quarantine, the others delivered', async () => {
    const { quarantined, delivered, pending } = await stand.status(contentType);
    const { available } = stand.blobs(contentType);
    const isThrough = pending === 0 && quarantined === stuck.length;
    if (isThrough && delivered.blobs + stuck.length >= available) return true;
    throw new Error(JSON.stringify({ pending, quarantined, delivered, available, stuck: stuck.length }));
  });

  // Each twice: one of the two finds the blob, the other nothing.
  const discarding = inTurns(dice.shuffle([...stuck, ...stuck]), (contentId) =>
    chaos.update(discardQuarantinedUpdate, { contentIds: [contentId] }),
  );
  const spans = Array.from({ length: scaled(40) }, (_, index) =>
    spanFrom(nowMs - 6 * hourMs + index * 8 * minuteMs),
  );
  const backfilling = inTurns(spans, (span) =>
    chaos.update(backfillUpdate, { ...span, destinations: ['siem'], resend: true }),
  );
  const waking = wake(chaos, afterSeconds(20));
  const discarded = await discarding;
  expect(discarded.reduce((sum, count) => sum + count, 0)).toBe(stuck.length);
  expect((await backfilling).map(({ window }) => window)).toEqual(spans);
  await waking;

  const resent = spans.flatMap(({ startTime, endTime }) =>
    blobsWithin(chaos, { fromMs: Date.parse(startTime), untilMs: Date.parse(endTime) }),
  );
  const again = resent.reduce((sum, { recordCount }) => sum + recordCount, 0);
  const missing = 2 * stuck.length;
  await waitUntil(
    'the backfills are done',
    async () => (await siem.verify(stand.simulator)).doubled >= again,
  );
  chaos.counts['runs'] = await runsOf(chaos);
  chaos.counts['records sent again as asked'] = again;
  expect(await runsOf(chaos)).toBeGreaterThan(2);
  expect(await stand.status(contentType)).toMatchObject({ lost: stuck.length, quarantined: 0, pending: 0 });
  expect(await stand.verify()).toMatchObject({ ...exactly, missing });
  expect(await siem.verify(stand.simulator)).toMatchObject({ ...exactly, missing, doubled: again });
});

/** Five minutes from a time on, in whole milliseconds. */
function spanFrom(startMs: number) {
  return {
    startTime: new Date(startMs).toISOString(),
    endTime: new Date(startMs + 5 * minuteMs).toISOString(),
  };
}

/** Blobs of the history that are created in a span, its end excluded. */
function blobsWithin(
  { stand }: Chaos,
  span: { readonly fromMs: number; readonly untilMs: number },
): readonly SimulatedBlob[] {
  const [subscription] = stand.simulator.population.tenants[0]!.subscriptions;
  return [...availableIndexes(subscription!, span, Date.now())].map((index) => blobAt(subscription!, index));
}

/** Does a thing for each, ten at once. */
async function inTurns<Item, Result>(
  items: readonly Item[],
  work: (item: Item) => Promise<Result>,
): Promise<readonly Result[]> {
  const results: Result[] = [];
  const entries = items.entries();
  const lane = async () => {
    for (const [index, item] of entries) {
      results[index] = await work(item);
      await sleep(50);
    }
  };
  await Promise.all(Array.from({ length: 10 }, lane));
  return results;
}

async function runsOf({ stand }: Chaos): Promise<number> {
  const query = `WorkflowId = '${stand.workflowId(contentType)}'`;
  return (await stand.client.workflow.count(query)).count;
}
