import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'vitest';
import { waitUntil } from '../e2e/support/wait-until.ts';
import { contentType, test, type Chaos } from './support/chaos.ts';
import { afterSeconds } from './support/scale.ts';
import type { Siem } from '../fakes/siem.ts';

/** How far the destination that is well may fall behind: the other one is given 15 s to take something. */
const longestLagMs = 30_000;

const troubles: Readonly<Record<string, (siem: Siem) => Promise<void>>> = {
  'closes its port': (siem) => siem.down(),
  hangs: async (siem) => {
    await siem.up();
    siem.answer = 'hang';
  },
  'answers with 503': async (siem) => {
    siem.answer = 503;
  },
  'refuses the token': async (siem) => {
    siem.answer = 401;
  },
};

test('a destination that is dead for long holds up no other, and gets once what it missed when it is back', async ({
  raise,
}) => {
  const chaos = await raise();
  const { stand, crew, siem } = chaos;
  await crew.hire(2);
  await stand.startSubscription(contentType);
  await waitUntil('both have the history', async () => {
    const { reason, pending } = await stand.status(contentType);
    return reason === null && pending === 0 && siem.siem.report.records > 100 && (await lagMs(chaos)) < 5_000;
  });

  let longestMs = 0;
  const before = stand.blobs(contentType);
  for (const [what, begin] of Object.entries(troubles)) {
    await begin(siem.siem);
    for (const isOver = afterSeconds(28); !isOver(); await sleep(500)) {
      longestMs = Math.max(longestMs, await lagMs(chaos));
      expect(longestMs, `lag while the other destination ${what}`).toBeLessThan(longestLagMs);
    }
  }
  chaos.counts['longest lag in ms'] = longestMs;
  const { reason } = await stand.status(contentType);
  expect(reason).toContain('siem');

  await chaos.settle();
  await chaos.judge();
  expect((await siem.verify(stand.simulator)).doubled).toBe(0);
  // What both had before is fetched once; the rest once for the one and again for the other.
  const { fetchedMoreThanOnce, available } = stand.blobs(contentType);
  expect(fetchedMoreThanOnce).toBeLessThanOrEqual(available - before.fetched);
});

/** Age of the oldest content that is not accounted for. */
async function lagMs({ stand }: Chaos): Promise<number> {
  const { checkpointTime } = await stand.status(contentType);
  return Date.now() - Date.parse(checkpointTime ?? '');
}
