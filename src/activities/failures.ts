import { ApplicationFailure, ApplicationFailureCategory, CancelledFailure } from '@temporalio/common';
import { DestinationError, InputError, LedgerError, ManagementApiError } from '../errors.ts';
import type { DestinationErrorKind, LedgerErrorKind, ManagementApiErrorKind } from '../errors.ts';

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

const ledgerHandling: Record<LedgerErrorKind, Handling> = {
  unavailable: { isRetried: true },
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
  if (error instanceof LedgerError) {
    return typedFailure(`Ledger.${error.kind}`, error, ledgerHandling[error.kind]);
  }
  if (error instanceof InputError) {
    return typedFailure(inputFailureType, error, { isRetried: error.mayPass });
  }
  if (error instanceof ApplicationFailure || error instanceof CancelledFailure) return error;
  return error;
}

/** A failure in few words, for outcomes, signals and metrics: only our own errors are sure to hold no data. */
export function describeFailure(error: unknown): { readonly failureType: string; readonly message: string } {
  const failure = toFailure(error);
  if (failure instanceof ApplicationFailure) {
    return { failureType: failure.type ?? 'Error', message: failure.message };
  }
  const failureType = failure instanceof Error ? failure.name : 'Error';
  return { failureType, message: 'an unexpected error; the log of the worker says more' };
}

/** Every failure type that {@link toFailure} makes, for the runbook and its test. */
export const failureTypes: readonly string[] = [
  ...Object.keys(managementApiHandling).map((kind) => `ManagementApi.${kind}`),
  ...Object.keys(destinationHandling).map((kind) => `Destination.${kind}`),
  ...Object.keys(ledgerHandling).map((kind) => `Ledger.${kind}`),
  inputFailureType,
];

function typedFailure(
  type: string,
  error: { readonly message: string; readonly retryAfterMs?: number | undefined },
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
