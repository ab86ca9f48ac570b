import { describe, expect, it } from 'vitest';
import { addIds } from '../../src/domain/delivered-ids.ts';
import {
  knownIn,
  nextOwed,
  nextOwedTo,
  nextSweepMs,
  sweepFloorMs,
  sweepStepMs,
} from '../../src/domain/owed-work.ts';
import { addBackfill, backfillId, pauseBackfill } from '../../src/domain/backfill.ts';
import { oldestListedMs } from '../../src/domain/time-window.ts';
import { aBlob, aCheckpoint, aGap, at, delivered, ids, msAt, nowMs } from './checkpoint-builders.ts';

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;
const window = (startTime: string, endTime: string) => ({ startTime: at(startTime), endTime: at(endTime) });
const away = { since: at('09:00'), position: at('09:00'), failureType: 'x', message: 'y' };

describe('what is owed next', () => {
  it('is nothing while all is accounted for', () => {
    expect(nextOwed(aCheckpoint(), nowMs)).toBeUndefined();
  });

  it('is a gap that is wanted, of a destination that is not away', () => {
    const gaps = [
      aGap('07:00', '08:00', { isWanted: false }),
      aGap('07:00', '08:00', { destination: 'siem' }),
      aGap('08:30', '09:30'),
    ];
    const checkpoint = aCheckpoint({ destinations: ['archive', 'siem'], gaps, detached: { siem: away } });
    expect(nextOwed(checkpoint, nowMs)).toEqual({
      kind: 'gap',
      destination: 'archive',
      window: window('08:30', '09:30'),
    });
  });

  it('leaves the gap of a backfill to the backfill', () => {
    expect(
      nextOwed(aCheckpoint({ gaps: [aGap('08:00', '09:00', { backfill: 'b1' })] }), nowMs),
    ).toBeUndefined();
  });

  it('is a backfill that is not paused', () => {
    const request = window('08:00', '09:00');
    const checkpoint = addBackfill(aCheckpoint(), request, request);
    const id = backfillId(request);
    expect(nextOwed(checkpoint, nowMs)).toEqual({ kind: 'backfill', id, window: request });
    expect(nextOwed(pauseBackfill(checkpoint, id, true), nowMs)).toBeUndefined();
  });

  it('is what starts earliest, as that expires first', () => {
    const request = window('08:30', '09:00');
    const gaps = [aGap('08:10', '09:00'), aGap('08:20', '09:00')];
    const checkpoint = { ...addBackfill(aCheckpoint(), request, request), gaps };
    expect(nextOwed(checkpoint, nowMs)).toMatchObject({ kind: 'gap', window: window('08:10', '09:00') });
    expect(nextOwed(checkpoint, nowMs, { isBackfillOnly: true })).toMatchObject({ kind: 'backfill' });
    expect(nextOwed({ ...checkpoint, sweeps: { [hourMs]: at('08:00') } }, nowMs)?.kind).toBe('sweep');
  });

  it('is at most 22 hours', () => {
    const gaps = [aGap('09:00', undefined, { startTime: at('09:00', 18), endTime: at('12:00', 20) })];
    expect(nextOwed(aCheckpoint({ gaps }), nowMs)?.window).toEqual({
      startTime: at('09:00', 18),
      endTime: at('07:00', 19),
    });
  });

  it('ends where its memory would be too much for one listing, at a full hour and never before the first', () => {
    const large = addIds(
      '',
      Array.from({ length: 4_000 }, (_, index) => `${index}`),
    ).memory;
    const memory = { '2026-11-22T08': large, '2026-11-22T09': large };
    const of = (gaps: ReturnType<typeof aGap>[]) =>
      nextOwed({ ...aCheckpoint({ gaps }), delivered: memory }, nowMs)?.window;
    expect(of([aGap('08:30', '12:00')])).toEqual(window('08:30', '09:00'));
    expect(of([aGap('09:30', '12:00')])).toEqual(window('09:30', '12:00'));
    const huge = { '2026-11-22T09': large.repeat(2) };
    expect(
      nextOwed({ ...aCheckpoint({ gaps: [aGap('09:30', '12:00')] }), delivered: huge }, nowMs)?.window,
    ).toEqual(window('09:30', '10:00'));
    expect(
      nextOwed({ ...aCheckpoint({ gaps: [aGap('09:30', '09:40')] }), delivered: huge }, nowMs)?.window,
    ).toEqual(window('09:30', '09:40'));
  });
});

describe('a sweep', () => {
  const sweep = (ageMs: number, cursor: string, checkpoint = aCheckpoint()) =>
    nextOwed({ ...checkpoint, sweeps: { [ageMs]: cursor } }, nowMs)?.window;

  it('lists again what has come to its age, when a step has gathered', () => {
    expect(sweep(3 * hourMs, at('08:00'))).toEqual(window('08:00', '09:00'));
    expect(sweep(3 * hourMs, '2026-11-22T08:00:00.001Z')).toBeUndefined();
  });

  it('stays behind the position', () => {
    expect(sweep(hourMs, at('08:00'))).toEqual(window('08:00', '10:00'));
  });

  it('goes back no further than the begin, the horizon and what is listed', () => {
    expect(sweep(hourMs, at('00:00', 1))).toEqual(window('08:00', '10:00'));
    expect(sweep(hourMs, at('00:00', 1), aCheckpoint({ sweepHorizon: at('08:30') }))).toEqual(
      window('08:30', '10:00'),
    );
    expect(sweep(hourMs, at('00:00', 1), aCheckpoint({ sweepHorizon: at('07:30') }))).toEqual(
      window('08:00', '10:00'),
    );
    expect(sweep(hourMs, at('00:00', 1), aCheckpoint({ begin: at('00:00', 1) }))?.startTime).toBe(
      at('12:35', 15),
    );
    expect(sweepFloorMs(aCheckpoint({ begin: at('00:00', 1) }), nowMs)).toBe(oldestListedMs(nowMs));
  });

  it.each([
    [1_000, 1_000],
    [hourMs, hourMs],
    [4 * hourMs, hourMs],
    [4 * hourMs + 4, hourMs + 1],
    [24 * hourMs, 6 * hourMs],
    [6 * 24 * hourMs, 22 * hourMs],
  ])('of an age of %i ms comes in steps of %i ms', (age, step) => {
    expect(sweepStepMs(age)).toBe(step);
  });

  it('takes less than a step where the position has not moved for as long', () => {
    expect(sweep(hourMs, at('09:30'))).toEqual(window('09:30', '10:00'));
    expect(sweep(hourMs + 1, at('09:30'))).toBeUndefined();
    expect(sweep(hourMs, at('10:00'))).toBeUndefined();
  });

  it('is due next when the first has gathered a step, or would have', () => {
    const next = (sweeps: Record<string, string>) => nextSweepMs(aCheckpoint({ sweeps }));
    expect(next({ [minuteMs]: at('09:58'), [24 * hourMs]: at('00:00') })).toBe(msAt('10:00'));
    expect(next({ [minuteMs]: at('09:59') })).toBe(msAt('10:01'));
    expect(next({ [minuteMs]: at('09:59:30') })).toBe(msAt('10:02'));
    expect(next({ [minuteMs]: at('10:00') })).toBe(Infinity);
    expect(next({})).toBe(Infinity);
  });
});

describe('what is owed to a destination that is away', () => {
  it('is its earliest gap, up to the position while that grows', () => {
    const gaps = [
      aGap('09:30', undefined, { destination: 'siem' }),
      aGap('08:00', '08:30', { destination: 'siem', backfill: 'b1' }),
      aGap('07:00', '07:30', { destination: 'siem', isWanted: false }),
      aGap('07:00', '07:30'),
    ];
    const checkpoint = aCheckpoint({ destinations: ['archive', 'siem'], gaps, detached: { siem: away } });
    expect(nextOwedTo(checkpoint, 'siem')).toEqual({
      kind: 'gap',
      destination: 'siem',
      window: window('08:00', '08:30'),
    });
    expect(nextOwedTo({ ...checkpoint, gaps: gaps.slice(0, 1) }, 'siem')?.window).toEqual(
      window('09:30', '10:00'),
    );
    expect(
      nextOwedTo({ ...checkpoint, gaps: gaps.slice(0, 1), position: at('09:30') }, 'siem'),
    ).toBeUndefined();
  });
});

describe('what a listing need not return', () => {
  const withThree = () =>
    delivered(aCheckpoint({ destinations: ['archive', 'siem'] }), [
      aBlob('07:30'),
      aBlob('08:30'),
      aBlob('09:30'),
    ]);

  it('is what is delivered in the hours that it touches', () => {
    const checkpoint = withThree();
    expect(Object.keys(knownIn(checkpoint, window('08:30', '09:00')))).toEqual(['2026-11-22T08']);
    expect(knownIn(checkpoint, window('08:59', '11:00'))).toEqual({
      '2026-11-22T08': ids('id$08:30'),
      '2026-11-22T09': ids('id$09:30'),
    });
  });

  it('leaves out hours of which somebody is owed something', () => {
    const checkpoint = withThree();
    const gaps = [
      aGap('09:59', '11:00', { destination: 'siem' }),
      aGap('08:00', '09:00', { isWanted: false }),
    ];
    expect(Object.keys(knownIn({ ...checkpoint, gaps }, window('07:00', '11:00')))).toEqual([
      '2026-11-22T07',
      '2026-11-22T08',
    ]);
    const later = [aGap('10:00', '11:00', { destination: 'siem' })];
    expect(Object.keys(knownIn({ ...checkpoint, gaps: later }, window('09:00', '11:00')))).toEqual([
      '2026-11-22T09',
    ]);
  });

  it('leaves out an hour that is too much for one listing', () => {
    const memory = { '2026-11-22T08': 'x'.repeat(65_536), '2026-11-22T09': 'x'.repeat(65_537) };
    expect(Object.keys(knownIn(aCheckpoint({ delivered: memory }), window('08:00', '10:00')))).toEqual([
      '2026-11-22T08',
    ]);
    expect(msAt('12:00')).toBe(nowMs);
  });
});
