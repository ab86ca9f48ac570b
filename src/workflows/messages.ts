import { defineQuery, defineSignal, defineUpdate } from '@temporalio/workflow';
import type { FailingActivity } from '../activities/failing-signal.ts';
import type { BackfillReport, BackfillRequest } from '../domain/backfill.ts';
import type { CoverageHour } from '../domain/coverage.ts';
import type { Loss } from '../domain/losses.ts';
import type { QuarantinedBlob } from '../domain/quarantine.ts';
import type { TimeWindow } from '../domain/time-window.ts';

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

export interface QuarantineSelection {
  /** Default: all. */
  readonly contentIds?: readonly string[];
}

/** Tries blobs in quarantine again at once. Returns how many. */
export const retryQuarantinedUpdate = defineUpdate<number, [QuarantineSelection]>('retryQuarantined');

export interface DiscardRequest {
  readonly contentIds: readonly string[];
  readonly reason?: string;
}

/** Gives blobs in quarantine up: each is a recorded loss. Returns how many. */
export const discardQuarantinedUpdate = defineUpdate<number, [DiscardRequest]>('discardQuarantined');

export interface AcceptedBackfill {
  readonly id: string;
  /** What of the span can be had. */
  readonly window: TimeWindow;
  /** In words, where it is less than what was asked for. */
  readonly clipped?: string;
}

/** Lists a span again and forwards what destinations do not have, or everything. The same request twice is one. */
export const backfillUpdate = defineUpdate<AcceptedBackfill, [BackfillRequest]>('backfill');

/** What `backfillSubscription` says of the backfill that it follows. */
export interface BackfillControl {
  readonly id: string;
  readonly action: 'pause' | 'resume' | 'cancel';
}

export const controlBackfillSignal = defineSignal<[BackfillControl]>('controlBackfill');

/** What the subscription tells the follower of a backfill. */
export interface BackfillProgress extends BackfillReport {
  readonly state: 'running' | 'completed' | 'cancelled';
}

export const backfillProgressSignal = defineSignal<[BackfillProgress]>('backfillProgress');

/** What a `backfillSubscription` says of itself. */
export interface BackfillStatus {
  readonly isPaused: boolean;
  /** Left out before the first part is done. */
  readonly progress?: BackfillProgress;
}

/** The query of `backfillSubscription`, by the same name as that of `ingestSubscription`. */
export const backfillStatusQuery = defineQuery<BackfillStatus>('status');

/** An activity says that it has been failing for a while: Temporal retries it, and the workflow would not know. */
export const activityFailingSignal = defineSignal<[FailingActivity]>('activityFailing');

export const statusQuery = defineQuery<SubscriptionStatus>('status');

export interface PageRequest {
  /** First row, from 0. */
  readonly offset?: number;
  /** Rows at most, up to 1,000, which is the default. */
  readonly limit?: number;
}

export interface CoverageRequest extends PageRequest {
  /** ISO. */
  readonly from?: string;
  readonly to?: string;
  readonly destination?: string;
}

export interface CoveragePage {
  readonly rows: readonly CoverageHour[];
  /** All rows of the selection. */
  readonly total: number;
  /** The newest losses, oldest first. */
  readonly losses: readonly Loss[];
}

/** The hours that the workflow counts itself; older ones stand in the ledger. */
export const coverageQuery = defineQuery<CoveragePage, [CoverageRequest?]>('coverage');

export interface QuarantinePage {
  readonly blobs: readonly QuarantinedBlob[];
  readonly total: number;
}

/** What was set aside, soonest attempt first. */
export const quarantineQuery = defineQuery<QuarantinePage, [PageRequest?]>('quarantine');

export const ingestStates = ['blocked', 'paused', 'throttled', 'catchingUp', 'running'] as const;
/** What a subscription is doing, worst first. */
export type IngestState = (typeof ingestStates)[number];

/** One row of `office365-ingest status --json`, as the workflow knows it. Times are ISO. */
export interface SubscriptionStatus {
  readonly tenantId: string;
  readonly contentType: string;
  readonly state: IngestState;
  /** Why it is paused, blocked or throttled, or which destination is away, in words; null while all is well. */
  readonly reason: string | null;
  /** Everything created before it is delivered or accounted for; null before the first listing. */
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
