import { defineQuery, defineUpdate } from '@temporalio/workflow';

/** What operators say to a running subscription: one plain object each, which a CLI or the UI may leave out. */

export interface PauseRequest {
  /** Kept and shown, with the time. */
  readonly reason?: string;
  /** ISO: resumes by itself then. */
  readonly until?: string;
}

/** Stops listing and forwarding until `resume`, or until the time given. */
export const pauseUpdate = defineUpdate<void, [PauseRequest]>('pause');

/** An empty object. */
export type NoArgument = Readonly<Record<string, never>>;

/** Goes on after a `pause`. */
export const resumeUpdate = defineUpdate<void, [NoArgument]>('resume');

/** Wakes a parked or waiting subscription. */
export const retryNowUpdate = defineUpdate<void, [NoArgument]>('retryNow');

export const statusQuery = defineQuery<SubscriptionStatus>('status');

export const ingestStates = ['blocked', 'paused', 'throttled', 'catchingUp', 'running'] as const;
/** What a subscription is doing, worst first. */
export type IngestState = (typeof ingestStates)[number];

/** One row of `office365-ingest status --json`, as the workflow knows it. Times are ISO. */
export interface SubscriptionStatus {
  readonly tenantId: string;
  readonly contentType: string;
  readonly state: IngestState;
  /** Why it is paused or blocked, in words; null while it runs. */
  readonly reason: string | null;
  /** Everything created before it is delivered or a recorded loss; null before the first listing. */
  readonly checkpointTime: string | null;
  /** How far back delivered blobs are remembered one by one; null while that is all of the retention. */
  readonly sweepHorizon: string | null;
  /** Blobs listed and not delivered yet. */
  readonly pending: number;
  readonly quarantined: number;
  readonly lost: number;
  readonly delivered: { readonly blobs: number; readonly records: number };
  readonly lastFailure: { readonly type: string; readonly message: string; readonly time: string } | null;
  readonly nextAttemptTime: string | null;
}
