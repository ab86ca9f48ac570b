import { describe, expect, it } from 'vitest';
import type { FailingActivity } from '../../src/activities/failing-signal.ts';
import { addBackfill, backfillId, pauseBackfill } from '../../src/domain/backfill.ts';
import { detailsOf, ingestState, isClogged, statusOf } from '../../src/workflows/status.ts';
import {
  initialState,
  maxUnrecordedLosses,
  type SubscriptionState,
} from '../../src/workflows/subscription-state.ts';
import { aCheckpoint, aQuarantinedBlob, at } from './checkpoint-builders.ts';

const subscription = { tenantId: '11111111-2222-3333-4444-555555555555', contentType: 'Audit.Exchange' };
const parked = { type: 'ManagementApi.unauthorized', reason: 'grant the role', nextProbe: at('12:30') };
const loss = { startTime: at('08:00'), endTime: at('09:00'), reason: 'too old', time: at('12:00') };
const clogged = aCheckpoint({ losses: Array.from({ length: maxUnrecordedLosses + 1 }, () => loss) });
const settings = {
  tenantName: 'contoso',
  destinations: [
    { name: 'archive', lookbackMs: 0 },
    { name: 'siem', lookbackMs: 0 },
  ],
  settleTimeMs: 120_000,
  sweepAgesMs: [],
  listingHeartbeatMs: 60_000,
  hasSearchAttributes: true,
};

function aState(changed: Partial<SubscriptionState> = {}): SubscriptionState {
  return { ...initialState, isEnsured: true, isCatchingUp: false, checkpoint: aCheckpoint(), ...changed };
}

function failing(failureType: string, message = 'said'): FailingActivity {
  return { activityId: 'list-1', failureType, message, attempt: 4, nextAttemptTime: at('12:10') };
}

const status = (state: SubscriptionState, activity: { pending?: number; failing?: FailingActivity[] } = {}) =>
  statusOf(subscription, state, { pending: 0, failing: [], ...activity });

describe('the state of a subscription', () => {
  const throttled = [failing('ManagementApi.unavailable'), failing('ManagementApi.throttled')];

  it.each([
    ['running', aState(), []],
    ['catchingUp', aState({ isCatchingUp: true }), [failing('ManagementApi.unavailable')]],
    ['throttled', aState({ isCatchingUp: true }), throttled],
    ['paused', aState({ paused: { since: at('11:00') } }), throttled],
    ['blocked', aState({ paused: { since: at('11:00') }, parked }), throttled],
    ['blocked', aState({ checkpoint: clogged }), []],
  ])('is the worst of what it is: %s', (expected, state, activities) => {
    expect(ingestState(state, activities)).toBe(expected);
  });

  it('is blocked while too many losses wait for the ledger', () => {
    expect(isClogged(aState({ checkpoint: clogged }))).toBe(true);
    expect(isClogged(aState({ checkpoint: { ...clogged, losses: clogged.losses.slice(1) } }))).toBe(false);
    const written = clogged.losses.map((one) => ({ ...one, isRecorded: true as const }));
    expect(isClogged(aState({ checkpoint: { ...clogged, losses: written } }))).toBe(false);
    expect(isClogged({ ...initialState })).toBe(false);
  });
});

describe('the reason', () => {
  const reason = (state: SubscriptionState, ...activities: FailingActivity[]) =>
    status(state, { failing: activities }).reason;
  const detached = { siem: { since: at('09:00'), position: at('09:00'), failureType: 'x', message: 'y' } };

  it('is none while all is well', () => {
    expect(reason(aState())).toBeNull();
    expect(reason({ ...initialState })).toBeNull();
  });

  it('is that of the state, in words', () => {
    expect(reason(aState({ parked, paused: { since: at('11:00') } }))).toBe('grant the role');
    expect(reason(aState({ checkpoint: clogged, paused: { since: at('11:00') } }))).toContain(
      'coverage_path',
    );
    expect(reason(aState({ paused: { since: at('11:00') } }), failing('x'))).toBe('paused by an operator');
    expect(reason(aState({ paused: { since: at('11:00'), reason: 'maintenance' } }))).toBe('maintenance');
    expect(reason(aState({ checkpoint: aCheckpoint({ detached }) }))).toBe(
      'away, and owed what it misses: siem',
    );
  });

  it('names throttling before other failures, and of these the newest', () => {
    expect(reason(aState(), failing('ManagementApi.throttled', 'slow down'), failing('x', 'newer'))).toBe(
      'slow down',
    );
    expect(reason(aState(), failing('x', 'older'), failing('x', 'newer'))).toBe('newer');
  });
});

describe('the status of a subscription', () => {
  it('is empty before anything was listed', () => {
    expect(status({ ...initialState })).toEqual({
      ...subscription,
      state: 'catchingUp',
      reason: null,
      checkpointTime: null,
      sweepHorizon: null,
      pending: 0,
      quarantined: 0,
      lost: 0,
      delivered: { blobs: 0, records: 0 },
      lastFailure: null,
      nextAttemptTime: null,
    });
  });

  it('counts a blob that was set aside as pending until its third attempt', () => {
    const soon = new Date(Date.now() + 60_000).toISOString();
    const quarantine = [1, 2, 3].map((attempts) => aQuarantinedBlob({ attempts, nextAttempt: soon }));
    const totals = { blobs: 5, records: 50, bytes: 500, repeats: 0, lost: 2, late: 0 };
    const checkpoint = aCheckpoint({ quarantine, totals, sweepHorizon: at('09:00') });
    expect(status(aState({ checkpoint }), { pending: 4 })).toMatchObject({
      checkpointTime: at('10:00'),
      sweepHorizon: at('09:00'),
      pending: 6,
      quarantined: 1,
      lost: 2,
      delivered: { blobs: 5, records: 50 },
    });
  });

  it('says what failed last and when the next attempt is', () => {
    const lastFailure = { type: 'x', message: 'y', time: at('11:59') };
    const paused = { since: at('11:00'), until: at('13:00') };
    const activities = { failing: [failing('a'), { ...failing('b'), nextAttemptTime: at('12:20') }] };
    expect(status(aState({ lastFailure, parked, paused }), activities)).toMatchObject({
      lastFailure,
      nextAttemptTime: at('12:30'),
    });
    expect(status(aState({ paused }), activities).nextAttemptTime).toBe(at('13:00'));
    expect(status(aState(), activities).nextAttemptTime).toBe(at('12:20'));
  });
});

describe('the details for people', () => {
  it('name the tenant, the state with its reason, and the next attempt', () => {
    const state = aState({ parked });
    const text = detailsOf(status(state, { pending: 7 }), state, settings);
    expect(text.split('\n').slice(0, 4)).toEqual([
      '### contoso · Audit.Exchange',
      '',
      '| | |',
      '| --- | --- |',
    ]);
    expect(text).toContain('| State | **blocked**: grant the role |');
    expect(text).toContain('| Delivered up to | 2026-11-22T10:00:00.000Z |');
    expect(text).toContain('| Pending | 7 blobs |');
    expect(text).toContain('| Destinations | archive, siem |');
    expect(text).toContain(`| Next attempt | ${at('12:30')} |`);
  });

  it('name the tenant by its id, and nothing that is not so', () => {
    const text = detailsOf(status({ ...initialState }), { ...initialState }, undefined);
    expect(text).toContain(`### ${subscription.tenantId} · Audit.Exchange`);
    expect(text).toContain('| State | catchingUp |');
    expect(text).toContain('| Delivered up to | nothing listed yet |');
    expect(text).toContain('| Delivered | 0 blobs, 0 records |');
    for (const absent of ['Away', 'Backfill', 'Sweeps', 'Next attempt', 'late'])
      expect(text).not.toContain(absent);
  });

  it('name who is away, what is backfilled, how far back sweeps reach, and what was late', () => {
    const window = { startTime: at('08:00'), endTime: at('09:00') };
    const request = { ...window, resend: true };
    const detached = { siem: { since: at('09:00'), position: at('09:00'), failureType: 'x', message: 'y' } };
    const totals = { blobs: 5, records: 50, bytes: 500, repeats: 0, lost: 0, late: 2 };
    const base = aCheckpoint({ detached, totals, sweepHorizon: at('09:00') });
    const checkpoint = pauseBackfill(
      addBackfill(addBackfill(base, window, window), request, window),
      backfillId(window),
      true,
    );
    const state = aState({ checkpoint });
    const text = detailsOf(status(state), state, settings);
    expect(text).toContain(`| Away: siem | since ${at('09:00')}: x: y |`);
    expect(text).toContain(
      `| Backfill ${backfillId(window)} | paused at ${at('08:00')}, ends at ${at('09:00')} |`,
    );
    expect(text).toContain(
      `| Backfill ${backfillId(request)} | goes on at ${at('08:00')}, ends at ${at('09:00')} |`,
    );
    expect(text).toContain(`| Sweeps reach back to | ${at('09:00')} |`);
    expect(text).toContain('| Delivered | 5 blobs, 50 records, 2 blobs found late |');
  });
});
