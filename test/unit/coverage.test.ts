import { describe, expect, it } from 'vitest';
import { addBackfill } from '../../src/domain/backfill.ts';
import {
  coverageOf,
  coveredSpan,
  dueForLedger,
  isLedgerDue,
  markHoursRecorded,
} from '../../src/domain/coverage-report.ts';
import { addCounts, dropHours, type CoverageHour, type HourCounts } from '../../src/domain/coverage.ts';
import { recordLosses } from '../../src/domain/deliveries.ts';
import { aBlob, aCheckpoint, aGap, aQuarantinedBlob, at, delivered } from './checkpoint-builders.ts';

const hour = (number: number) => at(`${String(number).padStart(2, '0')}:00`).slice(0, 13);
const span = (startTime: string, endTime: string) => ({ startTime: at(startTime), endTime: at(endTime) });
const nine = span('09:00', '10:00');
const counts: HourCounts = [3, 30, 1, 0];
const counted = (changed = {}) =>
  aCheckpoint({ coverage: { archive: { [hour(8)]: counts, [hour(9)]: counts } }, ...changed });
const only = (rows: readonly CoverageHour[]) => {
  expect(rows).toHaveLength(1);
  return rows[0]!;
};
const pending = (...destinations: string[]) => ({ ...aBlob('09:05'), destinations });

describe('counts', () => {
  it('are added per destination and hour', () => {
    const once = addCounts({ siem: { [hour(8)]: counts } }, 'archive', { [hour(9)]: [1, 2, 3, 4] });
    expect(addCounts(once, 'archive', { [hour(9)]: [10, 20, 30, 40], [hour(10)]: [1, 1, 1, 1] })).toEqual({
      siem: { [hour(8)]: counts },
      archive: { [hour(9)]: [11, 22, 33, 44], [hour(10)]: [1, 1, 1, 1] },
    });
    expect(once.archive).toEqual({ [hour(9)]: [1, 2, 3, 4] });
  });

  it('are dropped by hour', () => {
    const coverage = { archive: { [hour(8)]: counts, [hour(9)]: counts }, siem: { [hour(8)]: counts } };
    expect(dropHours(coverage, (one) => one === hour(8))).toEqual({
      archive: { [hour(9)]: counts },
      siem: {},
    });
  });
});

describe('the balance of an hour', () => {
  it('is complete and final when all that was listed is delivered and every sweep has been past', () => {
    expect(only(coverageOf(counted(), nine))).toEqual({
      destination: 'archive',
      hour: hour(9),
      listed: 3,
      delivered: 3,
      late: 1,
      pending: 0,
      quarantined: 0,
      lost: 0,
      records: 30,
      complete: true,
      final: true,
    });
  });

  it('has a row for each hour and destination, in their order, also for hours without blobs', () => {
    const rows = coverageOf(counted({ destinations: ['siem', 'archive'] }), span('08:30', '09:30'));
    expect(rows.map(({ hour: one, destination, listed }) => [one.slice(11), destination, listed])).toEqual([
      ['08', 'siem', 0],
      ['08', 'archive', 3],
      ['09', 'siem', 0],
      ['09', 'archive', 3],
    ]);
  });

  it('counts what is under way, what waits for another attempt, and what is in quarantine', () => {
    const quarantine = [
      aQuarantinedBlob({ attempts: 2 }),
      aQuarantinedBlob({ contentId: 'b' }),
      aQuarantinedBlob({ contentId: 'c' }),
      aQuarantinedBlob({ contentId: 'd', isResend: true }),
      aQuarantinedBlob({ contentId: 'e', destinations: ['siem'] }),
      aQuarantinedBlob({ contentId: 'f', contentCreated: at('08:05') }),
    ];
    const row = only(coverageOf(counted({ quarantine }), nine, [pending('archive'), pending('siem')]));
    expect(row).toMatchObject({
      listed: 7,
      delivered: 3,
      pending: 2,
      quarantined: 2,
      complete: false,
      final: false,
    });
  });

  it.each([
    ['something is under way', counted(), [pending('archive')]],
    ['something is set aside', counted({ quarantine: [aQuarantinedBlob()] }), []],
    ['the hour is not over', counted({ position: '2026-11-22T09:59:59.999Z' }), []],
    ['it is owed something', counted({ gaps: [aGap('09:59', '10:30')] }), []],
    ['it is backfilled', addBackfill(counted(), span('09:59', '11:00'), span('09:59', '11:00')), []],
  ])('is open while %s', (_, checkpoint, underWay) => {
    expect(only(coverageOf(checkpoint, nine, underWay))).toMatchObject({ complete: false, final: false });
  });

  it.each([
    ['what is set aside is sent again', counted({ quarantine: [aQuarantinedBlob({ isResend: true })] })],
    ['somebody else is owed something', counted({ gaps: [aGap('09:00', '10:00', { destination: 'siem' })] })],
    ['nobody wants what is missing', counted({ gaps: [aGap('09:00', '10:00', { isWanted: false })] })],
    ['something is owed before', counted({ gaps: [aGap('08:00', '09:00')] })],
    ['it is backfilled before', addBackfill(counted(), span('08:00', '09:00'), span('08:00', '09:00'))],
    ['it is backfilled after', addBackfill(counted(), span('10:00', '11:00'), span('10:00', '11:00'))],
  ])('is closed although %s', (_, checkpoint) => {
    expect(only(coverageOf(checkpoint, nine))).toMatchObject({ complete: true, final: true });
  });

  it('is not final before the last sweep', () => {
    const sweeps = { 1000: at('10:00'), 2000: '2026-11-22T09:59:59.999Z' };
    expect(only(coverageOf(counted({ sweeps }), nine))).toMatchObject({ complete: true, final: false });
    expect(only(coverageOf(counted({ sweeps: { 1000: at('10:00') } }), nine)).final).toBe(true);
  });

  it('says where Microsoft did not collect yet', () => {
    const notCollected = (collectedSince: string) =>
      only(coverageOf(counted({ collectedSince }), nine)).notCollected;
    expect([notCollected(at('10:00')), notCollected('2026-11-22T09:59:59.999Z')]).toEqual([true, undefined]);
  });

  it('is never complete where blobs were lost, but final', () => {
    const lossy = counted({ coverage: { archive: { [hour(9)]: [2, 20, 0, 1] } } });
    expect(only(coverageOf(lossy, nine))).toMatchObject({ listed: 3, lost: 1, complete: false, final: true });
  });

  const loss = { ...span('09:30', '09:40'), reason: 'too old', time: at('12:00') };

  it.each([
    ['for all', loss, false],
    ['for it', { ...loss, destinations: ['archive'] }, false],
    ['for another', { ...loss, destinations: ['siem'] }, true],
    ['before it', { ...loss, ...span('08:00', '09:00') }, true],
    ['after it', { ...loss, ...span('10:00', '11:00') }, true],
    ['of a single blob, which counts itself', { ...loss, contentId: 'a' }, true],
  ])('is complete although a span was lost %s: %#', (_, one, complete) => {
    expect(only(coverageOf(recordLosses(counted(), [one]), nine)).complete).toBe(complete);
  });
});

describe('the hours that a checkpoint speaks of', () => {
  it('begin with it, or with the retention, and end with the position', () => {
    expect(coveredSpan(aCheckpoint())).toEqual({
      startTime: at('08:00'),
      endTime: '2026-11-22T10:00:00.001Z',
    });
    expect(coveredSpan(aCheckpoint({ begin: at('00:00', 1) })).startTime).toBe(at('10:00', 15));
  });

  it('reach back to what is still counted', () => {
    expect(
      coveredSpan(counted({ coverage: { archive: { [hour(5)]: counts }, siem: { [hour(4)]: counts } } }))
        .startTime,
    ).toBe(at('04:00'));
    expect(coveredSpan(counted({ coverage: { archive: { [hour(9)]: counts } } })).startTime).toBe(
      at('08:00'),
    );
  });
});

describe('the ledger', () => {
  const hours = (rows: readonly CoverageHour[]) => rows.map((row) => row.hour.slice(11));
  const late = aCheckpoint({ position: at('14:30') });

  it('gets the hours that every sweep has been past, even with blobs in quarantine', () => {
    expect(hours(dueForLedger(late, 100))).toEqual(['08', '09', '10', '11', '12', '13']);
    const sweeps = { 1000: at('11:00'), 2000: at('10:59') };
    expect(hours(dueForLedger({ ...late, sweeps }, 100))).toEqual(['08', '09']);
    expect(hours(dueForLedger({ ...late, quarantine: [aQuarantinedBlob()] }, 100))).toContain('09');
  });

  it('gets so many hours at once, for all destinations', () => {
    expect(hours(dueForLedger({ ...late, destinations: ['archive', 'siem'] }, 2))).toEqual([
      '08',
      '08',
      '09',
      '09',
    ]);
  });

  it('waits for a backfill', () => {
    const request = span('09:30', '11:00');
    expect(hours(dueForLedger(addBackfill(late, request, request), 100))).toEqual(['08']);
  });

  it('gets an hour that has changed once more, when it is final', () => {
    const amended = { ...late, recordedUntil: hour(13), amendedHours: [hour(9), hour(10)] };
    expect(hours(dueForLedger({ ...amended, quarantine: [aQuarantinedBlob()] }, 100))).toEqual(['10', '13']);
  });

  it('waits with an hour that has changed until it is final for all', () => {
    const gaps = [aGap('09:00', '10:00', { destination: 'siem' })];
    const checkpoint = {
      ...late,
      destinations: ['archive', 'siem'],
      gaps,
      recordedUntil: hour(14),
      amendedHours: [hour(9)],
    };
    expect(dueForLedger(checkpoint, 100)).toEqual([]);
    expect(hours(dueForLedger({ ...checkpoint, gaps: [] }, 100))).toEqual(['09', '09']);
  });

  it('is due for six hours, for an hour that has changed, and for any loss', () => {
    expect(isLedgerDue(late)).toBe(true);
    expect(isLedgerDue({ ...late, position: '2026-11-22T13:59:59.999Z' })).toBe(false);
    expect(isLedgerDue({ ...late, sweeps: { 1000: '2026-11-22T13:59:59.999Z' } })).toBe(false);
    const early = aCheckpoint({ recordedUntil: hour(10) });
    expect(isLedgerDue(early)).toBe(false);
    expect(isLedgerDue({ ...early, amendedHours: [hour(9)] })).toBe(true);
    expect(isLedgerDue({ ...early, amendedHours: [hour(9)], quarantine: [aQuarantinedBlob()] })).toBe(false);
    const lossy = recordLosses(early, [{ ...nine, reason: 'x', time: at('12:00') }]);
    expect(isLedgerDue(lossy)).toBe(true);
    expect(isLedgerDue({ ...lossy, losses: [{ ...lossy.losses[0]!, isRecorded: true }] })).toBe(false);
  });

  it('is not due for six hours that are being backfilled', () => {
    const request = span('08:30', '11:00');
    expect(isLedgerDue(addBackfill(late, request, request))).toBe(false);
  });

  it('has what was written, and what was not final is written again', () => {
    const quarantine = [aQuarantinedBlob(), aQuarantinedBlob({ contentCreated: at('07:05') })];
    const checkpoint = { ...late, quarantine, amendedHours: [hour(7), hour(6)] };
    const recorded = markHoursRecorded(checkpoint, dueForLedger(checkpoint, 4));
    expect(recorded.recordedUntil).toBe(hour(11));
    expect(recorded.amendedHours).toEqual([hour(7), hour(9)]);
    expect(dueForLedger({ ...recorded, quarantine: [] }, 100).map((row) => row.hour)).toEqual(
      [7, 9, 11, 12, 13].map(hour),
    );
  });

  it('does not go back when an hour is written once more', () => {
    const amended = { ...late, recordedUntil: hour(13), amendedHours: [hour(9)] };
    const recorded = markHoursRecorded(amended, coverageOf(amended, nine));
    expect([recorded.recordedUntil, recorded.amendedHours]).toEqual([hour(13), []]);
  });

  it('gets an hour once more that changed while it was written', () => {
    const rows = dueForLedger(late, 100);
    const recorded = markHoursRecorded(delivered(late, [aBlob('09:05')]), rows);
    expect(recorded.amendedHours).toEqual([hour(9)]);
    const known = delivered(late, [aBlob('09:05')]);
    expect(markHoursRecorded(known, dueForLedger(known, 100)).amendedHours).toEqual([]);
  });
});
