import { describe, expect, it } from 'vitest';
import { settleIds } from '../../src/domain/delivered-ids.ts';
import { advance, finishWindow, forget, lostBefore, takeSweepAges } from '../../src/domain/progress.ts';
import { isoTime, retentionMs } from '../../src/domain/time-window.ts';
import {
  aBlob,
  aCheckpoint,
  aGap,
  aQuarantinedBlob,
  at,
  delivered,
  msAt,
  nowMs,
} from './checkpoint-builders.ts';

const hourMs = 3_600_000;
const hour = (number: number, day = 22) => at(`${String(number).padStart(2, '0')}:00`, day).slice(0, 13);
const window = (startTime: string, endTime: string) => ({ startTime: at(startTime), endTime: at(endTime) });

describe('the position', () => {
  it('moves to the end of a window, in one spelling', () => {
    expect(advance(aCheckpoint(), '2026-11-22T13:00:00+02:00').position).toBe(at('11:00'));
    expect(advance(aCheckpoint(), at('10:00')).position).toBe(at('10:00'));
  });

  it('never moves back', () => {
    expect(() => advance(aCheckpoint(), '2026-11-22T09:59:59.999Z')).toThrow(
      new RangeError(`the position ${at('10:00')} cannot move back to 2026-11-22T09:59:59.999Z`),
    );
  });

  it('leaves behind hours whose memory is packed, once', () => {
    const checkpoint = delivered(aCheckpoint(), [aBlob('09:05'), aBlob('10:05'), aBlob('11:05')]);
    const { [hour(9)]: nine, [hour(10)]: ten, [hour(11)]: eleven } = checkpoint.delivered;
    expect(advance(checkpoint, at('10:59')).delivered).toBe(checkpoint.delivered);
    expect(advance(checkpoint, at('11:00')).delivered).toEqual({
      [hour(9)]: settleIds(nine!),
      [hour(10)]: settleIds(ten!),
      [hour(11)]: eleven,
    });
  });
});

describe('a finished window', () => {
  const both = { destinations: ['archive', 'siem'] };

  it('moves the gaps of those who took part', () => {
    const gaps = [aGap('08:00', '12:00'), aGap('08:00', '12:00', { destination: 'siem' })];
    const finished = finishWindow(aCheckpoint({ ...both, gaps }), window('08:00', '09:00'), {
      nowMs,
      destinations: ['siem'],
    });
    expect(finished.gaps).toEqual([gaps[0], aGap('09:00', '12:00', { destination: 'siem' })]);
  });

  const finish = (sweeps: Record<string, string>, start: string, end: string, checkpoint = aCheckpoint()) =>
    finishWindow({ ...checkpoint, sweeps }, window(start, end), { nowMs, destinations: [] }).sweeps;

  it('moves the sweeps that go on in it to its end', () => {
    const sweeps = { [hourMs]: at('09:30'), [2 * hourMs]: at('09:00') };
    expect(finish(sweeps, '09:00', '10:00')).toEqual({ [hourMs]: at('10:00'), [2 * hourMs]: at('10:00') });
  });

  it('moves a sweep no further than its age', () => {
    expect(finish({ [3 * hourMs]: at('08:30') }, '08:30', '10:00')).toEqual({ [3 * hourMs]: at('09:00') });
    expect(finish({ [3 * hourMs]: at('09:00') }, '08:30', '10:00')).toEqual({ [3 * hourMs]: at('09:00') });
  });

  it('leaves a sweep alone that has not come to it, or is past it', () => {
    expect(finish({ [hourMs]: at('08:59') }, '09:00', '10:00')).toEqual({ [hourMs]: at('08:59') });
    expect(finish({ [hourMs]: at('10:30') }, '09:00', '10:00')).toEqual({ [hourMs]: at('10:30') });
  });

  it('takes a sweep along that would begin before what is listed, remembered or asked for', () => {
    const old = { [hourMs]: at('00:00', 1) };
    expect(finish(old, '08:00', '09:00')).toEqual({ [hourMs]: at('09:00') });
    const horizon = aCheckpoint({ sweepHorizon: at('09:30') });
    expect(finish(old, '09:30', '10:00', horizon)).toEqual({ [hourMs]: at('10:00') });
    expect(finish(old, '10:00', '10:30', horizon)).toEqual({ [hourMs]: at('09:30') });
    const begin = aCheckpoint({ begin: at('00:00', 1) });
    expect(finish(old, '08:00', '09:00', begin)).toEqual({ [hourMs]: at('12:35', 15) });
  });
});

describe('what a listing could not reach back to', () => {
  const gaps = [
    aGap('08:00', '08:30'),
    aGap('08:30', '11:00'),
    aGap('08:40', undefined, { destination: 'siem' }),
    aGap('08:00', '11:00', { isWanted: false }),
    aGap('09:00', '11:00', { destination: 'lake' }),
    aGap('07:00', '11:00', { destination: 'lake' }),
  ];
  const taking = { nowMs, destinations: ['archive', 'siem', 'lake'] };

  it('is lost to those who were owed it', () => {
    const reason = 'owed to the destination until it was older than what the service lists (7 days)';
    expect(lostBefore(aCheckpoint({ gaps }), at('08:00'), at('09:00'), taking)).toEqual([
      { ...window('08:00', '08:30'), destinations: ['archive'], reason, time: at('12:00') },
      { ...window('08:30', '09:00'), destinations: ['archive'], reason, time: at('12:00') },
      { ...window('08:40', '09:00'), destinations: ['siem'], reason, time: at('12:00') },
    ]);
  });

  it('is left to the work of those who did not take part', () => {
    const lost = lostBefore(aCheckpoint({ gaps }), at('08:00'), at('09:00'), {
      nowMs,
      destinations: ['siem'],
    });
    expect(lost.map(({ destinations }) => destinations)).toEqual([['siem']]);
  });

  it('is nothing where it reached back to the start', () => {
    expect(lostBefore(aCheckpoint({ gaps }), at('08:00'), at('08:00'), taking)).toEqual([]);
    expect(lostBefore(aCheckpoint({ gaps }), at('09:00'), at('08:00'), taking)).toEqual([]);
  });
});

describe('the ages of sweeps', () => {
  it('begin with the subscription, or with what is remembered', () => {
    expect(takeSweepAges(aCheckpoint(), [1000, 2000]).sweeps).toEqual({
      1000: at('08:00'),
      2000: at('08:00'),
    });
    const bounded = aCheckpoint({ sweepHorizon: at('09:00') });
    expect(takeSweepAges(bounded, [1000]).sweeps).toEqual({ 1000: at('09:00') });
  });

  it('go on where they are, come and go', () => {
    const checkpoint = takeSweepAges(
      aCheckpoint({ sweeps: { 1000: at('09:00'), 3000: at('09:30') } }),
      [1000, 2000],
    );
    expect(checkpoint.sweeps).toEqual({ 1000: at('09:00'), 2000: at('08:00') });
    expect(takeSweepAges(checkpoint, [2000, 1000])).toBe(checkpoint);
    expect(takeSweepAges(checkpoint, [1000]).sweeps).toEqual({ 1000: at('09:00') });
    expect(takeSweepAges(checkpoint, []).sweeps).toEqual({});
  });
});

describe('forgetting', () => {
  const laterMs = msAt('10:00') + retentionMs;

  it('drops the memory of hours that are not listed any more', () => {
    const checkpoint = delivered(aCheckpoint(), [aBlob('09:05'), aBlob('10:05')]);
    expect(Object.keys(forget(checkpoint, laterMs).delivered)).toEqual([hour(10)]);
    expect(Object.keys(forget(checkpoint, laterMs - 1).delivered)).toEqual([hour(9), hour(10)]);
  });

  it('writes down what a destination was owed of it', () => {
    const gaps = [
      aGap('08:00', '09:00'),
      aGap('09:30', '10:30', { destination: 'siem' }),
      aGap('09:00', undefined, { destination: 'lake' }),
      aGap('09:00', '09:30', { isWanted: false }),
      aGap('10:00', '10:30'),
    ];
    const forgotten = forget(aCheckpoint({ gaps }), laterMs);
    const reason = 'owed to the destination until it was older than what the service lists (7 days)';
    const time = isoTime(laterMs);
    expect(forgotten.losses).toEqual([
      { ...window('08:00', '09:00'), destinations: ['archive'], reason, time },
      { ...window('09:30', '10:00'), destinations: ['siem'], reason, time },
      { ...window('09:00', '10:00'), destinations: ['lake'], reason, time },
    ]);
    expect(forgotten.totals.lost).toBe(3);
    expect(forgotten.gaps).toEqual([
      aGap('10:00', '10:30', { destination: 'siem' }),
      aGap('10:00', undefined, { destination: 'lake' }),
      aGap('10:00', '10:30'),
    ]);
  });

  it('waits for windows under way, which ask for what is remembered', () => {
    const checkpoint = delivered(aCheckpoint({ gaps: [aGap('08:00', '11:00')] }), [
      aBlob('08:05'),
      aBlob('09:05'),
    ]);
    const forgotten = forget(checkpoint, laterMs, [window('09:30', '12:00'), window('09:00', '10:00')]);
    expect(Object.keys(forgotten.delivered)).toEqual([hour(9)]);
    expect(forgotten.losses).toMatchObject([window('08:00', '09:00')]);
    expect(forget(checkpoint, laterMs, [window('11:00', '12:00')])).toEqual(forget(checkpoint, laterMs));
  });

  it('keeps the sweep horizon while it lies in what is listed', () => {
    expect(forget(aCheckpoint({ sweepHorizon: at('10:00') }), laterMs)).not.toHaveProperty('sweepHorizon');
    expect(forget(aCheckpoint({ sweepHorizon: at('10:01') }), laterMs).sweepHorizon).toBe(at('10:01'));
  });

  it('drops the counts of hours that stand in the ledger and cannot change', () => {
    const counts = Object.fromEntries([6, 7, 8, 9, 10].map((one) => [hour(one), [1, 1, 0, 0] as const]));
    const checkpoint = aCheckpoint({
      coverage: { archive: counts },
      recordedUntil: hour(9),
      amendedHours: [hour(7)],
      quarantine: [aQuarantinedBlob({ contentCreated: at('08:05') })],
    });
    expect(Object.keys(forget(checkpoint, laterMs).coverage.archive!)).toEqual([
      hour(7),
      hour(8),
      hour(9),
      hour(10),
    ]);
    const recorded = { ...checkpoint, recordedUntil: hour(12) };
    expect(Object.keys(forget(recorded, laterMs).coverage.archive!)).toEqual([hour(7), hour(8), hour(10)]);
    expect(forget(recorded, laterMs).recordedUntil).toBe(hour(12));
  });

  it('forgets nothing of what is still listed', () => {
    const checkpoint = delivered(aCheckpoint({ gaps: [aGap('08:00', undefined)] }), [aBlob('09:05')]);
    expect(forget(checkpoint, nowMs)).toEqual(checkpoint);
  });
});
