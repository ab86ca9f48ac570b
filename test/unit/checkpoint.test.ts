import { describe, expect, it } from 'vitest';
import { takeDestinations } from '../../src/domain/attachment.ts';
import { readCheckpoint } from '../../src/domain/checkpoint-reader.ts';
import {
  attachedDestinations,
  beginAt,
  isForgotten,
  openMemory,
  type Checkpoint,
} from '../../src/domain/checkpoint.ts';
import { takeDeliveries } from '../../src/domain/deliveries.ts';
import { advance, bound, maxCheckpointSize, takeSweepAges } from '../../src/domain/progress.ts';
import { isoTime, parseTime } from '../../src/domain/time-window.ts';
import {
  aBlob,
  aCheckpoint,
  aGap,
  aQuarantinedBlob,
  at,
  delivered,
  ids,
  nowMs,
} from './checkpoint-builders.ts';

const hourMs = 3_600_000;

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
  const checkpoint = delivered(aCheckpoint({ destinations: ['archive', 'siem'] }), [
    aBlob('09:05'),
    aBlob('09:30'),
  ]);

  it('speaks for all destinations without a gap', () => {
    const { isDelivered, missing } = openMemory(checkpoint);
    expect([isDelivered(aBlob('09:05')), isDelivered(aBlob('09:06'))]).toEqual([true, false]);
    expect([missing(aBlob('09:05')), missing(aBlob('09:06'))]).toEqual([[], ['archive', 'siem']]);
  });

  it('speaks of a blob in the hour it was created in', () => {
    expect(openMemory(checkpoint).missing(aBlob('10:05', 'id$09:05'))).toEqual(['archive', 'siem']);
  });

  it('does not speak for a destination that has a gap there: its gap does', () => {
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

describe('the size of a checkpoint', () => {
  const start = parseTime(at('00:00', 15));
  const destinations = ['archive', 'siem', 'lake'];
  const setAside = Array.from({ length: 500 }, (_, index) =>
    aQuarantinedBlob({
      contentId: `20261122${String(index).padStart(9, '0')}$20261122090500000000000$audit_exchange$Audit_Exchange`,
      destinations,
      message: 'x'.repeat(160),
    }),
  );
  const begun = takeSweepAges({ ...beginAt(isoTime(start), destinations), quarantine: setAside }, [
    hourMs,
    6 * hourMs,
    24 * hourMs,
    144 * hourMs,
  ]);

  /** So many blobs an hour, for so many hours, delivered to all, and the position behind them. */
  function afterHours(hours: number, blobs: number): Checkpoint {
    let checkpoint = begun;
    for (let hour = 0; hour < hours; hour++) {
      const contentCreated = isoTime(start + hour * hourMs);
      const deliveries = Array.from({ length: blobs }, (_, index) => ({
        blob: { contentId: `${hour}$${index}`, contentCreated },
        has: destinations,
      }));
      const records = { [contentCreated.slice(0, 13)]: 12_345 };
      const counts = destinations.map((destination) => ({
        destination,
        records,
        bytes: 9_999_999,
        repeats: 0,
      }));
      checkpoint = takeDeliveries(checkpoint, deliveries, { counts, nowMs: start, isLate: false });
      checkpoint = bound(advance(checkpoint, isoTime(start + (hour + 1) * hourMs)));
    }
    return checkpoint;
  }

  it('stays below the bound for seven days of 1,000 blobs an hour, with 500 in quarantine: the oldest hours go', () => {
    const checkpoint = afterHours(7 * 24, 1_000);
    const size = JSON.stringify(checkpoint).length;
    expect(size).toBeLessThanOrEqual(maxCheckpointSize);
    expect(size).toBeGreaterThan(0.99 * maxCheckpointSize);
    const hours = Object.keys(checkpoint.delivered).toSorted();
    expect(checkpoint.sweepHorizon).toBe(`${hours[0]}:00:00.000Z`);
    expect(hours.at(-1)).toBe('2026-11-21T23');
    expect(checkpoint.quarantine).toHaveLength(500);
    expect(readCheckpoint(JSON.parse(JSON.stringify(checkpoint)))).toEqual(checkpoint);
  });

  it('holds all of seven days with 500 blobs an hour', () => {
    const checkpoint = afterHours(7 * 24, 500);
    expect(JSON.stringify(checkpoint).length).toBeLessThan(maxCheckpointSize);
    expect(checkpoint).not.toHaveProperty('sweepHorizon');
    expect(Object.keys(checkpoint.delivered)).toHaveLength(168);
  });

  it('does not grow by what nobody is owed: a destination that joins costs a gap', () => {
    const checkpoint = aCheckpoint();
    const named = ['archive', 'siem'].map((name) => ({ name, lookbackMs: 0 }));
    const joined = takeDestinations(checkpoint, named, nowMs);
    expect(JSON.stringify(joined).length - JSON.stringify(checkpoint).length).toBeLessThan(300);
  });
});
