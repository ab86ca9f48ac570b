import { describe, expect, it } from 'vitest';
import type { ForwardedContent } from '../../src/activities/forward-content.ts';
import type { ContentListing } from '../../src/activities/list-content.ts';
import { beginAt, isNew } from '../../src/domain/checkpoint.ts';
import {
  detailsOf,
  finishWindow,
  ingestState,
  initialState,
  statusOf,
  takeFailure,
  takeListing,
  takeOutcome,
  type SubscriptionState,
} from '../../src/workflows/subscription-state.ts';

const subscription = { tenantId: '11111111-2222-3333-4444-555555555555', contentType: 'Audit.Exchange' };
const settings = { destinations: ['events'], settleTimeMs: 120_000, hasSearchAttributes: true };
const blob = (index: number) => ({
  contentId: `id$${index}`,
  contentCreated: `2026-11-22T10:0${index}:00.000Z`,
});

function aState(): SubscriptionState {
  return { ...initialState, isEnsured: true, checkpoint: beginAt('2026-11-22T10:00:00Z') };
}

function aListing(overrides: Partial<ContentListing> = {}): ContentListing {
  return {
    window: { startTime: '2026-11-22T10:00:00.000Z', endTime: '2026-11-22T10:58:00.000Z' },
    blobs: [],
    polls: 3,
    quietPolls: 2,
    listedAt: '2026-11-22T11:00:00.000Z',
    settings,
    ...overrides,
  };
}

describe('a listing', () => {
  it('says how far behind a subscription is', () => {
    const state = aState();
    takeListing(state, aListing());
    expect(ingestState(state)).toBe('running');
    takeListing(state, aListing({ listedAt: '2026-11-22T11:30:00.000Z' }));
    expect(ingestState(state)).toBe('catchingUp');
    expect(state).toMatchObject({ polls: 6, quietPolls: 2 });
  });

  it('records what the service no longer lists as a loss, and goes on with the rest', () => {
    const state = aState();
    const window = { startTime: '2026-11-22T10:30:00.000Z', endTime: '2026-11-22T10:58:00.000Z' };
    expect(takeListing(state, aListing({ window }))).toHaveLength(1);
    expect(state.checkpoint?.losses).toMatchObject([
      { startTime: '2026-11-22T10:00:00.000Z', endTime: '2026-11-22T10:30:00.000Z' },
    ]);
    expect(state.checkpoint?.position).toBe(window.startTime);
    expect(statusOf(subscription, state, 0).lost).toBe(1);
  });
});

describe('an outcome', () => {
  const batch = [blob(1), blob(2), blob(3)];

  it('counts what is delivered, records what is lost, and leaves what failed to be done', () => {
    const state = aState();
    const { done, losses } = takeOutcome(state, batch, {
      delivered: 1,
      records: 5,
      bytes: 500,
      repeats: 0,
      failed: [{ index: 1, failureType: 'ManagementApi.unavailable', message: 'said' }],
      lost: [{ index: 2, reason: 'expired' }],
    });
    expect(losses).toHaveLength(1);
    expect([...done]).toEqual(['id$1', 'id$3']);
    expect(batch.map((one) => isNew(state.checkpoint!, one))).toEqual([false, true, true]);
    expect(state.checkpoint?.totals).toEqual({ blobs: 1, records: 5, bytes: 500, repeats: 0, lost: 1 });
    expect(state.checkpoint?.losses).toMatchObject([{ contentId: 'id$3', reason: 'expired' }]);
    expect(state.lastFailure).toMatchObject({ type: 'ManagementApi.unavailable', message: 'said' });
  });
});

describe('an outcome that was written by hand', () => {
  it.each([
    {},
    { delivered: 1, records: 1, bytes: 1, repeats: 0, failed: [], lost: [] },
    { delivered: 3, failed: [], lost: [] },
  ])('%o leaves all to be done', (outcome) => {
    const state = aState();
    const batch = [blob(1), blob(2), blob(3)];
    // What a person completes an activity with need not have the type.
    const { done, losses } = takeOutcome(state, batch, outcome as unknown as ForwardedContent);
    expect([done.size, losses.length]).toEqual([0, 0]);
    expect(batch.every((one) => isNew(state.checkpoint!, one))).toBe(true);
  });
});

describe('a failure that needs somebody', () => {
  it('blocks with its reason until a window is finished', () => {
    const state = aState();
    takeFailure(state, { type: 'ManagementApi.unauthorized', message: 'grant the role' }, 30_000);
    const status = statusOf(subscription, state, 0);
    expect(status).toMatchObject({ state: 'blocked', reason: 'grant the role' });
    expect(Date.parse(status.nextAttemptTime!)).toBeGreaterThan(Date.now());
    expect(state).toMatchObject({ isEnsured: false, probes: 1 });
    finishWindow(state, aListing());
    expect(state).toMatchObject({ probes: 0, checkpoint: { position: '2026-11-22T10:58:00.000Z' } });
    expect(ingestState(state)).not.toBe('blocked');
  });

  it('outranks a pause', () => {
    const state = aState();
    state.paused = { since: '2026-11-22T10:00:00Z' };
    expect(statusOf(subscription, state, 0)).toMatchObject({
      state: 'paused',
      reason: 'paused by an operator',
    });
    takeFailure(state, { type: 'X', message: 'y' }, 1);
    expect(ingestState(state)).toBe('blocked');
  });
});

describe('the details for people', () => {
  it('name the tenant, the state with its reason, and the next attempt', () => {
    const state = aState();
    takeFailure(state, { type: 'X', message: 'the secret is refused' }, 30_000);
    const text = detailsOf(statusOf(subscription, state, 7), { ...settings, tenantName: 'contoso' });
    expect(text).toContain('### contoso · Audit.Exchange');
    expect(text).toContain('**blocked**: the secret is refused');
    expect(text).toContain('7 blobs');
    expect(text).toMatch(/Next attempt \| 20/);
  });
});
