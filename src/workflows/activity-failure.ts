import { ActivityFailure, ApplicationFailure } from '@temporalio/workflow';

/** What an activity failed with for good. Rethrows what is not the failure of an activity: a bug, or a cancellation of ours. */
export function activityFailure(error: unknown): { readonly type: string; readonly message: string } {
  if (!(error instanceof ActivityFailure)) throw error;
  const { cause } = error;
  if (cause instanceof ApplicationFailure) return { type: cause.type ?? 'Error', message: cause.message };
  return { type: cause?.name ?? 'Error', message: cause?.message ?? error.message };
}
