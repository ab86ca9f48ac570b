import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'vitest';
import { waitUntil } from '../e2e/support/wait-until.ts';
import { contentType, test } from './support/chaos.ts';
import { afterSeconds, scaled } from './support/scale.ts';
import { addFaultMix } from './support/fault-mix.ts';

/** How long one mix of faults is in force. */
const mixMs = 6_000;

for (const cut of ['lost', 'neighbour', 'reordered'] as const) {
  test(`three in ten answers spoilt in every way that heals, late content, cut blobs (${cut}): all arrives once`, async ({
    raise,
  }) => {
    const chaos = await raise({
      simulator: {
        cut,
        blobsPerHour: 150,
        recordsPerBlob: [1, 3],
        liveEveryMs: 200,
        shufflePages: true,
        late: { rate: 0.2, delayMs: [2_000, 6_000] },
        repeats: { rate: 0.1, reach: 50 },
        bareSingleRecords: true,
      },
      settings: { sweep_ages: ['4s', '12s'] },
    });
    const { stand, crew, dice, siem } = chaos;
    stand.simulator.addFault({ operation: 'blob', kind: 'AF50000', share: 0.03 });
    await crew.hire(2);
    await stand.startSubscription(contentType);
    await waitUntil('the first blobs arrive', () => siem.siem.report.records > 0);
    for (const isOver = afterSeconds(40); !isOver();) {
      const mix = addFaultMix(stand.simulator, dice, 0.3);
      await sleep(mixMs);
      chaos.heal(mix);
    }
    await chaos.settle();
    await chaos.judge();
    expect((await siem.verify(stand.simulator)).doubled).toBe(0);
    expect(chaos.counts['spoilt answers']).toBeGreaterThan(scaled(100));
  });
}
