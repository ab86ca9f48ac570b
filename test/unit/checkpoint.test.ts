import { describe, expect, it } from 'vitest';
import { readCheckpoint } from '../../src/domain/checkpoint-reader.ts';
import { attachedDestinations, beginAt, isForgotten, openMemory } from '../../src/domain/checkpoint.ts';
import { aBlob, aCheckpoint, aGap, at, delivered, ids } from './checkpoint-builders.ts';

describe('a checkpoint that begins', () => {
  it('has delivered nothing, and is owed nothing from before', () => {
    const checkpoint = beginAt('2026-11-22T10:00:00+02:00', ['archive', 'siem']);
    const before = { startTime: at('08:00', 15), endTime: at('08:00'), isWanted: false, has: {} };
    expect(checkpoint).toMatchObject({
      version: 1,
      begin: at('08:00'),
      position: at('08:00'),
      recordedUntil: '2026-11-22T08',
    });
    expect(checkpoint.gaps).toEqual([
      { destination: 'archive', ...before },
      { destination: 'siem', ...before },
    ]);
    expect(checkpoint.totals).toEqual({ blobs: 0, records: 0, bytes: 0, repeats: 0, lost: 0, late: 0 });
    const { missing } = openMemory(checkpoint);
    expect([missing(aBlob('07:59')), missing(aBlob('08:00'))]).toEqual([[], ['archive', 'siem']]);
    expect(readCheckpoint(JSON.parse(JSON.stringify(checkpoint)))).toEqual(checkpoint);
  });

  it('needs a time', () => {
    expect(() => beginAt('now', [])).toThrow(RangeError);
  });
});

describe('the destinations of a checkpoint', () => {
  it('are attached unless they are away', () => {
    const detached = { siem: { since: at('09:00'), position: at('09:00'), failureType: 'x', message: 'y' } };
    expect(attachedDestinations(aCheckpoint({ destinations: ['archive', 'siem'], detached }))).toEqual([
      'archive',
    ]);
  });
});

describe('the memory of a checkpoint', () => {
  const withTwo = () =>
    delivered(aCheckpoint({ destinations: ['archive', 'siem'] }), [aBlob('09:05'), aBlob('09:30')]);

  it('speaks for all destinations without a gap', () => {
    const checkpoint = withTwo();
    const { isDelivered, missing } = openMemory(checkpoint);
    expect([isDelivered(aBlob('09:05')), isDelivered(aBlob('09:06'))]).toEqual([true, false]);
    expect([missing(aBlob('09:05')), missing(aBlob('09:06'))]).toEqual([[], ['archive', 'siem']]);
  });

  it('speaks of a blob in the hour it was created in', () => {
    const checkpoint = withTwo();
    expect(openMemory(checkpoint).missing(aBlob('10:05', 'id$09:05'))).toEqual(['archive', 'siem']);
  });

  it('does not speak for a destination that has a gap there: its gap does', () => {
    const checkpoint = withTwo();
    const has = { '2026-11-22T09': ids('id$09:30') };
    const { missing, isDelivered } = openMemory({ ...checkpoint, gaps: [aGap('09:00', '10:00', { has })] });
    expect([missing(aBlob('09:05')), missing(aBlob('09:30')), missing(aBlob('09:31'))]).toEqual([
      ['archive'],
      [],
      ['archive', 'siem'],
    ]);
    expect(isDelivered(aBlob('09:05'))).toBe(true);
  });

  it('wants nothing for one who never asked', () => {
    const checkpoint = withTwo();
    const { missing } = openMemory({ ...checkpoint, gaps: [aGap('09:00', '10:00', { isWanted: false })] });
    expect([missing(aBlob('09:05')), missing(aBlob('09:31'))]).toEqual([[], ['siem']]);
  });

  it('takes what lies between the begin and the sweep horizon for accounted for', () => {
    const bounded = aCheckpoint({ sweepHorizon: at('09:00') });
    const times = ['07:59', '08:00', '08:59', '09:00'];
    expect(times.map((time) => isForgotten(bounded, at(time)))).toEqual([false, true, true, false]);
    expect(times.map((time) => isForgotten(aCheckpoint(), at(time)))).toEqual([false, false, false, false]);
    expect(times.map((time) => openMemory(bounded).isDelivered(aBlob(time)))).toEqual([
      false,
      true,
      true,
      false,
    ]);
  });
});
