import { describe, expect, it } from 'vitest';
import { attach, detach, hasCaughtUp, oweBlobs, takeDestinations } from '../../src/domain/attachment.ts';
import { addBackfill } from '../../src/domain/backfill.ts';
import { attachedDestinations, openMemory } from '../../src/domain/checkpoint.ts';
import { finishWindow } from '../../src/domain/progress.ts';
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
const failure = { failureType: 'Destination.unavailable', message: 'it does not answer' };
const hourMs = 3_600_000;

describe('a destination that fails where others succeed', () => {
  const whole = () => delivered(aCheckpoint({ destinations: both }), [aBlob('09:05'), aBlob('10:05')]);
  const withoutSiem = () => detach(whole(), 'siem', failure, nowMs);

  it('is away from now on, and owed everything from the position on but what it has', () => {
    const before = whole();
    const away = withoutSiem();
    expect(attachedDestinations(away)).toEqual(['archive']);
    expect(away.detached).toEqual({ siem: { ...failure, since: at('12:00'), position: at('10:00') } });
    const hour = '2026-11-22T10';
    expect(away.gaps).toEqual([
      {
        destination: 'siem',
        startTime: at('10:00'),
        isWanted: true,
        has: { [hour]: before.delivered[hour] },
      },
    ]);
    const memory = openMemory(away);
    expect(memory.missing(aBlob('10:05'))).toEqual([]);
    expect(memory.missing(aBlob('10:06'))).toEqual(both);
    expect(openMemory(delivered(away, [aBlob('10:06')], ['archive'])).missing(aBlob('10:06'))).toEqual([
      'siem',
    ]);
  });

  it('is none of ours where it is gone from the configuration', () => {
    const before = whole();
    expect(detach(before, 'gone', failure, nowMs)).toBe(before);
    expect(oweBlobs(before, 'gone', [aBlob('09:10')])).toBe(before);
  });

  it('is owed single blobs that others get, with what it has between them', () => {
    const away = withoutSiem();
    const owed = oweBlobs(away, 'siem', [aBlob('09:20'), aBlob('08:30'), aBlob('10:30')]);
    expect(owed.gaps.slice(1)).toEqual([
      {
        destination: 'siem',
        startTime: at('08:30'),
        endTime: '2026-11-22T09:20:00.001Z',
        isWanted: true,
        has: { '2026-11-22T09': ids('id$09:05') },
      },
    ]);
    expect(oweBlobs(owed, 'siem', [aBlob('09:00')])).toBe(owed);
    expect(oweBlobs(owed, 'siem', [])).toBe(owed);
  });

  it('has not caught up before the position has moved, since the window that it failed in is under way', () => {
    const away = withoutSiem();
    expect(hasCaughtUp(away, 'siem')).toBe(false);
    expect(hasCaughtUp({ ...away, position: at('11:00') }, 'siem')).toBe(false);
  });

  it('has caught up when nothing is owed to it up to the position', () => {
    const away = withoutSiem();
    const moved = { ...away, position: at('11:00') };
    const window = { startTime: at('10:00'), endTime: at('11:00') };
    const workedOff = finishWindow(moved, window, { nowMs, destinations: ['siem'] });
    expect(hasCaughtUp(workedOff, 'siem')).toBe(true);
    const owed = { ...workedOff, gaps: [...workedOff.gaps, aGap('08:00', '09:00', { destination: 'siem' })] };
    expect(hasCaughtUp(owed, 'siem')).toBe(false);
    const gaps = [aGap('08:00', '09:00', { destination: 'siem', isWanted: false }), aGap('08:00', '09:00')];
    expect(hasCaughtUp({ ...workedOff, gaps: [...workedOff.gaps, ...gaps] }, 'siem')).toBe(true);
  });

  it('stays owed what others may have beyond the position when it is back', () => {
    const away = withoutSiem();
    const back = attach(
      { ...away, detached: { ...away.detached, lake: away.detached.siem! } },
      'siem',
      at('12:00'),
    );
    expect(Object.keys(back.detached)).toEqual(['lake']);
    expect(back.gaps).toMatchObject([{ destination: 'siem', startTime: at('10:00'), endTime: at('12:05') }]);
  });
});

describe('the destinations of the configuration', () => {
  const named = (name: string, lookbackMs = 0) => ({ name, lookbackMs });

  it('change nothing while they are the same', () => {
    const checkpoint = aCheckpoint({ destinations: both });
    expect(takeDestinations(checkpoint, [named('siem', 5), named('archive')], nowMs)).toBe(checkpoint);
  });

  it('may be more: a new one gets what is created from now on', () => {
    const before = delivered(aCheckpoint({ gaps: [aGap('08:00', '09:00')] }), [aBlob('11:00')]);
    const checkpoint = takeDestinations(before, [named('archive'), named('siem')], nowMs);
    expect(checkpoint.destinations).toEqual(both);
    expect(checkpoint.gaps).toEqual([
      aGap('08:00', '09:00'),
      { destination: 'siem', startTime: at('12:00'), endTime: at('12:05'), isWanted: true, has: {} },
      { destination: 'siem', startTime: at('12:00', 15), endTime: at('12:00'), isWanted: false, has: {} },
    ]);
    expect(openMemory(checkpoint).missing(aBlob('11:00'))).toEqual([]);
    expect(openMemory(checkpoint).missing(aBlob('11:01'))).toEqual(['archive']);
    expect(openMemory(checkpoint).missing(aBlob('12:00'))).toEqual(both);
  });

  it('may be more: a new one is owed as far back as its lookback says, though others have it', () => {
    const before = delivered(aCheckpoint(), [aBlob('09:59'), aBlob('10:00'), aBlob('11:00')]);
    const checkpoint = takeDestinations(before, [named('archive'), named('siem', 2 * hourMs)], nowMs);
    expect(checkpoint.gaps).toMatchObject([
      { destination: 'siem', startTime: at('10:00'), endTime: at('12:05'), isWanted: true },
      { destination: 'siem', startTime: at('12:00', 15), endTime: at('10:00'), isWanted: false },
    ]);
    const { missing } = openMemory(checkpoint);
    expect([missing(aBlob('09:59')), missing(aBlob('10:00')), missing(aBlob('11:00'))]).toEqual([
      [],
      ['siem'],
      ['siem'],
    ]);
  });

  it('may be fewer: one that is gone leaves nothing behind', () => {
    const full = {
      ...detach(delivered(aCheckpoint({ destinations: both }), [aBlob('09:05')]), 'siem', failure, nowMs),
      quarantine: [
        aQuarantinedBlob({ contentId: 'a', destinations: both }),
        aQuarantinedBlob({ contentId: 'b', destinations: ['siem'] }),
      ],
    };
    const request = { startTime: at('08:00'), endTime: at('09:00') };
    const checkpoint = takeDestinations(addBackfill(full, request, request), [named('archive')], nowMs);
    expect(JSON.stringify(checkpoint)).not.toContain('siem');
    expect(checkpoint.quarantine).toEqual([aQuarantinedBlob({ contentId: 'a', destinations: ['archive'] })]);
    expect(Object.keys(checkpoint.coverage)).toEqual(['archive']);
    expect(checkpoint.backfills).toMatchObject([{ destinations: ['archive'] }]);
    expect(Object.keys(checkpoint.backfills[0]!.outcomes)).toEqual(['archive']);
    expect(checkpoint.delivered).toBe(full.delivered);
  });

  it('may be others altogether', () => {
    const checkpoint = takeDestinations(aCheckpoint(), [named('siem')], nowMs);
    expect(checkpoint.destinations).toEqual(['siem']);
    expect(checkpoint.gaps.every(({ destination }) => destination === 'siem')).toBe(true);
  });
});
