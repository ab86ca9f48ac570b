import { describe, expect, it } from 'vitest';
import { requireIngestInput, requireNoArgument, requirePauseRequest } from '../../src/workflows/input.ts';

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
      'state: is not what this release writes',
    ],
    [{ tenantId, contentType, state: 'x' }, 'state: is not what this release writes'],
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
