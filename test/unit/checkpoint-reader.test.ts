import { describe, expect, it } from 'vitest';
import { detach } from '../../src/domain/attachment.ts';
import { addBackfill } from '../../src/domain/backfill.ts';
import { readCheckpoint } from '../../src/domain/checkpoint-reader.ts';
import { recordLosses } from '../../src/domain/deliveries.ts';
import { maxCheckpointSize, takeSweepAges } from '../../src/domain/progress.ts';
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

const window = { startTime: at('08:00'), endTime: at('09:00') };

/** Has something of everything. */
const full = recordLosses(
  detach(
    addBackfill(
      delivered(
        takeSweepAges(
          aCheckpoint({
            destinations: ['archive', 'siem'],
            gaps: [aGap('08:00', '09:00', { has: { '2026-11-22T08': ids('a') } })],
            quarantine: [aQuarantinedBlob()],
            sweepHorizon: at('08:30'),
            collectedSince: at('08:00'),
            amendedHours: ['2026-11-22T09'],
          }),
          [3_600_000],
        ),
        [aBlob('09:05')],
      ),
      window,
      window,
    ),
    'siem',
    { failureType: 'Destination.unavailable', message: 'down' },
    nowMs,
  ),
  [{ ...window, reason: 'too old', time: at('12:00') }],
);
const copy = () => JSON.parse(JSON.stringify(full)) as Record<string, never>;

describe('a checkpoint that is handed over', () => {
  it('is taken as it is', () => {
    expect(readCheckpoint(copy())).toEqual(full);
    const { sweepHorizon: _, collectedSince: __, ...lean } = copy();
    expect(readCheckpoint(lean)).toEqual(lean);
  });

  it('may have null where a list is empty, as the Temporal CLI prints it', () => {
    const lists = { destinations: [], amendedHours: [], gaps: [], backfills: [], quarantine: [], losses: [] };
    const empty = Object.fromEntries(Object.keys(lists).map((name) => [name, null]));
    expect(readCheckpoint({ ...copy(), ...empty })).toEqual({ ...copy(), ...lists });
    expect(() => readCheckpoint({ ...copy(), totals: null })).toThrow('totals is not an object');
  });

  it.each([[null], ['text'], [7], [[]]])('is refused where it is %o', (value) => {
    expect(() => readCheckpoint(value)).toThrow(new RangeError('it is not an object'));
  });

  it('is refused in another version', () => {
    expect(() => readCheckpoint({ ...copy(), version: 2 })).toThrow('its version is 2; this release reads 1');
  });

  it('is refused where it is larger than any that is written', () => {
    const padded = { ...copy(), more: 'x'.repeat(1.2 * maxCheckpointSize) };
    expect(() => readCheckpoint(padded)).toThrow(/it has \d+ characters; at most 1000000 are written/);
    const least = JSON.stringify({ ...copy(), more: '' }).length;
    const most = { ...copy(), more: 'x'.repeat(1.2 * maxCheckpointSize - least) };
    expect(readCheckpoint(most)).toEqual(most);
  });

  it.each([
    ['begin', 7, 'begin is not a text'],
    ['begin', 'now', 'begin is not a time in ISO 8601'],
    ['position', '', 'position is not a text'],
    ['destinations', 'archive', 'destinations is not a list of texts'],
    ['destinations', [7], 'destinations is not a list of texts'],
    ['recordedUntil', undefined, 'recordedUntil is not a text'],
    ['amendedHours', {}, 'amendedHours is not a list of texts'],
    ['sweepHorizon', 'soon', 'sweepHorizon is not a time in ISO 8601'],
    ['collectedSince', 'once', 'collectedSince is not a time in ISO 8601'],
    ['delivered', [], 'delivered is not an object'],
    ['delivered', { noon: '' }, 'delivered.noon is not a time in ISO 8601'],
    ['delivered', { '2026-11-22T09': '9' }, 'delivered.2026-11-22T09: delivered ids: written in a format'],
    ['sweeps', null, 'sweeps is not an object'],
    ['sweeps', { 1000: 'x' }, 'sweeps.1000 is not a time'],
    ['detached', [], 'detached is not an object'],
    ['detached', { siem: 7 }, 'detached.siem is not an object'],
    ['detached', { siem: { position: at('09:00') } }, 'detached.siem.since is not a text'],
    ['detached', { siem: { since: at('09:00') } }, 'detached.siem.position is not a text'],
    ['coverage', 7, 'coverage is not an object'],
    ['totals', undefined, 'totals is not an object'],
    ['gaps', {}, 'gaps is not a list'],
    ['gaps', [7], 'gaps[0] is not an object'],
    ['gaps', [{}], 'gaps[0].destination is not a text'],
    ['gaps', [{ destination: 'a' }], 'gaps[0].startTime is not a text'],
    [
      'gaps',
      [aGap('08:00', '09:00'), { ...aGap('08:00', '09:00'), endTime: 7 }],
      'gaps[1].endTime is not a text',
    ],
    ['gaps', [{ ...aGap('08:00', undefined), isWanted: 'yes' }], 'gaps[0].isWanted is not true or false'],
    ['gaps', [{ ...aGap('08:00', undefined), has: undefined }], 'gaps[0].has is not an object'],
    ['backfills', [{ ...window, destinations: [] }], 'backfills[0].id is not a text'],
    [
      'backfills',
      [{ id: 'a', endTime: at('09:00'), destinations: [] }],
      'backfills[0].startTime is not a text',
    ],
    [
      'backfills',
      [{ id: 'a', startTime: at('09:00'), destinations: [] }],
      'backfills[0].endTime is not a text',
    ],
    ['backfills', [{ id: 'a', ...window }], 'backfills[0].destinations is not a list of texts'],
    ['quarantine', [aQuarantinedBlob({ contentId: '' })], 'quarantine[0].contentId is not a text'],
    ['quarantine', [aQuarantinedBlob({ contentCreated: 'x' })], 'quarantine[0].contentCreated is not a time'],
    ['quarantine', [aQuarantinedBlob({ nextAttempt: 'x' })], 'quarantine[0].nextAttempt is not a time'],
    [
      'quarantine',
      [{ ...aQuarantinedBlob(), destinations: 'a' }],
      'quarantine[0].destinations is not a list of texts',
    ],
    ['losses', [{ ...window, startTime: 'x' }], 'losses[0].startTime is not a time'],
    ['losses', [{ ...window, endTime: 'x' }], 'losses[0].endTime is not a time'],
  ])('is refused for its %s %o: %s', (field, value, message) => {
    expect(() => readCheckpoint({ ...copy(), [field]: value })).toThrow(RangeError);
    expect(() => readCheckpoint({ ...copy(), [field]: value })).toThrow(message);
  });
});
