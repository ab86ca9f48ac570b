import { describe, expect, it } from 'vitest';
import { openMemory } from '../../src/domain/checkpoint.ts';
import { takeDeliveries, takeRetries } from '../../src/domain/deliveries.ts';
import {
  aBlob,
  aCheckpoint,
  aGap,
  aQuarantinedBlob,
  at,
  delivered,
  nowMs,
  taken,
} from './checkpoint-builders.ts';

const both = ['archive', 'siem'];
const hour = '2026-11-22T09';
const failure = { failureType: 'Destination.rejected', message: 'will not have it' };
const missing = (checkpoint: ReturnType<typeof aCheckpoint>, blob: ReturnType<typeof aBlob>) =>
  openMemory(checkpoint).missing(blob);

describe('a blob that is sent again', () => {
  const gaps = [aGap('09:00', '10:00', { isResend: true, backfill: 'b1' })];
  const whatItHad = () => ({ ...delivered(aCheckpoint(), [aBlob('09:05')]), gaps });
  const counts = [{ destination: 'archive', records: { [hour]: 9 }, bytes: 100, repeats: 0 }];

  it('counts in no coverage and no total', () => {
    const had = whatItHad();
    const deliveries = [{ blob: aBlob('09:05'), has: ['archive'] }];
    const again = takeDeliveries(had, deliveries, { counts, nowMs, isLate: false });
    expect([again.coverage, again.totals]).toEqual([had.coverage, had.totals]);
    expect(missing(had, aBlob('09:05'))).toEqual(['archive']);
    expect(missing(again, aBlob('09:05'))).toEqual([]);
  });

  it('takes the records of new ones of its hour with it, and leaves those of other hours', () => {
    const had = whatItHad();
    const counted = [
      { destination: 'archive', records: { [hour]: 9, '2026-11-22T10': 3 }, bytes: 100, repeats: 0 },
    ];
    const deliveries = ['09:05', '09:06', '10:01'].map((time) => ({ blob: aBlob(time), has: ['archive'] }));
    const again = takeDeliveries(had, deliveries, { counts: counted, nowMs, isLate: false });
    expect(again.coverage.archive).toEqual({ [hour]: [2, 0, 0, 0], '2026-11-22T10': [1, 3, 0, 0] });
    expect(again.totals).toMatchObject({ blobs: 3, records: 0, bytes: 0 });
  });

  it('that fails, or is lost, is tried again and written down, and counts as what it was', () => {
    const had = whatItHad();
    const failed = { ...failure, destinations: ['archive'] };
    const again = taken(had, [{ blob: aBlob('09:05'), has: [], failed }]);
    expect(again.quarantine).toMatchObject([{ isResend: true, destinations: ['archive'], attempts: 1 }]);
    const lost = taken(had, [
      { blob: aBlob('09:05'), has: [], lost: { destinations: ['archive'], reason: 'gone' } },
    ]);
    expect(lost.coverage).toEqual(had.coverage);
    expect(lost.losses).toHaveLength(1);
    const outcome = [{ blob: aBlob('09:05'), has: ['archive'] }];
    const retried = takeRetries(again, outcome, { counts, nowMs });
    expect([retried.quarantine, retried.coverage, retried.totals]).toEqual([[], had.coverage, had.totals]);
    const given = takeRetries(
      again,
      [{ ...outcome[0]!, has: [], lost: { destinations: ['archive'], reason: 'x' } }],
      { counts: [], nowMs },
    );
    expect(given.coverage).toEqual(had.coverage);
    expect(given.losses).toHaveLength(1);
  });

  it('is new to those who never had it, and counts for them', () => {
    const resent = aCheckpoint({ destinations: both, gaps });
    const checkpoint = delivered(resent, [aBlob('09:05')], ['siem']);
    expect(checkpoint.quarantine).toMatchObject([{ destinations: ['archive'], attempts: 0 }]);
    expect(checkpoint.quarantine[0]).not.toHaveProperty('isResend');
    expect(missing(checkpoint, aBlob('09:05'))).toEqual([]);
    const failed = { ...failure, destinations: ['archive'] };
    const [entry] = taken(resent, [{ blob: aBlob('09:05'), has: ['siem'], failed }]).quarantine;
    expect(entry).not.toHaveProperty('isResend');
    expect(delivered(resent, [aBlob('09:05')]).coverage.archive?.[hour]).toEqual([1, 0, 0, 0]);
  });

  it('is left to its gap where another has it meanwhile', () => {
    const had = whatItHad();
    const checkpoint = delivered({ ...had, destinations: both }, [aBlob('09:05')], ['siem']);
    expect(checkpoint.quarantine).toEqual([]);
    expect(missing(checkpoint, aBlob('09:05'))).toEqual(['archive']);
  });
});

describe('a blob that was set aside', () => {
  const retry = { counts: [], nowMs };
  const blob = aBlob('09:05');

  it('counts, and is gone, once everybody has it', () => {
    const checkpoint = aCheckpoint({ quarantine: [aQuarantinedBlob()], recordedUntil: '2026-11-22T10' });
    const counts = [{ destination: 'archive', records: { [hour]: 4 }, bytes: 40, repeats: 2 }];
    const next = takeRetries(checkpoint, [{ blob, has: ['archive'] }], { counts, nowMs });
    expect(next.quarantine).toEqual([]);
    expect(next.coverage).toEqual({ archive: { [hour]: [1, 4, 0, 0] } });
    expect(next.totals).toEqual({ blobs: 1, records: 4, bytes: 40, repeats: 2, lost: 0, late: 0 });
    expect(next.amendedHours).toEqual([hour]);
  });

  it('stays for those who still lack it, and rests longer where it failed', () => {
    const checkpoint = aCheckpoint({
      destinations: both,
      quarantine: [aQuarantinedBlob({ destinations: both })],
    });
    const failed = { ...failure, destinations: ['siem'] };
    const next = takeRetries(checkpoint, [{ blob, has: ['archive'], failed }], retry);
    expect(next.quarantine).toEqual([
      aQuarantinedBlob({ destinations: ['siem'], attempts: 4, ...failure, nextAttempt: at('12:02') }),
    ]);
    expect(next.totals.blobs).toBe(0);
    const untried = takeRetries(checkpoint, [{ blob, has: ['archive'] }], retry);
    expect(untried.quarantine).toEqual([aQuarantinedBlob({ destinations: ['siem'] })]);
    const other = takeRetries(
      checkpoint,
      [{ blob, has: [], failed: { ...failure, destinations: ['lake'] } }],
      retry,
    );
    expect(other.quarantine).toEqual(checkpoint.quarantine);
  });

  it('is a loss to those who cannot have it any more', () => {
    const quarantine = [aQuarantinedBlob({ destinations: both })];
    const lost = { destinations: ['siem', 'lake'], reason: 'expired' };
    const next = takeRetries(
      aCheckpoint({ destinations: both, quarantine }),
      [{ blob, has: ['archive'], lost }],
      retry,
    );
    expect(next.quarantine).toEqual([]);
    expect(next.losses).toMatchObject([
      { contentId: 'id$09:05', destinations: ['siem'], reason: 'expired', time: at('12:00') },
    ]);
    expect(next.coverage).toEqual({ archive: { [hour]: [1, 0, 0, 0] }, siem: { [hour]: [0, 0, 0, 1] } });
    expect(next.totals).toMatchObject({ blobs: 1, lost: 1 });
    const all = { destinations: both, reason: 'discarded' };
    const none = takeRetries(
      aCheckpoint({ destinations: both, quarantine }),
      [{ blob, has: [], lost: all }],
      retry,
    );
    expect(none.totals).toMatchObject({ blobs: 0, lost: 1 });
  });

  it('counts once, where others had it before it was set aside', () => {
    const gaps = [aGap('09:00', '10:00', { destination: 'siem' })];
    const known = delivered(aCheckpoint({ destinations: both, gaps }), [blob], ['archive']);
    const failed = { ...failure, destinations: ['siem'] };
    const setAside = taken(known, [{ blob, has: [], failed }]);
    expect(setAside.quarantine).toMatchObject([{ destinations: ['siem'], isCounted: true }]);
    const got = takeRetries(setAside, [{ blob, has: ['siem'] }], retry);
    expect(got.totals.blobs).toBe(1);
    expect(got.coverage.siem).toEqual({ [hour]: [1, 0, 0, 0] });
    const [entry] = taken(aCheckpoint(), [
      { blob, has: [], failed: { ...failure, destinations: ['archive'] } },
    ]).quarantine;
    expect(entry).not.toHaveProperty('isCounted');
  });

  it('has failed again where any of those who lack it says so', () => {
    const quarantine = [aQuarantinedBlob({ destinations: both })];
    const failed = { ...failure, destinations: ['lake', 'siem'] };
    const next = takeRetries(
      aCheckpoint({ destinations: both, quarantine }),
      [{ blob, has: [], failed }],
      retry,
    );
    expect(next.quarantine).toMatchObject([{ attempts: 4, destinations: both }]);
  });

  it('takes nothing of what is said of others', () => {
    const entries = [aQuarantinedBlob(), aQuarantinedBlob({ contentId: 'other$' })];
    const checkpoint = aCheckpoint({ destinations: both, quarantine: entries });
    const lost = { destinations: ['siem'], reason: 'expired' };
    expect(takeRetries(checkpoint, [{ blob, has: ['siem'], lost }], retry)).toEqual(checkpoint);
  });
});
