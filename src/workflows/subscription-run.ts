import {
  CancellationScope,
  condition,
  isCancellation,
  log,
  setCurrentDetails,
  sleep,
  workflowInfo,
} from '@temporalio/workflow';
import type { FailingActivity } from '../activities/failing-signal.ts';
import type { Checkpoint } from '../domain/checkpoint.ts';
import type { PendingBlob } from '../domain/coverage-report.ts';
import { recordLosses } from '../domain/deliveries.ts';
import type { Loss } from '../domain/losses.ts';
import { parseTime, type TimeWindow } from '../domain/time-window.ts';
import type { Named, WorkPriority } from './activity-options.ts';
import { showSearchAttributes } from './search-attributes.ts';
import { detailsOf, isClogged, statusOf, type Subscription } from './status.ts';
import type { SubscriptionState } from './subscription-state.ts';

/** Replaying costs up to 0.9 ms of CPU an event, more than linearly beyond a thousand: short runs are cheap runs. */
const maxRunEvents = 300;
const maxRunBytes = 512 * 1024;

/** Events of set-up for each activity that is opened for the quarantine: they do not make a run full. */
const eventsOfRetry = 8;
const maxRetries = 10;

/** How long a run that ends waits for batches under way before it cancels them. */
const drainMs = 30_000;

/**
 * How long it waits for these then: twice the heartbeat time-out of a batch. The server lets an activity that is paused never time
 * out, so that one whose worker was killed would hold the run for ever.
 */
const farewellMs = 40_000;

/** What may be interrupted: a listing that waits, batches under way, or attempts at what was set aside. */
export type Interruptible = 'listing' | 'forwarding' | 'retrying';

/** An activity to be. */
interface Task {
  /** The beginning of its id, which a counter makes unique. */
  readonly id: string;
  readonly summary: string;
  readonly priority: WorkPriority;
  /** It tries blobs that were set aside: that it fails is no news. */
  readonly isSetAside?: boolean;
}

/** A window that is worked through. */
export interface WindowWork {
  window: TimeWindow;
  /** Destinations that have taken part from its beginning, before it was listed. */
  readonly took: Set<string>;
  /** Ids of the blobs that its listing named; empty before. */
  readonly listed: Set<string>;
  /** What of it is not accounted for yet. */
  pending: readonly PendingBlob[];
}

/** One run of `ingestSubscription`: its state, and what its lanes share. */
export class SubscriptionRun {
  readonly subscription: Subscription;
  readonly state: SubscriptionState;
  /** Where a new subscription begins, instead of what the configuration says. ISO. */
  readonly startTime: string | undefined;
  /** Windows under way. */
  readonly works = new Set<WindowWork>();
  /** Blobs that a batch holds: no other lane takes them meanwhile. */
  readonly inFlight = new Set<string>();
  /** Activities under way whose failing says something of the subscription. */
  readonly openActivities = new Set<string>();
  /** Activities that say they have been failing for a while, by id. */
  readonly failing = new Map<string, FailingActivity>();
  /** How often an update asked for another attempt now. */
  wakes = 0;
  /** Nothing new is begun: the run is full, or the workflow is cancelled. */
  isEnding = false;
  /** A batch does not answer its cancellation: the run ends without it, and what it held is still to be done. */
  isGivenUp = false;
  #heardWakes = 0;
  readonly #scopes = new Map<CancellationScope, Interruptible>();
  readonly #initialSize: number;

  constructor(subscription: Subscription, state: SubscriptionState, startTime: string | undefined) {
    this.subscription = subscription;
    this.state = state;
    this.startTime = startTime;
    // The argument of the run counts as history, too: a large state does not make a run full.
    this.#initialSize = Math.max(workflowInfo().historySize, JSON.stringify(state).length);
  }

  /** @throws TypeError before the subscription was ensured for the first time. */
  get checkpoint(): Checkpoint {
    if (this.state.checkpoint === undefined) throw new TypeError('there is no checkpoint yet');
    return this.state.checkpoint;
  }

  set checkpoint(checkpoint: Checkpoint) {
    this.state.checkpoint = checkpoint;
  }

  isFull(): boolean {
    const { historyLength, historySize, continueAsNewSuggested } = workflowInfo();
    return (
      historyLength > maxRunEvents + this.#setUpEvents() ||
      historySize - this.#initialSize > maxRunBytes ||
      continueAsNewSuggested
    );
  }

  /**
   * Whether another full window (some 380 KB) would still fit. One that is broken off is listed again, and all its ids stand in
   * history once more.
   */
  hasRoomForWindow(): boolean {
    return workflowInfo().historySize - this.#initialSize < maxRunBytes / 4;
  }

  /** Begins nothing new, lets go of what only waits, and gives batches under way some time. */
  end(): void {
    if (this.isEnding) return;
    this.isEnding = true;
    this.interrupt('listing', 'retrying');
    void CancellationScope.nonCancellable(async () => {
      await sleep(drainMs);
      this.interrupt('forwarding');
      await sleep(farewellMs);
      this.isGivenUp = true;
    });
  }

  /** Whether the lanes of live work and of what is owed have to stop for now. */
  isHeld(): boolean {
    return this.isEnding || this.state.paused !== undefined || isClogged(this.state);
  }

  /** Waits until the lane may go on, or the run ends. */
  async unheld(options: { readonly isBackfill?: boolean } = {}): Promise<void> {
    const mayGoOn = () =>
      this.isEnding ||
      !this.isHeld() ||
      (options.isBackfill === true && this.state.paused?.exceptBackfills === true);
    await condition(mayGoOn);
  }

  /** The lane that ends a pause when its time is over. */
  async endPauses(): Promise<void> {
    const { state } = this;
    while (!this.isEnding) {
      await condition(() => this.isEnding || state.paused?.until !== undefined);
      const until = state.paused?.until;
      if (this.isEnding || until === undefined) continue;
      const isChanged = () => this.isEnding || state.paused?.until !== until;
      if (await condition(isChanged, Math.max(1, parseTime(until) - Date.now()))) continue;
      delete state.paused;
      this.show();
    }
  }

  /** Waits until something is asked for, something has to stop, or a time is over. */
  async rest(ms: number, isStopped = () => this.isHeld()): Promise<void> {
    const { wakes } = this;
    await condition(() => this.wakes > wakes || isStopped(), Math.max(1_000, ms));
  }

  /** Whether an operator has asked for another attempt since this was asked last. */
  takeWake(): boolean {
    const isNew = this.wakes > this.#heardWakes;
    this.#heardWakes = this.wakes;
    return isNew;
  }

  interrupt(...kinds: readonly Interruptible[]): void {
    for (const [scope, kind] of this.#scopes) if (kinds.includes(kind)) scope.cancel();
  }

  /** Runs what may be interrupted; undefined when it was. */
  async interruptible<Result>(kind: Interruptible, work: () => Promise<Result>): Promise<Result | undefined> {
    const scope = new CancellationScope();
    this.#scopes.set(scope, kind);
    try {
      return await scope.run(work);
    } catch (error) {
      if (isCancellation(error) && scope.consideredCancelled) return undefined;
      throw error;
    } finally {
      this.#scopes.delete(scope);
    }
  }

  /** Runs an activity under a name of its own, and forgets afterwards that it was failing. */
  async activity<Result>(
    { id, summary, priority, isSetAside = false }: Task,
    call: (named: Named) => Promise<Result>,
  ): Promise<Result> {
    this.state.activities++;
    const activityId = `${id}-${this.state.activities}`;
    if (!isSetAside) this.openActivities.add(activityId);
    try {
      return await call({ activityId, summary, priority, tenantId: this.subscription.tenantId });
    } finally {
      this.openActivities.delete(activityId);
      if (this.failing.delete(activityId)) this.show();
    }
  }

  /** Blobs that windows under way have not accounted for. */
  pending(): readonly PendingBlob[] {
    return [...this.works].flatMap(({ pending }) => pending);
  }

  /** Begins to work a window through, for destinations that take part from now on. */
  async working<Result>(
    window: TimeWindow,
    destinations: readonly string[],
    through: (work: WindowWork) => Promise<Result>,
  ): Promise<Result> {
    const work: WindowWork = { window, took: new Set(destinations), listed: new Set(), pending: [] };
    this.works.add(work);
    try {
      return await through(work);
    } finally {
      this.works.delete(work);
    }
  }

  /** What these destinations are owed has changed: they have not taken part in the windows under way from the beginning. */
  leaveWorks(destinations: readonly string[]): void {
    for (const { took } of this.works) for (const destination of destinations) took.delete(destination);
  }

  /** A loss is never silent. */
  lose(losses: readonly Loss[]): void {
    this.checkpoint = recordLosses(this.checkpoint, losses);
    reportLosses(losses);
  }

  show(): void {
    const failing = [...this.failing.values()];
    const status = statusOf(this.subscription, this.state, { pending: this.pending().length, failing });
    showSearchAttributes(this.subscription, this.state, status.state);
    setCurrentDetails(detailsOf(status, this.state, this.state.settings));
  }

  #setUpEvents(): number {
    return eventsOfRetry * Math.min(maxRetries, this.state.checkpoint?.quarantine.length ?? 0);
  }
}

export function reportLosses(losses: readonly Loss[]): void {
  for (const loss of losses) log.error('Lost content that cannot be had any more', { ...loss });
}

/** `2026-11-22T10:05`, for ids that people type. */
export function minute(time: string): string {
  return time.slice(0, 16);
}
