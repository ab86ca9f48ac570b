import { describe, expect, it } from 'vitest';
import { takeDestinations } from '../../src/domain/attachment.ts';
import { readCheckpoint } from '../../src/domain/checkpoint-reader.ts';
import { beginAt, openMemory, type Checkpoint } from '../../src/domain/checkpoint.ts';
import { settleIds } from '../../src/domain/delivered-ids.ts';
import { hoursOf, startOfHour } from '../../src/domain/hour.ts';
import { bound, maxCheckpointSize } from '../../src/domain/progress.ts';
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

const hour = (number: number) => at(`${String(number).padStart(2, '0')}:00`).slice(0, 13);

describe('the size of a checkpoint', () => {
  const destinations = ['archive', 'siem', 'lake'];
  const hours = hoursOf({ startTime: at('00:00', 15), endTime: at('00:00') });

  /** After seven days of so many blobs an hour, delivered to three destinations, with 500 in quarantine. */
  function afterSevenDays(blobs: number): Checkpoint {
    const contentIds = Array.from(
      { length: blobs },
      (_, index) => `20261122${index}$${index}$audit_exchange`,
    );
    const memory = settleIds(ids(...contentIds));
    const counts = Object.fromEntries(hours.map((hour) => [hour, [blobs, 100 * blobs, 12, 0] as const]));
    const quarantine = contentIds.slice(0, 500).map((contentId) =>
      aQuarantinedBlob({
        contentId: `${contentId}$Audit_Exchange$emea0045$${'0'.repeat(40)}`,
        destinations,
        message: 'x'.repeat(100),
      }),
    );
    return {
      ...beginAt(at('00:00', 15), destinations),
      position: at('00:00'),
      delivered: Object.fromEntries(hours.map((hour) => [hour, memory])),
      coverage: Object.fromEntries(destinations.map((name) => [name, counts])),
      quarantine,
    };
  }

  it('stays below the bound with 1,000 blobs an hour: the oldest hours go, and the sweep horizon says so', () => {
    const full = afterSevenDays(1_000);
    const size = JSON.stringify(full).length;
    expect(size).toBeLessThan(1.2 * maxCheckpointSize);
    const checkpoint = bound(full);
    expect(JSON.stringify(checkpoint).length).toBeLessThanOrEqual(maxCheckpointSize);
    const kept = Object.keys(checkpoint.delivered);
    expect(kept).toEqual(hours.slice(-kept.length));
    expect(kept.length).toBeGreaterThan(5 * 24);
    expect(checkpoint.sweepHorizon).toBe(startOfHour(kept[0]!));
    expect({ ...checkpoint, delivered: full.delivered }).toEqual({
      ...full,
      sweepHorizon: startOfHour(kept[0]!),
    });
    expect(readCheckpoint(JSON.parse(JSON.stringify(checkpoint)))).toEqual(checkpoint);
  });

  it('holds seven days of 1,000 blobs an hour while nothing is set aside', () => {
    const full = { ...afterSevenDays(1_000), quarantine: [] };
    expect(bound(full)).toBe(full);
  });

  it('does not grow by what nobody is owed: a destination that joins costs a gap', () => {
    const checkpoint = aCheckpoint();
    const named = ['archive', 'siem'].map((name) => ({ name, lookbackMs: 0 }));
    const joined = takeDestinations(checkpoint, named, nowMs);
    expect(JSON.stringify(joined).length - JSON.stringify(checkpoint).length).toBeLessThan(300);
  });
});

describe('a checkpoint that is too large', () => {
  /** With the hours in no order, as a backfill leaves them. A comma less than `size` is reckoned with. */
  function aFullOne() {
    const blobs = ['10:05', '08:05', '09:05', '07:05', '11:05'].map((time) => aBlob(time));
    const full = blobs.reduce((checkpoint, blob) => delivered(checkpoint, [blob]), aCheckpoint());
    return { full, size: sizeOf(full), hourSize: `"${hour(7)}":"${full.delivered[hour(7)]}",`.length };
  }
  const sizeOf = (checkpoint: Checkpoint) => JSON.stringify(checkpoint).length;
  const hours = (checkpoint: Checkpoint) =>
    Object.keys(checkpoint.delivered)
      .map((one) => one.slice(11))
      .toSorted();

  it('is left alone while it is not', () => {
    const { full, size, hourSize } = aFullOne();
    expect(bound(full, size + 1)).toBe(full);
    expect(hours(bound(full, size + 1 - hourSize))).toEqual(['08', '09', '10', '11']);
  });

  it('forgets the oldest hours first, and says how far back it remembers', () => {
    const { full, size, hourSize } = aFullOne();
    const one = bound(full, size);
    expect(hours(one)).toEqual(['08', '09', '10', '11']);
    const two = bound(full, size - hourSize);
    expect(hours(two)).toEqual(['09', '10', '11']);
    expect(two.sweepHorizon).toBe(at('09:00'));
  });

  it('says nothing of the horizon for hours before the begin, which nobody sweeps', () => {
    const { full, size } = aFullOne();
    expect(bound(full, size)).not.toHaveProperty('sweepHorizon');
  });

  it('never moves the horizon back', () => {
    const { full, size, hourSize } = aFullOne();
    const bounded = bound({ ...full, sweepHorizon: at('10:00') }, size - hourSize - 1);
    expect(bounded.sweepHorizon).toBe(at('10:00'));
  });

  it('always remembers the hour of the position and what is beyond', () => {
    const { full } = aFullOne();
    const least = bound(full, 0);
    expect(hours(least)).toEqual(['10', '11']);
    expect(least.sweepHorizon).toBe(at('10:00'));
  });

  it('takes what it has forgotten for accounted for, but not what is from before its begin', () => {
    const { full } = aFullOne();
    const { missing, isDelivered } = openMemory(bound(full, 0));
    const asked = ['07:06', '08:00', '09:59', '10:00', '10:05'].map((time) => aBlob(time));
    expect(asked.map((blob) => missing(blob).length)).toEqual([1, 0, 0, 1, 0]);
    expect(isDelivered(aBlob('08:00'))).toBe(true);
  });

  it('forgets at last what destinations have in their gaps, oldest hours first', () => {
    const has = { [hour(8)]: ids('a'), [hour(9)]: ids('b'), [hour(10)]: ids('c') };
    const gaps = [
      aGap('08:00', undefined, { has }),
      aGap('09:00', undefined, { destination: 'siem', has: { [hour(9)]: ids('d') } }),
    ];
    const checkpoint = { ...aCheckpoint({ gaps }), delivered: { [hour(9)]: ids('e') } };
    const ofDelivered = bound(checkpoint, JSON.stringify(checkpoint).length - 1);
    expect([ofDelivered.delivered, ofDelivered.gaps]).toEqual([{}, gaps]);
    const ofGaps = bound(checkpoint, JSON.stringify({ ...ofDelivered, sweepHorizon: undefined }).length - 1);
    expect(ofGaps.gaps.map((gap) => Object.keys(gap.has))).toEqual([[hour(9), hour(10)], [hour(9)]]);
    expect(bound(checkpoint, 0).gaps.map((gap) => gap.has)).toEqual([{}, {}]);
  });
});
