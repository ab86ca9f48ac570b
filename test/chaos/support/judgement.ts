import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'vitest';
import { retryNowUpdate, retryQuarantinedUpdate } from '../../../src/workflows/messages.ts';
import { contentType, exactly } from '../../e2e/support/stand.ts';
import { waitUntil } from '../../e2e/support/wait-until.ts';
import type { Chaos } from './chaos.ts';
import { judgeRepeats } from './repeats.ts';

/** How long a subscription may take to come to rest by itself before it is woken, and between two wakings. */
const restMs = 20_000;

/** Ends all faults and the arrival of new content, and waits until every destination has everything. */
export async function settle(chaos: Chaos): Promise<void> {
  const { stand, siem } = chaos;
  const { simulator } = stand;
  chaos.heal();
  siem.siem.answer = 200;
  siem.siem.delayMs = 0;
  simulator.freeze();
  const { available } = stand.blobs(contentType);
  let wakeMs = Date.now() + restMs;
  await waitUntil(
    'every destination has everything',
    async () => {
      const { pending, quarantined, reason, delivered } = await stand.status(contentType);
      const isAtRest = pending === 0 && quarantined === 0 && reason === null;
      if (isAtRest && delivered.blobs >= available) return true;
      if (Date.now() < wakeMs) return false;
      wakeMs = Date.now() + restMs;
      chaos.count('wakings to come to rest');
      await chaos.update(retryQuarantinedUpdate, {});
      await chaos.update(retryNowUpdate, {});
      throw new Error(JSON.stringify(await stand.status(contentType)));
    },
    240_000,
  );
  // A destination that has joined again lists what it is owed once more.
  await waitUntil('the SIEM has everything', async () => {
    const { missing } = await siem.verify(simulator);
    if (missing === 0) return true;
    await sleep(1_000);
    throw new Error(`${missing} records are missing`);
  });
}

/** Expects that nothing is missing, altered or lost, files are exact, and repeats at the SIEM explained by disturbances. */
export async function judge({ stand, siem, crew, disturbances, counts }: Chaos): Promise<void> {
  const archive = await stand.verify();
  const { doubled, ...atSiem } = await siem.verify(stand.simulator);
  const repeats = judgeRepeats(siem, [...crew.kills, ...disturbances]);
  const { lost } = await stand.status(contentType);
  Object.assign(counts, {
    kills: crew.kills.length,
    blobs: archive.blobs,
    records: archive.records,
    'repeats at the SIEM': `${doubled} (at most ${repeats.bound})`,
  });
  expect({ archive, lost }).toMatchObject({ archive: exactly, lost: 0 });
  expect(atSiem).toMatchObject({ missing: 0, altered: 0, unexpected: 0 });
  expect(doubled).toBeLessThanOrEqual(repeats.bound);
  // What the feed itself repeats stands there as often as it was served.
  expect(repeats.unexplained).toBeLessThanOrEqual(archive.servedTwice);
}
