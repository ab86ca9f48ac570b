import { setTimeout as sleep } from 'node:timers/promises';
import { contentType, test } from './support/chaos.ts';
import { afterSeconds } from './support/scale.ts';
import { FragileServer } from './support/server.ts';

test('a Temporal server killed and started again and again costs nothing', async ({ raise }) => {
  const server = await FragileServer.start();
  const chaos = await raise({
    address: server.address,
    simulator: { repeats: { rate: 0, reach: 1 } },
  });
  const { stand, crew, dice, siem } = chaos;
  stand.simulator.addFault({ operation: 'blob', kind: 'slow', rate: 0.3, delayMs: 300 });
  siem.siem.delayMs = 20;
  await crew.hire(2);
  await stand.startSubscription(contentType);
  for (const isOver = afterSeconds(80); !isOver();) {
    await sleep(3_000 + dice.below(9_000));
    await server.crash(dice.below(6_000));
  }
  chaos.disturbances.push(...server.outages);
  chaos.counts['server kills'] = server.outages.length;
  await chaos.settle();
  await chaos.judge();
});
