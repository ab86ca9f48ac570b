import { activityInfo, cancellationSignal, metricMeter } from '@temporalio/activity';
import type { ActivityExecuteInput, ActivityInboundCallsInterceptor, Next } from '@temporalio/worker';
import { retryDelayMs, type FailingActivities } from './failing-signal.ts';
import { describeFailure, toFailure } from './failures.ts';

/**
 * Around every activity: turns errors into typed failures, counts them, tells the workflow of what is retried for long, and hands
 * Temporal the reason of a cancellation.
 *
 * A bare `AbortError` (from timers, streams, pipelines) after a pause or reset by an operator is reported as "cancelled",
 * which the server refuses because nobody asked for it; the attempt then hangs until its time-out. The signal's reason is
 * the `CancelledFailure` that the SDK reports rightly.
 */
export function createFailureInterceptor(failing: FailingActivities): ActivityInboundCallsInterceptor {
  return {
    async execute(input: ActivityExecuteInput, next: Next<ActivityInboundCallsInterceptor, 'execute'>) {
      const signal = cancellationSignal();
      try {
        const result = await next(input);
        failing.ended();
        return result;
      } catch (error) {
        if (signal.aborted && isAbort(error)) throw signal.reason;
        const failure = toFailure(error);
        if (!signal.aborted) await note(failure, failing);
        throw failure;
      }
    },
  };
}

async function note(failure: unknown, failing: FailingActivities): Promise<void> {
  // The SDK's own metric does not say which failure it was.
  metricMeter.createCounter('office365_ingest_failures').add(1, {
    failure_type: describeFailure(failure).failureType,
    activity_type: activityInfo().activityType,
  });
  const delayMs = retryDelayMs(failure);
  if (delayMs === undefined) failing.ended();
  else await failing.failed(failure, delayMs);
}

function isAbort(error: unknown): boolean {
  return error instanceof Error && error.name === 'AbortError';
}
