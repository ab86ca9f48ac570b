import { cancellationSignal } from '@temporalio/activity';
import type { ActivityExecuteInput, ActivityInboundCallsInterceptor, Next } from '@temporalio/worker';
import { toFailure } from './failures.ts';

/**
 * Around every activity: turns errors into typed failures, and hands Temporal the reason of a cancellation.
 *
 * A bare `AbortError` (from timers, streams, pipelines) after a pause or reset by an operator is reported as "cancelled",
 * which the server refuses because nobody asked for it; the attempt then hangs until its time-out. The signal's reason is
 * the `CancelledFailure` that the SDK reports rightly.
 */
export const failureInterceptor: ActivityInboundCallsInterceptor = {
  async execute(input: ActivityExecuteInput, next: Next<ActivityInboundCallsInterceptor, 'execute'>) {
    const signal = cancellationSignal();
    try {
      return await next(input);
    } catch (error) {
      if (signal.aborted && isAbort(error)) throw signal.reason;
      throw toFailure(error);
    }
  },
};

function isAbort(error: unknown): boolean {
  return error instanceof Error && error.name === 'AbortError';
}
