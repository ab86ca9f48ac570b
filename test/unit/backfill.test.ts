import { describe, expect, it } from 'vitest';
import {
  addBackfill,
  backfillId,
  countBackfill,
  endBackfill,
  isDone,
  obtainable,
  pauseBackfill,
  reportOf,
  workOffBackfill,
} from '../../src/domain/backfill.ts';
import { openMemory } from '../../src/domain/checkpoint.ts';
import { finishWindow } from '../../src/domain/progress.ts';
import { isoTime, oldestListedMs } from '../../src/domain/time-window.ts';
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

const both = ['archive', 'siem'];
const window = { startTime: at('08:00'), endTime: at('09:00') };
const add = (checkpoint: ReturnType<typeof aCheckpoint>, changed = {}, span = window) =>
  addBackfill(checkpoint, { ...span, ...changed }, span);
const only = <Item>(items: readonly Item[]): Item => {
  expect(items).toHaveLength(1);
  return items[0]!;
};

describe('the id of a backfill', () => {
  it('is made of what it asks for, in whatever order', () => {
    const span = `${window.startTime}_${window.endTime}`;
    expect(backfillId(window)).toBe(span);
    expect(backfillId({ ...window, resend: false })).toBe(span);
    expect(backfillId({ ...window, destinations: ['siem', 'archive'], resend: true })).toBe(
      `${span}_archive+siem_resend`,
    );
  });
});

describe('what can be had of a request', () => {
  it('is what is listed still and has happened', () => {
    expect(obtainable(window, nowMs)).toEqual(window);
    expect(obtainable({ startTime: at('00:00', 1), endTime: at('23:00') }, nowMs)).toEqual({
      startTime: isoTime(oldestListedMs(nowMs) + 60_000),
      endTime: at('12:00'),
    });
  });

  it('is nothing before or after', () => {
    expect(obtainable({ startTime: at('00:00', 1), endTime: at('12:36', 15) }, nowMs)).toBeUndefined();
    expect(obtainable({ startTime: at('12:00'), endTime: at('13:00') }, nowMs)).toBeUndefined();
  });
});

describe('a backfill', () => {
  it('is kept with what it asks for, and for whom', () => {
    expect(only(add(aCheckpoint({ destinations: both }), { follower: 'me' }).backfills)).toEqual({
      id: backfillId(window),
      ...window,
      requested: window,
      destinations: both,
      isResend: false,
      isPaused: false,
      follower: 'me',
      listed: 0,
      outcomes: {
        archive: { delivered: 0, records: 0, quarantined: 0, lost: 0 },
        siem: { delivered: 0, records: 0, quarantined: 0, lost: 0 },
      },
    });
  });

  it('is one, however often it is asked for', () => {
    const once = add(aCheckpoint());
    expect(add(once)).toBe(once);
    expect(add(once, { resend: true }).backfills).toHaveLength(2);
  });

  it('is for destinations that there are', () => {
    const checkpoint = add(aCheckpoint({ destinations: both }), {
      destinations: ['siem', 'gone'],
      resend: true,
    });
    expect(only(checkpoint.backfills).destinations).toEqual(['siem']);
    expect(checkpoint.gaps.map(({ destination }) => destination)).toEqual(['siem']);
    expect(only(checkpoint.backfills)).not.toHaveProperty('follower');
  });

  it('owes what was not asked for until now, to those it is for', () => {
    const gaps = both.map((destination) => aGap('07:00', '10:00', { destination, isWanted: false }));
    const checkpoint = add(aCheckpoint({ destinations: both, gaps }), { destinations: ['siem'] });
    expect(openMemory(checkpoint).missing(aBlob('08:05'))).toEqual(['siem']);
    expect(openMemory(checkpoint).missing(aBlob('09:05'))).toEqual([]);
  });

  it('owes nothing that is accounted for', () => {
    const checkpoint = add(delivered(aCheckpoint(), [aBlob('08:05')]));
    expect(checkpoint.gaps).toEqual([]);
    expect(openMemory(checkpoint).missing(aBlob('08:05'))).toEqual([]);
  });

  it('goes on where it was worked off, and is done at its end', () => {
    const id = backfillId(window);
    const half = workOffBackfill(add(aCheckpoint()), id, { until: at('08:30'), listed: 3 });
    expect(only(half.backfills)).toMatchObject({ startTime: at('08:30'), requested: window, listed: 3 });
    expect(isDone(only(half.backfills))).toBe(false);
    const done = workOffBackfill(half, id, { until: at('09:00'), listed: 2 });
    expect(only(done.backfills).listed).toBe(5);
    expect(isDone(only(done.backfills))).toBe(true);
    expect(workOffBackfill(half, 'another', { until: at('09:00'), listed: 2 })).toEqual(half);
  });

  it('rests while it is paused', () => {
    const id = backfillId(window);
    const paused = pauseBackfill(add(aCheckpoint()), id, true);
    expect(only(paused.backfills).isPaused).toBe(true);
    expect(only(pauseBackfill(paused, id, false).backfills).isPaused).toBe(false);
  });
});

describe('a backfill that sends again', () => {
  const id = `${backfillId(window)}_resend`;

  it('owes everything up to the position to those it is for', () => {
    const before = delivered(aCheckpoint({ destinations: both }), [aBlob('08:05')]);
    const checkpoint = add(before, { resend: true, destinations: ['siem'] });
    const resend = `${backfillId(window)}_siem_resend`;
    expect(checkpoint.gaps).toEqual([
      { destination: 'siem', ...window, isWanted: true, backfill: resend, isResend: true, has: {} },
    ]);
    expect(openMemory(checkpoint).missing(aBlob('08:05'))).toEqual(['siem']);
    const beyond = { startTime: at('09:30'), endTime: at('11:00') };
    expect(only(add(before, { resend: true, destinations: ['siem'] }, beyond).gaps)).toMatchObject({
      startTime: at('09:30'),
      endTime: at('10:00'),
    });
    const ahead = { startTime: at('10:00'), endTime: at('11:00') };
    expect(add(before, { resend: true }, ahead).gaps).toEqual([]);
  });

  it('leaves to its own retries what was set aside', () => {
    const quarantine = [
      aQuarantinedBlob({ ...aBlob('08:05'), destinations: ['siem'] }),
      aQuarantinedBlob({ ...aBlob('08:06') }),
      aQuarantinedBlob({ ...aBlob('08:07') }),
    ];
    const checkpoint = add(aCheckpoint({ quarantine }), { resend: true });
    expect(only(checkpoint.gaps).has).toEqual({ '2026-11-22T08': ids('id$08:06', 'id$08:07') });
  });

  it('leaves as it is what is owed already, and asks for what nobody did', () => {
    const gaps = [aGap('08:00', '08:20'), aGap('08:40', '10:00', { isWanted: false })];
    const checkpoint = add(aCheckpoint({ gaps }), { resend: true });
    const spans = checkpoint.gaps.map(({ startTime, endTime, isWanted, isResend }) => [
      startTime.slice(11, 16),
      endTime!.slice(11, 16),
      isWanted,
      isResend === true,
    ]);
    expect(spans.toSorted(([a], [b]) => (String(a) < String(b) ? -1 : 1))).toEqual([
      ['08:00', '08:20', true, false],
      ['08:20', '08:40', true, true],
      ['08:40', '09:00', true, false],
      ['09:00', '10:00', false, false],
    ]);
  });

  it('that is cancelled is owed no more: what was had is still had', () => {
    const before = delivered(aCheckpoint(), [aBlob('08:05')]);
    const checkpoint = endBackfill(add(before, { resend: true }), id);
    expect([checkpoint.gaps, checkpoint.backfills]).toEqual([[], []]);
  });

  it('that is done stays owed to one that was away meanwhile', () => {
    const done = workOffBackfill(add(aCheckpoint(), { resend: true }), id, {
      until: window.endTime,
      listed: 0,
    });
    const checkpoint = endBackfill(done, id);
    expect(only(checkpoint.gaps)).toMatchObject({ isWanted: true, isResend: true });
    expect(only(checkpoint.gaps)).not.toHaveProperty('backfill');
  });
});

describe('the end of a backfill', () => {
  const id = backfillId(window);
  const unasked = aCheckpoint({ gaps: [aGap('07:00', '10:00', { isWanted: false })] });

  it('leaves what it worked off', () => {
    const worked = finishWindow(add(unasked), window, { nowMs, destinations: ['archive'] });
    const done = endBackfill(workOffBackfill(worked, id, { until: window.endTime, listed: 0 }), id);
    expect(done.gaps.some(({ isWanted }) => isWanted)).toBe(false);
    expect(openMemory(done).missing(aBlob('08:05'))).toEqual(['archive']);
  });

  it('leaves alone what is owed for other reasons', () => {
    const away = aGap('11:00', undefined);
    const ended = endBackfill(add({ ...unasked, gaps: [...unasked.gaps, away] }), id);
    expect(ended.gaps).toContainEqual(away);
  });

  it('before it is done leaves nothing owed', () => {
    const ended = endBackfill(add(unasked), id);
    expect(ended.backfills).toEqual([]);
    expect(ended.gaps.every(({ isWanted, backfill }) => !isWanted && backfill === undefined)).toBe(true);
  });

  it('leaves alone what another asks for, too', () => {
    const wide = { startTime: at('08:30'), endTime: at('09:30') };
    const other = backfillId(wide);
    const ended = endBackfill(add(add(unasked), {}, wide), id);
    expect(ended.backfills.map((backfill) => backfill.id)).toEqual([other]);
    const wanted = ended.gaps.filter(({ isWanted }) => isWanted);
    expect(wanted.every(({ backfill }) => backfill === other)).toBe(true);
    const { missing } = openMemory(ended);
    expect(['08:15', '08:45', '09:15', '09:45'].map((time) => missing(aBlob(time)).length)).toEqual([
      0, 1, 1, 0,
    ]);
  });

  it('is none where there is no such backfill', () => {
    const checkpoint = add(unasked);
    expect(endBackfill(checkpoint, 'another')).toBe(checkpoint);
  });
});

describe('the report of a backfill', () => {
  const id = backfillId(window);
  const deliveries = [
    { blob: aBlob('08:01'), has: both },
    {
      blob: aBlob('08:02'),
      has: ['archive'],
      failed: { destinations: ['siem'], failureType: 'x', message: 'y' },
    },
    { blob: aBlob('08:03'), has: [], lost: { destinations: ['siem'], reason: 'expired' } },
    { blob: aBlob('08:04'), has: ['siem'] },
  ];
  const counts = [
    { destination: 'archive', records: { '2026-11-22T08': 4, '2026-11-22T09': 3 }, bytes: 1, repeats: 0 },
  ];

  it('balances for each destination', () => {
    const counted = countBackfill(add(aCheckpoint({ destinations: both })), id, deliveries, counts);
    const twice = countBackfill(counted, id, deliveries.slice(0, 1), counts);
    const listed = workOffBackfill(twice, id, { until: at('08:30'), listed: 6 });
    expect(reportOf(only(listed.backfills))).toEqual({
      id,
      window,
      doneUntil: at('08:30'),
      listed: 6,
      destinations: {
        archive: { delivered: 3, records: 14, quarantined: 0, lost: 0, had: 3 },
        siem: { delivered: 3, records: 0, quarantined: 1, lost: 1, had: 1 },
      },
    });
  });

  it('does not count for another', () => {
    const checkpoint = add(aCheckpoint());
    expect(countBackfill(checkpoint, 'another', deliveries, counts)).toEqual(checkpoint);
  });

  it('has nothing below zero while a window is under way', () => {
    const counted = countBackfill(add(aCheckpoint()), id, deliveries, []);
    expect(reportOf(only(counted.backfills)).destinations.archive?.had).toBe(0);
  });
});
