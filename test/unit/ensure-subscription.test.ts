import { beforeEach, describe, expect, it } from 'vitest';
import {
  ensureSubscription,
  type EnsuredSubscription,
  type EnsureSubscriptionInput,
} from '../../src/activities/ensure-subscription.ts';
import { toFailure } from '../../src/activities/failures.ts';
import { forwardContent } from '../../src/activities/forward-content.ts';
import { listContent } from '../../src/activities/list-content.ts';
import { recordCoverage } from '../../src/activities/record-coverage.ts';
import { anEnvironment, contentType, setUpStand, type ActivityStand } from './activity-stand.ts';

const unknownTenant = '00000000-0000-0000-0000-000000000000';
const minuteMs = 60_000;
let stand: ActivityStand;

beforeEach(async () => {
  stand = await setUpStand();
});

describe('ensureSubscription', () => {
  it('leaves alone what is enabled', async () => {
    const ensured = await ensure({});
    expect(ensured.startRequested).toBeUndefined();
    expect(ensured.settings.destinations).toEqual([{ name: 'events', lookbackMs: 0 }]);
    expect(stand.simulator.report().requests.start).toEqual({ 200: 1 });
  });

  it.each([
    ['tenantId', { tenantId: unknownTenant }],
    ['contentType', { contentType: 'Audit.Exchnage' }],
  ])('ends at once for an unknown %s where nothing was ever listed', async (field, named) => {
    const failure = await failureOf(ensure({ ...named, isFirst: true }));
    expect(failure).toMatchObject({ type: 'Input', nonRetryable: true });
    expect(failure).toMatchObject({ message: expect.stringContaining(`${field}: `) });
  });

  it.each([
    ['tenantId', { tenantId: unknownTenant }],
    ['contentType', { contentType: 'Audit.Exchnage' }],
  ])('is retried for ten minutes for an unknown %s of a running subscription', async (_, named) => {
    const retried = await failureOf(ensure(named, 9 * minuteMs));
    expect(retried).toMatchObject({ type: 'Input', nonRetryable: false });
    const final = await failureOf(ensure(named, 11 * minuteMs));
    expect(final).toMatchObject({ type: 'Input', nonRetryable: true });
  });
});

describe('the other activities', () => {
  const named = { tenantId: unknownTenant, contentType };
  it.each([
    ['listContent', () => listContent(stand.dependencies)(named)],
    ['recordCoverage', () => recordCoverage(stand.dependencies)({ ...named, hours: [], losses: [] })],
    [
      'forwardContent',
      () => forwardContent(stand.dependencies)({ ...named, blobs: [], destinations: [], priority: 'live' }),
    ],
  ])('retry an unknown tenant for ten minutes, too: %s', async (_, run) => {
    const attemptAfter = (ageMs: number) =>
      failureOf(
        anEnvironment({ scheduledTimestampMs: Date.now() - ageMs }).run<[], unknown, typeof run>(run),
      );
    expect(await attemptAfter(0)).toMatchObject({ type: 'Input', nonRetryable: false });
    expect(await attemptAfter(11 * minuteMs)).toMatchObject({ type: 'Input', nonRetryable: true });
  });
});

function ensure(input: Partial<EnsureSubscriptionInput>, ageMs = 0): Promise<EnsuredSubscription> {
  const { tenantId } = stand.tenant.config;
  return anEnvironment({ scheduledTimestampMs: Date.now() - ageMs }).run(
    ensureSubscription(stand.dependencies),
    { tenantId, contentType, isFirst: false, ...input },
  );
}

/** What Temporal hears of a failed attempt. */
async function failureOf(attempt: Promise<unknown>): Promise<unknown> {
  return toFailure(await attempt.then(() => 'no failure').catch((error: unknown) => error));
}
