import { contentType, test } from './support/chaos.ts';
import { scaled } from './support/scale.ts';

// A part of the blobs is slow, so that kills meet batches at every stage.
const slow = { operation: 'blob', kind: 'slow', rate: 0.2, delayMs: 400 } as const;

for (const workers of [1, 2]) {
  test(`${workers} worker(s) killed every few seconds leave files exact, and no repeat that no kill explains`, async ({
    raise,
  }) => {
    const chaos = await raise({ simulator: { repeats: { rate: 0, reach: 1 } } });
    const { stand, crew, siem } = chaos;
    stand.simulator.addFault(slow);
    siem.siem.delayMs = 30;
    await crew.hire(workers);
    await stand.startSubscription(contentType);
    const enough = scaled(45);
    await crew.churn({
      shortestMs: 200,
      longestMs: 3_000 * workers,
      isOver: () => crew.kills.length >= enough,
    });
    await chaos.settle();
    await chaos.judge();
  });
}
