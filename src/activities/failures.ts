import { ApplicationFailure, ApplicationFailureCategory, CancelledFailure } from '@temporalio/common';
import { DestinationError, InputError, ManagementApiError } from '../errors.ts';
import type { DestinationErrorKind, ManagementApiErrorKind } from '../errors.ts';

/**
 * The only place that makes a Temporal failure of our errors. The failure type is public: it stands in the UI, in the
 * metrics and in the runbook.
 */

interface Handling {
  /** Retried by Temporal until it succeeds; otherwise it goes to the workflow, which parks or branches. */
  readonly isRetried: boolean;
  /** Expected back-pressure: logged at debug and left out of the SDK's failure metric. */
  readonly isExpected?: true;
}

const managementApiHandling: Record<ManagementApiErrorKind, Handling> = {
  throttled: { isRetried: true, isExpected: true },
  unavailable: { isRetried: true },
  unauthorized: { isRetried: false },
  tenantNotReady: { isRetried: false },
  subscriptionNotStarted: { isRetried: false },
  subscriptionDisabled: { isRetried: false },
  windowRefused: { isRetried: true },
  requestRefused: { isRetried: false },
  contentNotFound: { isRetried: true },
  contentExpired: { isRetried: true },
  unexpectedResponse: { isRetried: true },
};

const destinationHandling: Record<DestinationErrorKind, Handling> = {
  throttled: { isRetried: true, isExpected: true },
  unavailable: { isRetried: true },
  unauthorized: { isRetried: false },
  misconfigured: { isRetried: false },
  rejected: { isRetried: true },
  tooLarge: { isRetried: true },
};

/** Type of the failure that ends a workflow because its input is wrong. */
const inputFailureType = 'Input';

/**
 * The failure for an error thrown in an activity. Errors of ours become typed failures without a stack; a cancellation
 * and a failure made by hand pass as they are; anything else is a bug and keeps its own type, retried, so that a
 * repaired worker goes on.
 */
export function toFailure(error: unknown): unknown {
  if (error instanceof ManagementApiError) {
    return typedFailure(`ManagementApi.${error.kind}`, error, managementApiHandling[error.kind]);
  }
  if (error instanceof DestinationError) {
    return typedFailure(`Destination.${error.kind}`, error, destinationHandling[error.kind]);
  }
  if (error instanceof InputError)
    return withoutStack(ApplicationFailure.nonRetryable(error.message, inputFailureType));
  if (error instanceof ApplicationFailure || error instanceof CancelledFailure) return error;
  return error;
}

/** Every failure type that {@link toFailure} makes, for the runbook and its test. */
export const failureTypes: readonly string[] = [
  ...Object.keys(managementApiHandling).map((kind) => `ManagementApi.${kind}`),
  ...Object.keys(destinationHandling).map((kind) => `Destination.${kind}`),
  inputFailureType,
];

function typedFailure(
  type: string,
  error: ManagementApiError | DestinationError,
  handling: Handling,
): ApplicationFailure {
  return withoutStack(
    ApplicationFailure.create({
      type,
      message: error.message,
      nonRetryable: !handling.isRetried,
      ...(error.retryAfterMs !== undefined && { nextRetryDelay: error.retryAfterMs }),
      ...(handling.isExpected && { category: ApplicationFailureCategory.BENIGN }),
    }),
  );
}

/** The stack of an expected failure says nothing to an operator and names paths of the worker's machine. */
function withoutStack(failure: ApplicationFailure): ApplicationFailure {
  failure.stack = '';
  return failure;
}
