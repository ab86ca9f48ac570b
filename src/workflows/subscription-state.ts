import type { WorkflowSettings } from '../activities/dependencies.ts';
import type { BackfillRequest } from '../domain/backfill.ts';
import type { Checkpoint } from '../domain/checkpoint.ts';
import type { IngestState } from './messages.ts';

/** Everything a run hands to the next one: plain JSON, the single argument beside the names of the subscription. */
export interface SubscriptionState {
  /** Undefined before the subscription was ensured for the first time. */
  checkpoint?: Checkpoint;
  /** The subscription has to be listed, and started if need be, before the next listing. */
  isEnsured: boolean;
  /** Part of every activity id, so that none is used twice while an older one is still open. */
  activities: number;
  /** Empty live listings in a row. */
  quietPolls: number;
  /** The position is more than some minutes behind what could be listed. */
  isCatchingUp: boolean;
  /** ISO, the service's clock: when live content was listed last. */
  lastListed?: string;
  /** ISO. Microsoft refuses two starts within 15 minutes. */
  lastStartRequest?: string;
  paused?: Pause;
  parked?: { type: string; reason: string; nextProbe: string };
  /** How often a parked subscription looked again in vain, since the last window was finished. */
  probes: number;
  lastFailure?: { type: string; message: string; time: string };
  settings?: WorkflowSettings;
  /** Backfills that were asked for before there was a checkpoint. */
  requested: readonly BackfillRequest[];
  /** Search attributes as they were last written. */
  shown?: { state: IngestState; checkpointTime: string | null };
}

export interface Pause {
  readonly reason?: string;
  readonly since: string;
  readonly until?: string;
  /** The workflow was started for a backfill alone: nothing but backfills is worked. */
  readonly exceptBackfills?: true;
}

export const initialState: Readonly<SubscriptionState> = {
  isEnsured: false,
  activities: 0,
  quietPolls: 0,
  isCatchingUp: true,
  probes: 0,
  requested: [],
};

/** Losses that wait for the ledger beyond which nothing more is ingested: none may leave the state unwritten. */
export const maxUnrecordedLosses = 500;
