import { expect } from 'vitest';
import { contentType, test } from '../chaos/support/chaos.ts';
import { addFaultMix } from '../chaos/support/fault-mix.ts';
import { waitUntil } from './support/wait-until.ts';

/** The long form is `npm run test:chaos`. */
test('one answer in five spoilt and five kills of two workers leave files exact, and no repeat that no kill explains', async ({
  raise,
}) => {
  const chaos = await raise({
    seed: 'short',
    simulator: { late: { rate: 0.1, delayMs: [1_000, 3_000] }, repeats: { rate: 0, reach: 1 } },
    settings: { sweep_ages: ['3s', '6s'] },
  });
  const { stand, crew, dice, siem } = chaos;
  addFaultMix(stand.simulator, dice, 0.2);
  stand.simulator.addFault({ operation: 'blob', kind: 'slow', rate: 0.5, delayMs: 1_000 });
  await crew.hire(2);
  await stand.startSubscription(contentType);
  await waitUntil('records arrive', () => siem.siem.report.records > 10);
  await crew.churn({ shortestMs: 500, longestMs: 5_000, isOver: () => crew.kills.length >= 5 });
  await chaos.settle();
  await chaos.judge();
  expect(crew.kills.length).toBeGreaterThanOrEqual(5);
  expect(chaos.counts['spoilt answers']).toBeGreaterThan(10);
});
