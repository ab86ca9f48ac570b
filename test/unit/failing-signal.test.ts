import type { Info } from '@temporalio/activity';
import type { Client } from '@temporalio/client';
import { CancelledFailure } from '@temporalio/common';
import { MockActivityEnvironment } from '@temporalio/testing';
import { DefaultLogger } from '@temporalio/worker';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { FailingActivities, type FailingActivity } from '../../src/activities/failing-signal.ts';
import { createFailureInterceptor } from '../../src/activities/interceptor.ts';
import { DestinationError, ManagementApiError } from '../../src/errors.ts';

const startMs = Date.parse('2026-11-22T10:00:00.000Z');
const unavailable = new ManagementApiError(
  'unavailable',
  'retrieveContent Audit.Exchange: HTTP 500, AF50000.',
);
const throttledFor = (retryAfterMs: number) =>
  new ManagementApiError('throttled', 'listAvailableContent: HTTP 403, AF429.', { retryAfterMs });

let failing: FailingActivities;
/** What the workflow was told, with its id. */
let signals: { readonly workflowId: string; readonly name: string; readonly failing: FailingActivity }[];
let isServerWell: boolean;

beforeEach(() => {
  vi.useFakeTimers({ now: startMs, toFake: ['Date'] });
  failing = new FailingActivities();
  signals = [];
  isServerWell = true;
});

afterEach(() => {
  vi.useRealTimers();
});

describe('the signal of a failing activity', () => {
  it('comes when the next attempt is more than 30 s after the first failure', async () => {
    for (const [attempt, seconds] of [
      [1, 0],
      [2, 5],
      [3, 15],
    ] as const) {
      now(seconds);
      await attemptThatFails(unavailable, { attempt });
    }
    expect(signals).toEqual([
      {
        workflowId: 'office365/tenant/type',
        name: 'activityFailing',
        failing: {
          activityId: 'forward-1',
          failureType: 'ManagementApi.unavailable',
          message: unavailable.message,
          attempt: 3,
          nextAttemptTime: '2026-11-22T10:00:35.000Z',
        },
      },
    ]);
  });

  it('comes at once for a stated wait of more than 30 s', async () => {
    await attemptThatFails(throttledFor(30_000));
    expect(signals).toEqual([]);
    await attemptThatFails(throttledFor(31_000));
    expect(signals[0]?.failing.nextAttemptTime).toBe('2026-11-22T10:00:31.000Z');
  });

  it('does not count the time that an activity waited inside before it failed', async () => {
    await attemptThatFails(unavailable, { scheduledTimestampMs: startMs - 600_000 });
    expect(signals).toEqual([]);
  });

  it('counts what an earlier attempt failed in another process', async () => {
    await attemptThatFails(unavailable, { attempt: 2, scheduledTimestampMs: startMs - 60_000 });
    expect(signals).toHaveLength(1);
  });

  it('comes again on a change of the failure type, or after ten minutes', async () => {
    const info = { attempt: 5, scheduledTimestampMs: startMs - 60_000 };
    const told: (readonly [number, string])[] = [];
    for (const [seconds, error] of [
      [0, unavailable],
      [120, unavailable],
      [240, throttledFor(1_000)],
      [360, throttledFor(1_000)],
      [839, throttledFor(1_000)],
      [840, throttledFor(1_000)],
    ] as const) {
      now(seconds);
      const before = signals.length;
      await attemptThatFails(error, info);
      if (signals.length > before) told.push([seconds, signals.at(-1)!.failing.failureType]);
    }
    expect(told).toEqual([
      [0, 'ManagementApi.unavailable'],
      [240, 'ManagementApi.throttled'],
      [840, 'ManagementApi.throttled'],
    ]);
  });

  it('comes at most once a minute for a workflow, and then for the next activity', async () => {
    const long = throttledFor(60_000);
    await attemptThatFails(long);
    await attemptThatFails(long, { activityId: 'forward-2' });
    const workflowExecution = { workflowId: 'office365/other/type', runId: 'run' };
    await attemptThatFails(long, { workflowExecution });
    now(60);
    await attemptThatFails(long, { activityId: 'forward-2', attempt: 2 });
    expect(signals.map(({ workflowId, failing: { activityId } }) => [workflowId, activityId])).toEqual([
      ['office365/tenant/type', 'forward-1'],
      ['office365/other/type', 'forward-1'],
      ['office365/tenant/type', 'forward-2'],
    ]);
  });

  it('begins anew after a success', async () => {
    await attemptThatFails(unavailable, { attempt: 1 });
    now(20);
    await anAttempt({ attempt: 2 }).run(async () => 'well');
    now(40);
    await attemptThatFails(unavailable, { attempt: 1 });
    expect(signals).toEqual([]);
  });

  it.each([
    ['is not retried', new DestinationError('unauthorized', 'HTTP 401', { retryAfterMs: 60_000 })],
    ['is a cancellation', new CancelledFailure('CANCELLED')],
  ])('does not come for what %s', async (_, error) => {
    const environment = anAttempt({ attempt: 9, scheduledTimestampMs: 0 });
    if (error instanceof CancelledFailure) environment.cancel('CANCELLED');
    await expect(environment.run(fail(error))).rejects.toThrow();
    expect(signals).toEqual([]);
  });

  it('says nothing of an unexpected error but its name', async () => {
    const bug = new SyntaxError(`Unexpected token in {"UserId":"ann@contoso.example"}`);
    await attemptThatFails(bug, { attempt: 9, scheduledTimestampMs: 0 });
    expect(JSON.stringify(signals[0])).not.toContain('ann');
    expect(signals[0]?.failing.failureType).toBe('SyntaxError');
  });

  it('changes nothing for Temporal when it cannot be sent', async () => {
    isServerWell = false;
    await attemptThatFails(throttledFor(60_000));
    expect(signals).toEqual([]);
  });
});

/** Runs an attempt whose failure is what Temporal would get. */
async function attemptThatFails(error: Error, info: Partial<Info> = {}): Promise<void> {
  const expected =
    error instanceof ManagementApiError ? { type: `ManagementApi.${error.kind}` } : { name: error.name };
  await expect(anAttempt(info).run(fail(error))).rejects.toMatchObject(expected);
}

function anAttempt(info: Partial<Info>): MockActivityEnvironment {
  const workflowExecution = { workflowId: 'office365/tenant/type', runId: 'run' };
  const retryPolicy = { initialInterval: 5_000, backoffCoefficient: 2, maximumInterval: 600_000 };
  const activity = { activityId: 'forward-1', attempt: 1, scheduledTimestampMs: startMs };
  return new MockActivityEnvironment(
    { ...activity, workflowExecution, retryPolicy, ...info },
    {
      client: aClient(),
      logger: new DefaultLogger('ERROR', () => undefined),
      interceptors: [() => ({ inbound: createFailureInterceptor(failing) })],
    },
  );
}

/** The methods that are used; the server itself is part of the end-to-end tests. */
function aClient(): Client {
  const signal = (workflowId: string) => async (name: string, argument: FailingActivity) => {
    if (!isServerWell) throw new Error('UNAVAILABLE');
    signals.push({ workflowId, name, failing: argument });
  };
  const client = {
    withAbortSignal: (_signal: AbortSignal, call: () => Promise<void>) => call(),
    withDeadline: (_deadline: number, call: () => Promise<void>) => call(),
    workflow: { getHandle: (workflowId: string) => ({ signal: signal(workflowId) }) },
  };
  return client as unknown as Client;
}

function fail(error: Error) {
  return async () => {
    throw error;
  };
}

function now(seconds: number): void {
  vi.setSystemTime(startMs + seconds * 1000);
}
