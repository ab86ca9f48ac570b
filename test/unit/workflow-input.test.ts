import { describe, expect, it } from 'vitest';
import { addBackfill, maxBackfills } from '../../src/domain/backfill.ts';
import {
  requireBackfillInput,
  requireBackfillRequest,
  requireCoverageRequest,
  requireDiscardRequest,
  requireIngestInput,
  requireNoArgument,
  requirePage,
  requirePauseRequest,
  requireQuarantineSelection,
} from '../../src/workflows/input.ts';
import { initialState } from '../../src/workflows/subscription-state.ts';
import { aCheckpoint } from './checkpoint-builders.ts';

const tenantId = '11111111-2222-3333-4444-555555555555';
const contentType = 'Audit.Exchange';
const workflowId = `office365/${tenantId}/${contentType}`;
const nowMs = Date.parse('2026-11-22T12:00:00Z');
const read = (input: unknown, id = workflowId) => requireIngestInput(input, { nowMs, workflowId: id });

describe('the input of ingestSubscription', () => {
  it('is taken in any letter case', () => {
    const written = { tenantId: tenantId.toUpperCase(), contentType: ' audit.exchange' };
    expect(read(written)).toEqual({ tenantId, contentType });
  });

  it('may name a start time with any zone', () => {
    const startTime = '2026-11-22T10:00:00+02:00';
    expect(read({ tenantId, contentType, startTime }).startTime).toBe('2026-11-22T08:00:00.000Z');
  });

  it.each([
    [undefined, 'input: must be one JSON object with tenantId, contentType'],
    ['text', 'input: must be one JSON object'],
    [[{ tenantId, contentType }], 'input: must be one JSON object'],
    [{ contentType }, 'tenantId: must be a string'],
    [{ tenantId: 7, contentType }, 'tenantId: must be a string'],
    [{ tenantId: 'contoso', contentType }, 'tenantId: must be the GUID'],
    [{ tenantId }, 'contentType: must be a string'],
    [{ tenantId, contentType: '' }, 'contentType: must be a string'],
    [
      { tenantId, contentType, url: 'https://elsewhere.example' },
      'url: is not a field of input; allowed: tenantId',
    ],
    [
      { tenantId, contentType, startTime: '2026-11-22T12:00:01Z' },
      'startTime: 2026-11-22T12:00:01.000Z is in the future',
    ],
    [
      { tenantId, contentType, startTime: '2026-11-22T10:00:00' },
      'startTime: 2026-11-22T10:00:00 is not a time in ISO 8601 with zone',
    ],
    [{ tenantId, contentType, startTime: 'yesterday' }, 'startTime: yesterday is not a time'],
    [{ tenantId, contentType, startTime: '2026-13-45T99:00:00Z' }, 'is not a time'],
    [
      { tenantId, contentType, state: { checkpoint: { version: 2 } } },
      'state: its version is 2; this release reads 1; leave it out to begin anew',
    ],
    [{ tenantId, contentType, state: 'x' }, 'state: is not what this release writes'],
    [
      { tenantId, contentType, checkpoint: [] },
      'checkpoint: it is not an object; leave it out to begin anew',
    ],
    [
      { tenantId, contentType, checkpoint: aCheckpoint(), startTime: '2026-11-22T00:00:00Z' },
      'startTime: is incompatible with checkpoint',
    ],
  ])('%o is refused, and the message names the field: %s', (input, message) => {
    expect(() => read(input)).toThrow(message);
    expect(() => read(input)).toThrow(
      expect.objectContaining({ type: 'Input', nonRetryable: true }) as Error,
    );
  });

  it('is refused under an id that is not its own, after the fields', () => {
    expect(() => read({ tenantId, contentType }, 'mine')).toThrow(`workflow id: must be ${workflowId}`);
    expect(() => read({ tenantId, contentType, extra: 1 }, 'mine')).toThrow('extra: is not a field');
  });
});

describe('what a run of ingestSubscription hands over', () => {
  it('is taken, with what an older release did not know yet', () => {
    const checkpoint = JSON.parse(JSON.stringify(aCheckpoint())) as unknown;
    expect(read({ tenantId, contentType, state: { isEnsured: true, checkpoint } }).state).toEqual({
      ...initialState,
      isEnsured: true,
      checkpoint: aCheckpoint(),
    });
    expect(read({ tenantId, contentType, state: null, checkpoint: null })).toEqual({ tenantId, contentType });
  });

  it('is taken as the result of one that was cancelled', () => {
    const checkpoint = JSON.parse(JSON.stringify(aCheckpoint())) as unknown;
    expect(read({ tenantId, contentType, checkpoint })).toEqual({
      tenantId,
      contentType,
      checkpoint: aCheckpoint(),
    });
  });
});

describe('a request for a backfill', () => {
  const span = { startTime: '2026-11-22T08:00:00+02:00', endTime: '2026-11-22T09:00:00Z' };
  const known = aCheckpoint({ destinations: ['archive', 'siem'] });

  it('is taken in one spelling, with what it names', () => {
    expect(requireBackfillRequest(span, known, nowMs)).toEqual({
      startTime: '2026-11-22T06:00:00.000Z',
      endTime: '2026-11-22T09:00:00.000Z',
    });
    const all = { ...span, destinations: ['siem'], resend: true, follower: ' me ' };
    expect(requireBackfillRequest(all, known, nowMs)).toMatchObject({
      destinations: ['siem'],
      resend: true,
      follower: 'me',
    });
    expect(requireBackfillRequest({ ...span, resend: false }, undefined, nowMs)).not.toHaveProperty('resend');
    expect(requireBackfillRequest({ ...span, destinations: ['any'] }, undefined, nowMs).destinations).toEqual(
      ['any'],
    );
    const ahead = { ...span, endTime: '2026-11-22T12:01:00Z' };
    expect(requireBackfillRequest(ahead, known, nowMs).endTime).toBe('2026-11-22T12:01:00.000Z');
  });

  it.each([
    [undefined, 'backfill: must be one JSON object with startTime, endTime'],
    [{ endTime: span.endTime }, 'startTime: is missing'],
    [{ startTime: span.startTime }, 'endTime: is missing'],
    [
      { ...span, endTime: '2026-11-22T06:00:00Z' },
      'endTime: must be later than startTime, 2026-11-22T06:00:00.000Z',
    ],
    [{ ...span, endTime: '2026-11-22T12:01:00.001Z' }, 'endTime: 2026-11-22T12:01:00.001Z is in the future'],
    [
      { startTime: '2026-11-01T00:00:00Z', endTime: '2026-11-02T00:00:00Z' },
      'endTime: 2026-11-02T00:00:00.000Z is further back than Microsoft lists content (7 days)',
    ],
    [{ ...span, resend: 'yes' }, 'resend: must be true or false'],
    [{ ...span, destinations: [] }, 'destinations: must be a list of strings and not empty'],
    [{ ...span, destinations: 'siem' }, 'destinations: must be a list of strings and not empty'],
    [{ ...span, destinations: [7] }, 'destinations: must be a list of strings and not empty'],
    [{ ...span, destinations: ['siem', 'lake'] }, 'destinations: lake is none of archive, siem'],
    [{ ...span, follower: '' }, 'follower: must be a string and not empty'],
    [{ ...span, tenantId }, 'tenantId: is not a field of backfill'],
  ])('%o is refused: %s', (request, message) => {
    expect(() => requireBackfillRequest(request, known, nowMs)).toThrow(message);
  });

  it('is refused while too many wait already', () => {
    const window = { startTime: '2026-11-22T06:00:00.000Z', endTime: '2026-11-22T09:00:00.000Z' };
    const waiting = Array.from({ length: maxBackfills }, (_, index) => `2026-11-22T07:${10 + index}:00.000Z`);
    const full = waiting.reduce((one, endTime) => addBackfill(one, { ...window, endTime }, window), known);
    expect(() => requireBackfillRequest(span, full, nowMs)).toThrow(
      `backfill: ${maxBackfills} are waiting already`,
    );
    const less = { ...full, backfills: full.backfills.slice(1) };
    expect(() => requireBackfillRequest(span, less, nowMs)).not.toThrow();
  });

  it('of a workflow names the subscription, too', () => {
    const input = { tenantId: tenantId.toUpperCase(), contentType: 'audit.exchange', ...span, resend: true };
    expect(requireBackfillInput(input, nowMs)).toEqual({
      tenantId,
      contentType,
      startTime: '2026-11-22T06:00:00.000Z',
      endTime: '2026-11-22T09:00:00.000Z',
      resend: true,
    });
    expect(() => requireBackfillInput({ ...input, tenantId: 'x' }, nowMs)).toThrow(
      'tenantId: must be the GUID',
    );
    expect(() => requireBackfillInput({ ...input, follower: 'x' }, nowMs)).toThrow(
      'follower: is not a field of input',
    );
  });
});

describe('a selection of blobs in quarantine', () => {
  it('may be all of them, or some', () => {
    for (const none of [undefined, null, {}]) expect(requireQuarantineSelection(none)).toEqual({});
    expect(requireQuarantineSelection({ contentIds: ['a', 'b'] })).toEqual({ contentIds: ['a', 'b'] });
    expect(() => requireQuarantineSelection({ contentIds: [] })).toThrow('contentIds: must be a list');
    expect(() => requireQuarantineSelection({ ids: ['a'] })).toThrow(
      'ids: is not a field of retryQuarantined',
    );
  });

  it('to be given up is named one by one', () => {
    expect(requireDiscardRequest({ contentIds: ['a'] })).toEqual({ contentIds: ['a'] });
    expect(requireDiscardRequest({ contentIds: ['a'], reason: ' broken ' })).toEqual({
      contentIds: ['a'],
      reason: 'broken',
    });
    expect(() => requireDiscardRequest(undefined)).toThrow('discardQuarantined: must be one JSON object');
    expect(() => requireDiscardRequest({ reason: 'all' })).toThrow('contentIds: must be a list');
    expect(() => requireDiscardRequest({ contentIds: ['a'], reason: 7 })).toThrow('reason: must be a string');
  });
});

describe('a page', () => {
  it('is the first 1,000 rows, or those that are named', () => {
    for (const none of [undefined, null, {}])
      expect(requirePage('quarantine', none)).toEqual({ offset: 0, limit: 1_000 });
    expect(requirePage('quarantine', { offset: 5, limit: 1 })).toEqual({ offset: 5, limit: 1 });
  });

  it.each([
    [{ offset: -1 }, 'offset: must be a whole number from 0'],
    [{ offset: 0.5 }, 'offset: must be a whole number from 0'],
    [{ limit: 0 }, 'limit: must be a whole number from 1 to 1000'],
    [{ limit: 1_001 }, 'limit: must be a whole number from 1 to 1000'],
    [{ limit: '7' }, 'limit: must be a whole number from 1 to 1000'],
    [{ page: 1 }, 'page: is not a field of quarantine; allowed: offset, limit'],
  ])('%o is refused: %s', (request, message) => {
    expect(() => requirePage('quarantine', request)).toThrow(message);
  });

  it('of coverage may be of a span and a destination', () => {
    expect(requireCoverageRequest(undefined)).toEqual({ offset: 0, limit: 1_000 });
    const request = {
      from: '2026-11-22T10:00:00+02:00',
      to: '2026-11-22T09:00:00Z',
      destination: 'siem',
      limit: 2,
    };
    expect(requireCoverageRequest(request)).toEqual({
      offset: 0,
      limit: 2,
      from: '2026-11-22T08:00:00.000Z',
      to: '2026-11-22T09:00:00.000Z',
      destination: 'siem',
    });
    expect(() => requireCoverageRequest({ from: 'now' })).toThrow('from: now is not a time');
    expect(() => requireCoverageRequest({ destination: 7 })).toThrow('destination: must be a string');
    expect(() => requireCoverageRequest('all')).toThrow('coverage: must be one JSON object');
  });
});

describe('the argument of an update', () => {
  it('may be left out', () => {
    expect(requirePauseRequest(undefined, nowMs)).toEqual({});
    expect(requirePauseRequest(null, nowMs)).toEqual({});
    expect(() => requireNoArgument('resume', undefined)).not.toThrow();
    expect(() => requireNoArgument('resume', {})).not.toThrow();
  });

  it('of pause takes a reason and a time to come', () => {
    const request = { reason: ' maintenance ', until: '2026-11-22T12:00:01Z' };
    expect(requirePauseRequest(request, nowMs)).toEqual({
      reason: 'maintenance',
      until: '2026-11-22T12:00:01.000Z',
    });
  });

  it.each([
    [{ until: '2026-11-22T12:00:00Z' }, 'until: 2026-11-22T12:00:00.000Z is over already'],
    [{ until: 5 }, 'until: must be a string'],
    [{ why: 'x' }, 'why: is not a field of pause; allowed: reason, until'],
    ['now', 'pause: must be one JSON object'],
  ])('of pause %o is refused: %s', (request, message) => {
    expect(() => requirePauseRequest(request, nowMs)).toThrow(message);
  });

  it('of resume and retryNow takes no field', () => {
    expect(() => requireNoArgument('resume', { at: 1 })).toThrow(
      'at: is not a field of resume; allowed: none',
    );
  });
});
