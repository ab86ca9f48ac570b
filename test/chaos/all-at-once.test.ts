import { setTimeout as sleep } from 'node:timers/promises';
import { contentType, test, type Chaos } from './support/chaos.ts';
import { afterSeconds } from './support/scale.ts';
import { addFaultMix } from './support/fault-mix.ts';
import { meddleWithActivities, wake } from './support/operators.ts';
import { FragileServer } from './support/server.ts';

test('faults, kills of workers and server, a destination that comes and goes, operators: all at once', async ({
  raise,
}) => {
  const server = await FragileServer.start();
  const chaos = await raise({
    address: server.address,
    simulator: {
      cut: 'neighbour',
      late: { rate: 0.1, delayMs: [2_000, 6_000] },
      repeats: { rate: 0, reach: 1 },
    },
    settings: { sweep_ages: ['5s', '15s'] },
  });
  const { stand, crew, siem } = chaos;
  siem.siem.delayMs = 20;
  await crew.hire(2);
  await stand.startSubscription(contentType);
  const isOver = afterSeconds(140);
  await Promise.all([
    crew.churn({ shortestMs: 5_000, longestMs: 25_000, isOver }),
    crashServer(chaos, server, isOver),
    spoilAnswers(chaos, isOver),
    troubleSiem(chaos, isOver),
    bearingOutages(() => wake(chaos, isOver), isOver),
    bearingOutages(() => meddleWithActivities(chaos, isOver), isOver),
  ]);
  chaos.disturbances.push(...server.outages);
  chaos.counts['server kills'] = server.outages.length;
  await chaos.settle();
  await chaos.judge();
});

async function crashServer({ dice }: Chaos, server: FragileServer, isOver: () => boolean): Promise<void> {
  while (!isOver()) {
    await sleep(25_000 + dice.below(20_000));
    await server.crash(dice.below(4_000));
  }
}

async function spoilAnswers(chaos: Chaos, isOver: () => boolean): Promise<void> {
  while (!isOver()) {
    const mix = addFaultMix(chaos.stand.simulator, chaos.dice, 0.1);
    await sleep(5_000 + chaos.dice.below(5_000));
    chaos.heal(mix);
  }
}

async function troubleSiem({ siem: { siem }, dice }: Chaos, isOver: () => boolean): Promise<void> {
  while (!isOver()) {
    await sleep(5_000 + dice.below(20_000));
    siem.answer = dice.pick(['hang', 401, 429, 500, 503] as const);
    await sleep(dice.below(15_000));
    siem.answer = 200;
  }
}

/** While the server is away operators get no answer, and ask again. */
async function bearingOutages(work: () => Promise<void>, isOver: () => boolean): Promise<void> {
  for (;;) {
    try {
      return await work();
    } catch (error) {
      if (isOver()) throw error;
      await sleep(1_000);
    }
  }
}
