import { ApplicationFailure } from '@temporalio/workflow';

/** Ends the workflow, or rejects the update, because of what it was given. Without a stack, which names paths of the worker. */
export function inputFailure(message: string): ApplicationFailure {
  const failure = ApplicationFailure.nonRetryable(message, 'Input');
  failure.stack = '';
  return failure;
}
