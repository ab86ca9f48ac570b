import { ActivityCancellationDetails } from '@temporalio/common';
import { beforeEach, describe, expect, it } from 'vitest';
import { forwardContent } from '../../src/activities/forward-content.ts';
import type { ForwardingDetails } from '../../src/activities/forwarding-progress.ts';
import { hourOf } from '../../src/domain/hour.ts';
import { anEnvironment, contentType } from './activity-stand.ts';
import { setUpForwarding, sumOf, type ForwardStand } from './forward-stand.ts';

let stand: ForwardStand;

beforeEach(async () => {
  stand = await setUpForwarding();
  expect(stand.blobs).toHaveLength(10);
});

describe('forwardContent', () => {
  it('forwards every blob and says what the destination has, per hour', async () => {
    const { destinations, failed, lost } = await stand.forward();
    expect([destinations.length, failed, lost]).toEqual([1, [], []]);
    expect(destinations[0]).toMatchObject({ missing: [], repeats: 0 });
    expect(Object.keys(destinations[0]!.delivered)).toEqual(
      expect.arrayContaining(stand.blobs.map(({ contentCreated }) => hourOf(contentCreated))),
    );
    const lines = await stand.lines();
    const bytes = lines.reduce((sum, line) => sum + line.length, 0);
    expect(sumOf(destinations[0]!)).toEqual([10, 30, bytes]);
    expect(lines).toHaveLength(30);
  });

  it('has nothing to do without blobs', async () => {
    const { destinations } = await stand.forward({ blobs: [] });
    expect(destinations).toEqual([{ missing: [], delivered: {}, repeats: 0 }]);
  });

  it('counts what the destination had already', async () => {
    await stand.forward();
    const { destinations } = await stand.forward();
    expect(destinations[0]).toMatchObject({ missing: [], repeats: 10 });
    expect(sumOf(destinations[0]!)).toEqual([10, 30, 0]);
  });

  it('returns a blob that failed beside what it delivered', async () => {
    stand.simulator.addFault({ operation: 'blob', kind: 'AF50000', contentId: stand.blobs[4]!.contentId });
    const { destinations, failed, lost } = await stand.forward();
    expect(failed).toEqual([
      { index: 4, failureType: 'ManagementApi.unavailable', message: expect.stringContaining('AF50000') },
    ]);
    expect(lost).toEqual([]);
    expect(destinations[0]).toMatchObject({ missing: [4] });
    expect(sumOf(destinations[0]!).slice(0, 2)).toEqual([9, 27]);
    expect(await stand.lines()).toHaveLength(27);
  });

  it.each(['truncated', 'reset', 'html200'] as const)(
    'acknowledges nothing of a body that is %s',
    async (kind) => {
      stand.simulator.addFault({ operation: 'blob', kind, contentId: stand.blobs[2]!.contentId });
      const { failed } = await stand.forward();
      expect(failed.map(({ index }) => index)).toEqual([2]);
      expect(await stand.lines()).toHaveLength(27);
    },
  );

  it('names a blob that is past its retention as lost, which is missing for good', async () => {
    stand.simulator.addFault({ operation: 'blob', kind: 'AF20051', contentId: stand.blobs[0]!.contentId });
    const { destinations, failed, lost } = await stand.forward();
    expect(lost).toEqual([{ index: 0, reason: expect.stringContaining('AF20051') }]);
    expect(failed).toEqual([]);
    expect(destinations[0]?.missing).toEqual([0]);
  });

  it('refuses a tenant that is not configured, naming the ones that are', async () => {
    const { tenantId } = stand.tenant.config;
    const input = {
      tenantId: '00000000-0000-0000-0000-000000000000',
      contentType,
      blobs: [],
      destinations: [],
    };
    const activity = forwardContent(stand.dependencies);
    const attempt = anEnvironment().run(activity, { ...input, priority: 'live' as const });
    await expect(attempt).rejects.toThrow(tenantId);
  });
});

describe('a batch that has nothing to show', () => {
  it.each([1, 2])('throws the failure of its blobs in attempt %i, in plain sight', async (attempt) => {
    stand.simulator.addFault({ operation: 'blob', kind: 'AF50000' });
    await expect(stand.forward({ info: { attempt } })).rejects.toMatchObject({ kind: 'unavailable' });
  });

  it('returns its blobs as failed from the third attempt on, so that they go out of the way', async () => {
    stand.simulator.addFault({ operation: 'blob', kind: 'AF50000' });
    const { destinations, failed } = await stand.forward({ info: { attempt: 3 } });
    expect(failed.map(({ index }) => index).toSorted((a, b) => a - b)).toEqual([...stand.blobs.keys()]);
    expect(destinations[0]?.missing).toHaveLength(10);
  });

  it('throws in any attempt while the service answers nothing: an outage puts nothing aside', async () => {
    stand.simulator.addFault({ operation: 'any', kind: 'text503' });
    await expect(stand.forward({ info: { attempt: 7 } })).rejects.toMatchObject({
      kind: 'unavailable',
      message: expect.stringContaining('retrieveContent'),
    });
  });

  it('throws in any attempt what concerns the whole tenant, and asks for no more blobs', async () => {
    stand.simulator.addFault({ operation: 'blob', kind: 'AF429' });
    await expect(stand.forward({ info: { attempt: 7 } })).rejects.toMatchObject({ kind: 'throttled' });
    const refused = stand.simulator.report().requests.blob?.['403 AF429'] ?? 0;
    expect(refused).toBeLessThan(stand.blobs.length);
  });
});

describe('a batch that is throttled half way', () => {
  it('leaves what it did not get to missing, not failed', async () => {
    const throttledAt = stand.blobs[9]!.contentId;
    stand.simulator.addFault({ operation: 'blob', kind: 'AF429', contentId: throttledAt });
    const { destinations, failed, lost } = await stand.forward();
    expect([failed, lost]).toEqual([[], []]);
    expect(destinations[0]).toMatchObject({ missing: [9] });
    expect(destinations[0]?.failure).toBeUndefined();
  });
});

describe('a later attempt', () => {
  it('sends a destination nothing that it acknowledged before, and counts it all the same', async () => {
    const hour = hourOf(stand.blobs[0]!.contentCreated);
    const heartbeatDetails: ForwardingDetails = {
      destinations: [{ acknowledged: [0, 1], delivered: { [hour]: [2, 6, 600] }, repeats: 1 }],
    };
    const { destinations } = await stand.forward({ info: { attempt: 2, heartbeatDetails } });
    expect(await stand.lines()).toHaveLength(24);
    expect(destinations[0]).toMatchObject({ missing: [], repeats: 1 });
    expect(sumOf(destinations[0]!).slice(0, 2)).toEqual([10, 30]);
    expect(stand.simulator.report().requests.blob).toEqual({ 200: 8 });
  });

  it('gets all that was acknowledged from the heartbeats', async () => {
    const heartbeats: ForwardingDetails[] = [];
    const first = await stand.forward({ onHeartbeat: (details) => heartbeats.push(details) });
    const second = await stand.forward({ info: { attempt: 2, heartbeatDetails: heartbeats.at(-1) } });
    expect(second).toEqual(first);
    expect(stand.simulator.report().requests.blob).toEqual({ 200: 10 });
  });
});

describe('a cancelled attempt', () => {
  it('ends promptly with the reason when it has nothing to show', async () => {
    stand.simulator.addFault({ operation: 'blob', kind: 'slow', delayMs: 60_000 });
    const environment = anEnvironment();
    const { tenantId } = stand.tenant.config;
    const destinations = ['files'];
    const running = environment.run(
      forwardContent({ ...stand.dependencies, destination: (key) => stand.destinations.get(key) }),
      { tenantId, contentType, blobs: stand.blobs, destinations, priority: 'live' as const },
    );
    setImmediate(() => environment.cancel('CANCELLED'));
    await expect(running).rejects.toMatchObject({ name: 'CancelledFailure' });
  });

  it.each([
    ['returns what was acknowledged', { cancelRequested: true }],
    ['throws when an operator pauses it, whatever it has to show', { paused: true }],
  ])('%s', async (_, holder) => {
    const slow = stand.blobs[9]!.contentId;
    stand.simulator.addFault({ operation: 'blob', kind: 'slow', delayMs: 60_000, contentId: slow });
    const result = stand.forward({
      onHeartbeat: ({ destinations }, cancel) => {
        if (destinations[0]?.acknowledged.length === 9) cancel(new ActivityCancellationDetails(holder));
      },
    });
    if ('paused' in holder) {
      await expect(result).rejects.toMatchObject({ name: 'CancelledFailure' });
    } else {
      expect(await result).toMatchObject({ destinations: [{ missing: [9] }], failed: [], lost: [] });
    }
  });
});
