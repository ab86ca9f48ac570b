import { describe, expect, it } from 'vitest';
import { openMemory } from '../../src/domain/checkpoint.ts';
import { recordLosses, takeDeliveries } from '../../src/domain/deliveries.ts';
import type { DestinationCounts } from '../../src/domain/delivery-counter.ts';
import { maxQuarantined } from '../../src/domain/quarantine.ts';
import {
  aBlob,
  aCheckpoint,
  aGap,
  aQuarantinedBlob,
  at,
  delivered,
  ids,
  msAt,
  nowMs,
  taken,
} from './checkpoint-builders.ts';

const both = ['archive', 'siem'];
const hour = '2026-11-22T09';
const failure = { failureType: 'Destination.rejected', message: 'will not have it' };
const missing = (checkpoint: ReturnType<typeof aCheckpoint>, blob: ReturnType<typeof aBlob>) =>
  openMemory(checkpoint).missing(blob);

describe('blobs that were delivered', () => {
  it('are remembered in their hour, and nothing else is', () => {
    const checkpoint = delivered(aCheckpoint(), [aBlob('09:05'), aBlob('10:05')]);
    expect(Object.keys(checkpoint.delivered)).toEqual([hour, '2026-11-22T10']);
    expect(missing(checkpoint, aBlob('09:05'))).toEqual([]);
    expect(missing(checkpoint, aBlob('09:06'))).toEqual(['archive']);
  });

  it('stay remembered when others are', () => {
    const checkpoint = delivered(delivered(aCheckpoint(), [aBlob('08:05'), aBlob('09:05')]), [
      aBlob('09:06'),
    ]);
    expect(checkpoint.delivered).toEqual({
      '2026-11-22T08': ids('id$08:05'),
      [hour]: ids('id$09:05', 'id$09:06'),
    });
  });

  it('count in coverage and totals', () => {
    const counts: DestinationCounts[] = [
      { destination: 'archive', records: { [hour]: 7, '2026-11-22T10': 2 }, bytes: 900, repeats: 1 },
      { destination: 'siem', records: { [hour]: 7 }, bytes: 700, repeats: 0 },
    ];
    const blobs = [aBlob('09:05'), aBlob('09:06'), aBlob('10:05')];
    const deliveries = blobs.map((blob) => ({ blob, has: both }));
    const once = takeDeliveries(aCheckpoint({ destinations: both }), deliveries, {
      counts,
      nowMs,
      isLate: false,
    });
    expect(once.coverage).toEqual({
      archive: { [hour]: [2, 7, 0, 0], '2026-11-22T10': [1, 2, 0, 0] },
      siem: { [hour]: [2, 7, 0, 0], '2026-11-22T10': [1, 0, 0, 0] },
    });
    expect(once.totals).toEqual({ blobs: 3, records: 9, bytes: 900, repeats: 1, lost: 0, late: 0 });
  });

  it('count as late where a sweep found them, but not for one who gets later what others have', () => {
    const late = taken(aCheckpoint(), [{ blob: aBlob('09:05'), has: ['archive'] }], { isLate: true });
    expect(late.coverage.archive?.[hour]).toEqual([1, 0, 1, 0]);
    expect(late.totals).toMatchObject({ blobs: 1, late: 1 });
    const gaps = [aGap('09:00', '10:00', { destination: 'siem' })];
    const known = delivered(aCheckpoint({ destinations: both, gaps }), [aBlob('09:05')], ['archive']);
    const both2 = taken(known, [{ blob: aBlob('09:05'), has: ['siem'] }], { isLate: true });
    expect(both2.coverage.siem?.[hour]).toEqual([1, 0, 0, 0]);
    expect(both2.totals).toMatchObject({ blobs: 1, late: 0 });
  });

  it('change hours that stand in the ledger already, which are named once and in order', () => {
    const checkpoint = aCheckpoint({ recordedUntil: '2026-11-22T10', amendedHours: ['2026-11-22T09'] });
    const later = delivered(checkpoint, [aBlob('09:05'), aBlob('08:05'), aBlob('08:06'), aBlob('10:00')]);
    expect(later.amendedHours).toEqual(['2026-11-22T08', '2026-11-22T09']);
    expect(delivered(checkpoint, [aBlob('10:00')]).amendedHours).toBe(checkpoint.amendedHours);
  });

  it('to a destination that is gone meanwhile are not its any more', () => {
    const checkpoint = aCheckpoint();
    const blob = aBlob('09:05');
    const gone = { destinations: ['gone'], reason: 'expired' };
    expect(taken(checkpoint, [{ blob, has: ['gone'], lost: gone, failed: { ...failure, ...gone } }])).toEqual(
      checkpoint,
    );
    const next = taken(checkpoint, [
      { blob, has: ['archive', 'gone'], lost: gone, failed: { ...failure, ...gone } },
    ]);
    expect(Object.keys(next.coverage)).toEqual(['archive']);
    expect([next.quarantine, next.losses]).toEqual([[], []]);
  });

  it('never touch the value they start from', () => {
    const checkpoint = aCheckpoint({ destinations: both, gaps: [aGap('09:00', undefined)] });
    const before = JSON.stringify(checkpoint);
    delivered(checkpoint, [aBlob('09:05')]);
    taken(checkpoint, [{ blob: aBlob('09:05'), has: [], failed: { ...failure, destinations: both } }]);
    expect(JSON.stringify(checkpoint)).toBe(before);
  });
});

describe('a blob of which nothing is known yet', () => {
  it('stays to be done', () => {
    const checkpoint = aCheckpoint();
    expect(taken(checkpoint, [{ blob: aBlob('09:05'), has: [] }])).toEqual(checkpoint);
  });
});

describe('a blob that some have and others do not', () => {
  it('is set aside for these, to be tried at once, so that nobody gets it twice', () => {
    const checkpoint = delivered(aCheckpoint({ destinations: both }), [aBlob('09:05')], ['archive']);
    expect(checkpoint.quarantine).toEqual([
      {
        ...aBlob('09:05'),
        destinations: ['siem'],
        attempts: 0,
        failureType: '',
        message: 'another destination has it already',
        since: at('12:00'),
        nextAttempt: at('12:00'),
      },
    ]);
    expect(missing(checkpoint, aBlob('09:05'))).toEqual([]);
    expect(checkpoint.totals.blobs).toBe(0);
  });

  it('is left to the gap of one who is owed it, where it is remembered only once it has it', () => {
    const gaps = [aGap('09:00', '10:00', { destination: 'siem' })];
    const first = delivered(aCheckpoint({ destinations: both, gaps }), [aBlob('09:05')], ['archive']);
    expect(first.quarantine).toEqual([]);
    expect(first.totals.blobs).toBe(1);
    expect(missing(first, aBlob('09:05'))).toEqual(['siem']);
    const second = delivered(first, [aBlob('09:05')], ['siem']);
    expect(second.gaps[0]?.has).toEqual({ [hour]: ids('id$09:05') });
    expect(missing(second, aBlob('09:05'))).toEqual([]);
    expect(second.coverage.siem?.[hour]).toEqual([1, 0, 0, 0]);
  });

  it('is nothing to one who never asked for it', () => {
    const gaps = [aGap('09:00', '10:00', { destination: 'siem', isWanted: false })];
    const first = delivered(aCheckpoint({ destinations: both, gaps }), [aBlob('09:05')], ['archive']);
    expect(first.quarantine).toEqual([]);
    expect(missing(first, aBlob('09:05'))).toEqual([]);
  });
});

describe('a blob that fails by itself', () => {
  it('is set aside for those who lack it, and newer ones go on', () => {
    const checkpoint = taken(aCheckpoint({ destinations: both }), [
      { blob: aBlob('09:05'), has: ['archive'], failed: { ...failure, destinations: ['siem'] } },
    ]);
    expect(checkpoint.quarantine).toEqual([
      {
        ...aBlob('09:05'),
        destinations: ['siem'],
        attempts: 1,
        ...failure,
        since: at('12:00'),
        nextAttempt: at('12:00:03'),
      },
    ]);
    expect(missing(checkpoint, aBlob('09:05'))).toEqual([]);
    expect(checkpoint.coverage).toEqual({ archive: { [hour]: [1, 0, 0, 0] } });
    expect(checkpoint.totals.blobs).toBe(0);
  });

  it('is remembered in the gap of one who was owed it', () => {
    const gaps = [aGap('09:00', undefined)];
    const failed = { ...failure, destinations: ['archive'] };
    const checkpoint = taken(aCheckpoint({ gaps }), [{ blob: aBlob('09:05'), has: [], failed }]);
    expect(checkpoint.gaps[0]?.has).toEqual({ [hour]: ids('id$09:05') });
  });

  const full = Array.from({ length: maxQuarantined - 1 }, (_, index) =>
    aQuarantinedBlob({ contentId: `full$${index}` }),
  );

  it('stays to be done while the quarantine is full', () => {
    const failed = { ...failure, destinations: ['archive'] };
    const deliveries = ['09:05', '09:06'].map((time) => ({ blob: aBlob(time), has: [], failed }));
    const checkpoint = taken(aCheckpoint({ quarantine: full }), deliveries);
    expect(checkpoint.quarantine).toHaveLength(maxQuarantined);
    expect(checkpoint.gaps).toEqual([]);
    expect(missing(checkpoint, aBlob('09:05'))).toEqual([]);
    expect(missing(checkpoint, aBlob('09:06'))).toEqual(['archive']);
  });

  it('is owed to those who lack what others have while the quarantine is full', () => {
    const failed = { ...failure, destinations: ['siem'] };
    const deliveries = ['09:05', '09:06'].map((time) => ({ blob: aBlob(time), has: ['archive'], failed }));
    const checkpoint = taken(aCheckpoint({ destinations: both, quarantine: full }), deliveries);
    expect(checkpoint.quarantine).toHaveLength(maxQuarantined);
    expect(checkpoint.gaps).toMatchObject([{ destination: 'siem', isWanted: true, startTime: at('09:06') }]);
    expect(missing(checkpoint, aBlob('09:06'))).toEqual(['siem']);
  });
});

describe('a blob that cannot be had any more', () => {
  const lost = { destinations: ['siem'], reason: 'expired' };

  it('is written down for those who lack it', () => {
    const checkpoint = taken(aCheckpoint({ destinations: both }), [
      { blob: aBlob('09:05'), has: ['archive'], lost },
    ]);
    expect(checkpoint.losses).toEqual([
      {
        startTime: at('09:05'),
        endTime: at('09:05'),
        contentId: 'id$09:05',
        destinations: ['siem'],
        reason: 'expired',
        time: at('12:00'),
      },
    ]);
    expect(checkpoint.coverage).toEqual({
      archive: { [hour]: [1, 0, 0, 0] },
      siem: { [hour]: [0, 0, 0, 1] },
    });
    expect(checkpoint.totals).toMatchObject({ blobs: 1, lost: 1 });
    expect(missing(checkpoint, aBlob('09:05'))).toEqual([]);
  });

  it('names no destination where nobody has it', () => {
    const [loss] = taken(aCheckpoint(), [
      { blob: aBlob('09:05'), has: [], lost: { destinations: ['archive'], reason: 'expired' } },
    ]).losses;
    expect(loss).not.toHaveProperty('destinations');
  });

  it('counts as no delivered blob where nobody has it', () => {
    const all = { destinations: both, reason: 'expired' };
    const checkpoint = taken(aCheckpoint({ destinations: both }), [
      { blob: aBlob('09:05'), has: [], lost: all },
    ]);
    expect(checkpoint.totals).toMatchObject({ blobs: 0, lost: 1 });
  });
});

describe('a blob from before the sweep horizon', () => {
  it('is not remembered once more', () => {
    const checkpoint = aCheckpoint({ sweepHorizon: at('10:00'), gaps: [aGap('09:00', '10:00')] });
    const next = delivered(checkpoint, [aBlob('09:05')]);
    expect(next.delivered).toEqual({});
    expect(next.gaps[0]?.has).toEqual({ [hour]: ids('id$09:05') });
  });
});

describe('blobs of which nobody has any', () => {
  it('bring no records', () => {
    const counts = [{ destination: 'archive', records: { [hour]: 4 }, bytes: 40, repeats: 1 }];
    const gaps = [aGap('09:00', '10:00', { destination: 'siem' })];
    const known = delivered(aCheckpoint({ destinations: both, gaps }), [aBlob('09:05')], ['archive']);
    const later = takeDeliveries(known, [{ blob: aBlob('09:05'), has: ['siem'] }], {
      counts: [{ ...counts[0]!, destination: 'siem' }],
      nowMs,
      isLate: false,
    });
    expect(later.coverage.siem).toEqual({ [hour]: [1, 4, 0, 0] });
    expect(later.totals).toMatchObject({ blobs: 1, records: 0, bytes: 0, repeats: 1 });
  });
});

describe('losses', () => {
  it('are added and counted', () => {
    const loss = { startTime: at('08:00'), endTime: at('09:00'), reason: 'too old', time: at('12:00') };
    const checkpoint = recordLosses(aCheckpoint(), [loss, loss]);
    expect(checkpoint.losses).toEqual([loss, loss]);
    expect(checkpoint.totals.lost).toBe(2);
    expect(recordLosses(checkpoint, [])).toBe(checkpoint);
    expect(msAt('12:00')).toBe(nowMs);
  });
});
