import { readFile, writeFile } from 'node:fs/promises';
import { expect } from 'vitest';
import type { FaultRequest } from '../../src/simulator/faults.ts';
import { enableSubscription } from '../e2e/support/enable-subscription.ts';
import { pendingActivities } from '../e2e/support/pending-activities.ts';
import { waitUntil } from '../e2e/support/wait-until.ts';
import { contentType, exactly, test, type Chaos } from './support/chaos.ts';

const causes: readonly { readonly name: string; readonly faults: readonly FaultRequest[] }[] = [
  {
    name: 'the role is revoked',
    faults: [
      { operation: 'feed', kind: 'AF10001' },
      { operation: 'token', kind: 'tokenWithoutRoles' },
    ],
  },
  { name: 'auditing is switched off', faults: [{ operation: 'feed', kind: 'auditOff' }] },
];

test('what a person must mend parks the subscription, which goes on by itself where it was', async ({
  raise,
}) => {
  const chaos = await raise();
  const { stand, crew } = chaos;
  await crew.hire(2);
  await stand.startSubscription(contentType);
  for (const { name, faults } of causes) {
    await untilItGoesOn(chaos);
    const ids = faults.map((fault) => stand.simulator.addFault(fault));
    await waitUntil(`${name}: blocked`, async () => (await stand.status(contentType)).state === 'blocked');
    chaos.heal(ids);
    await waitUntil('it probes', async () => (await stand.status(contentType)).state !== 'blocked');
  }
  await chaos.settle();
  await chaos.judge();
});

test('a subscription that Microsoft disabled is started again, and what is lost is written down', async ({
  raise,
}) => {
  const chaos = await raise({ simulator: { startCooldownMs: 0 } });
  const { stand, crew, siem } = chaos;
  await enableSubscription(stand);
  await crew.hire(2);
  await stand.startSubscription(contentType);
  await untilItGoesOn(chaos);
  stand.simulator.addFault({ operation: 'content', kind: 'disableSubscription', count: 1 });
  await waitUntil('the gap is written down', async () => (await stand.status(contentType)).lost === 1);
  await untilItGoesOn(chaos);
  await chaos.settle();
  expect(await stand.verify()).toMatchObject(exactly);
  expect(await siem.verify(stand.simulator)).toMatchObject(exactly);
  expect((await stand.status(contentType)).lost).toBe(1);
});

test('a tenant that the configuration does not know for a while is retried, and loses nothing', async ({
  raise,
}) => {
  const chaos = await raise();
  const { stand, crew } = chaos;
  await crew.hire(2);
  await stand.startSubscription(contentType);
  await untilItGoesOn(chaos);

  await crew.killAll();
  const config = await readFile(stand.configPath, 'utf8');
  await writeFile(
    stand.configPath,
    config.replaceAll(stand.tenantId, '01234567-89ab-cdef-0123-456789abcdef'),
  );
  await crew.hire(2);
  await waitUntil('an activity says that it does not know the tenant', async () =>
    JSON.stringify(await pendingActivities(stand)).includes('"type":"Input"'),
  );
  expect((await stand.status(contentType)).state).not.toBe('blocked');

  await crew.killAll();
  await writeFile(stand.configPath, config);
  await crew.hire(2);
  await chaos.settle();
  await chaos.judge();
});

/** Waits until more is delivered than now. */
async function untilItGoesOn({ stand }: Chaos): Promise<void> {
  const before = await stand.status(contentType).then(
    ({ delivered }) => delivered.blobs,
    () => 0,
  );
  await waitUntil(
    'it goes on',
    async () => (await stand.status(contentType)).delivered.blobs > before + 5,
    120_000,
  );
}
