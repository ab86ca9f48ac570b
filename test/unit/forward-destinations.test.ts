import { setTimeout } from 'node:timers/promises';
import { beforeEach, describe, expect, it } from 'vitest';
import type { Destination } from '../../src/destinations/destination.ts';
import { startFakeHttpDestination, type FakeHttpDestination } from '../fakes/http-destination.ts';
import { atEnd } from './activity-stand.ts';
import { setUpForwarding, type ForwardStand } from './forward-stand.ts';

let stand: ForwardStand;
let siem: FakeHttpDestination;

const both = ['files', 'siem'];

/** Short, so that a destination that does nothing is cut off soon. */
const impatience = { stallMs: 150, finishMs: 300 };

beforeEach(async () => {
  stand = await setUpForwarding();
  siem = await startFakeHttpDestination('siem');
  atEnd(() => siem.close());
  stand.destinations.set('siem', siem.destination);
});

describe('several destinations', () => {
  it('get every blob, and each is fetched once', async () => {
    const { destinations, failed } = await stand.forward({ destinations: both });
    expect(failed).toEqual([]);
    expect(destinations.map(({ missing }) => missing)).toEqual([[], []]);
    expect(destinations[1]).toEqual(destinations[0]);
    const lines = (await stand.lines()).map(String).toSorted();
    expect([...siem.received.values()].flat().toSorted()).toEqual(lines);
    expect(stand.simulator.report().requests.blob).toEqual({ 200: 10 });
  });

  it('are told apart when one fails as a whole: the other has everything', async () => {
    siem.answer = 503;
    const { destinations, failed } = await stand.forward({ destinations: both });
    expect(failed).toEqual([]);
    expect(destinations[0]).toMatchObject({ missing: [] });
    expect(destinations[0]?.failure).toBeUndefined();
    expect(destinations[1]).toEqual({
      missing: [...stand.blobs.keys()],
      delivered: {},
      repeats: 0,
      failure: { failureType: 'Destination.unavailable', message: 'siem: HTTP 503' },
    });
    expect(await stand.lines()).toHaveLength(30);
  });

  it('are told apart when this worker does not know one of them', async () => {
    const { destinations } = await stand.forward({ destinations: ['files', 'archive'] });
    expect(destinations[0]?.missing).toEqual([]);
    expect(destinations[1]).toMatchObject({
      missing: [...stand.blobs.keys()],
      failure: { failureType: 'Destination.unavailable', message: expect.stringContaining('archive') },
    });
  });

  it('are told apart when one refuses a blob', async () => {
    siem.refused.add(stand.blobs[3]!.contentId);
    const { destinations, failed } = await stand.forward({ destinations: both });
    expect(failed).toEqual([
      { index: 3, failureType: 'Destination.rejected', message: expect.stringContaining('400') },
    ]);
    expect(destinations.map(({ missing }) => missing)).toEqual([[], [3]]);
  });

  it('throw when all fail, and first the failure that needs a person', async () => {
    siem.answer = 503;
    const other = await startFakeHttpDestination('other');
    atEnd(() => other.close());
    other.answer = 401;
    stand.destinations.set('other', other.destination);
    await expect(stand.forward({ destinations: ['siem', 'other'] })).rejects.toMatchObject({
      kind: 'unauthorized',
    });
  });

  it('throw when this worker knows none of them', async () => {
    await expect(stand.forward({ destinations: ['archive'] })).rejects.toMatchObject({ kind: 'unavailable' });
  });

  it('never put blobs aside because all destinations fail', async () => {
    siem.answer = 503;
    const attempt = stand.forward({ destinations: ['siem'], info: { attempt: 9 } });
    await expect(attempt).rejects.toMatchObject({ kind: 'unavailable' });
  });

  it('get in a later attempt what each of them lacks', async () => {
    const acknowledged = [0, 1, 2];
    const heartbeatDetails = {
      destinations: [
        { acknowledged, delivered: {}, repeats: 0 },
        { acknowledged: [2], delivered: {}, repeats: 0 },
      ],
    };
    await stand.forward({ destinations: both, info: { attempt: 2, heartbeatDetails } });
    expect(await stand.lines()).toHaveLength(21);
    expect(siem.received.size).toBe(9);
    expect(stand.simulator.report().requests.blob).toEqual({ 200: 9 });
  });
});

describe('a destination that takes nothing', () => {
  it('is cut off while others wait, which then get everything', async () => {
    siem.answer = 'never';
    const { destinations } = await stand.forward({ destinations: both, patience: impatience });
    expect(destinations[0]).toMatchObject({ missing: [] });
    expect(await stand.lines()).toHaveLength(30);
    expect(destinations[1]).toMatchObject({
      missing: [...stand.blobs.keys()],
      failure: {
        failureType: 'Destination.unavailable',
        message: 'destination siem took nothing for 0.15 s while others waited',
      },
    });
  });

  it('has failed as a whole when it is cut off, and none of its blobs by itself', async () => {
    stand.destinations.set('siem', failingWhenCutOff);
    const { destinations, failed } = await stand.forward({ destinations: both, patience: impatience });
    expect(failed).toEqual([]);
    expect(destinations[1]?.failure?.message).toContain('took nothing');
  });

  it('is cut off, too, when it took everything and the others have finished', async () => {
    siem.answer = 'never';
    siem.readsAhead = true;
    const { destinations } = await stand.forward({ destinations: both, patience: impatience });
    expect(destinations[0]?.missing).toEqual([]);
    expect(destinations[1]?.failure?.message).toBe(
      'destination siem acknowledged nothing for 0.3 s after others had finished',
    );
  });

  it('is left in peace when it is the only one', async () => {
    siem.answer = 'never';
    const blobs = stand.blobs.slice(0, 1);
    const running = stand.forward({ destinations: ['siem'], blobs, patience: { stallMs: 15, finishMs: 15 } });
    await expect.poll(() => siem.requests).toBe(1);
    // Many times its patience.
    await setTimeout(200);
    siem.release();
    expect((await running).destinations[0]?.missing).toEqual([]);
  });

  it('is not blamed for a slow source', async () => {
    stand.simulator.addFault({ operation: 'blob', kind: 'slow', delayMs: 700, count: 12 });
    const { destinations } = await stand.forward({ destinations: both, patience: impatience });
    expect(destinations.map(({ missing, failure }) => [missing, failure])).toEqual([
      [[], undefined],
      [[], undefined],
    ]);
  });
});

/** Reports what it holds as failed before it ends. */
const failingWhenCutOff: Destination = {
  name: 'siem',
  async *deliver(blobs, signal) {
    for await (const { contentId } of blobs) {
      await new Promise((resolve) => signal.addEventListener('abort', resolve));
      yield { contentId, status: 'failed', error: new Error('given up') };
      throw signal.reason;
    }
  },
  check: async () => undefined,
  close: async () => undefined,
};
