import {
  ActivityFailure,
  allHandlersFinished,
  ApplicationFailure,
  CancellationScope,
  condition,
  continueAsNew,
  isCancellation,
  log,
  setCurrentDetails,
  setHandler,
  workflowInfo,
} from '@temporalio/workflow';
import type { ContentListing } from '../activities/list-content.ts';
import { beginAt, isNew, type Checkpoint, type Loss } from '../domain/checkpoint.ts';
import type { BlobReference } from '../domain/content-blob.ts';
import { parkedDelayMs } from '../domain/pacing.ts';
import { isoTime, parseTime } from '../domain/time-window.ts';
import { ensuring, forwarding, listing } from './activity-options.ts';
import { inBatches, inLanes } from './batches.ts';
import {
  requireIngestInput,
  requireNoArgument,
  requirePauseRequest,
  type IngestSubscriptionInput,
} from './input.ts';
import { inputFailure } from './input-failure.ts';
import { pauseUpdate, resumeUpdate, retryNowUpdate, statusQuery } from './messages.ts';
import { showSearchAttributes } from './search-attributes.ts';
import {
  detailsOf,
  finishWindow,
  initialState,
  isListing,
  statusOf,
  takeFailure,
  takeListing,
  takeOutcome,
  type SubscriptionState,
} from './subscription-state.ts';

/** Batches at once: with 50 blobs each 0.15 events and some 300 bytes of history a blob. */
const concurrentBatches = 4;

/** Replaying costs up to 0.9 ms of CPU an event, more than linearly beyond a thousand: short runs are cheap runs. */
const maxRunEvents = 300;
const maxRunBytes = 512 * 1024;

/**
 * Owns one subscription, for ever: ensures that it is started, lists what Microsoft has new, forwards it, and moves the
 * position when all of a window is delivered. A run covers some 300 events and continues as new with its state as the
 * single argument. Answers the updates `pause`, `resume`, `retryNow` and the query `status`.
 */
export async function ingestSubscription(input: IngestSubscriptionInput): Promise<void> {
  const { tenantId, contentType, startTime, ...carried } = requireIngestInput(input, {
    nowMs: Date.now(),
    workflowId: workflowInfo().workflowId,
  });
  const state: SubscriptionState = { ...initialState, ...carried.state };
  let pending: readonly BlobReference[] = [];
  let interruptible: CancellationScope | undefined;
  let isWoken = false;

  // Handlers are synchronous: they record a wish in the state, the loop acts on it.
  setHandler(statusQuery, () => statusOf({ tenantId, contentType }, state, pending.length));
  setHandler(
    pauseUpdate,
    (request) => {
      const { reason, until } = requirePauseRequest(request, Date.now());
      state.paused = { since: isoTime(Date.now()), ...(reason && { reason }), ...(until && { until }) };
      interruptible?.cancel();
      show();
    },
    {
      validator: (request) => void requirePauseRequest(request, Date.now()),
      description: 'Stop until resume, or until a time',
    },
  );
  setHandler(
    resumeUpdate,
    () => {
      delete state.paused;
      show();
    },
    {
      validator: (argument) => requireNoArgument('resume', argument),
      description: 'Go on after a pause',
    },
  );
  setHandler(
    retryNowUpdate,
    () => {
      isWoken = true;
      interruptible?.cancel();
    },
    {
      validator: (argument) => requireNoArgument('retryNow', argument),
      description: 'List again now',
    },
  );
  show();

  for (;;) {
    await unpaused();
    isWoken = false;
    try {
      if (!state.isEnsured) await ensureSubscription();
      const listed = await listNewContent();
      if (listed !== undefined && (await forwardAll(listed))) finishWindow(state, listed);
    } catch (error) {
      await park(error);
    }
    show();
    if (isRunFull()) {
      await condition(allHandlersFinished);
      return continueAsNew<typeof ingestSubscription>({ tenantId, contentType, state });
    }
  }

  /** Lists the tenant's subscriptions and starts this one if need be: at first, and when Microsoft says it is not started. */
  async function ensureSubscription(): Promise<void> {
    const activities = ensuring(
      named('ensure-subscription', 'List subscriptions, start this one unless it is enabled'),
    );
    const { lastStartRequest } = state;
    const ensured = await interrupted(() =>
      activities.ensureSubscription({
        tenantId,
        contentType,
        ...(lastStartRequest !== undefined && { lastStartRequest }),
      }),
    );
    if (ensured === undefined) return;
    state.isEnsured = true;
    state.settings = ensured.settings;
    state.checkpoint ??= beginAt(startTime ?? ensured.startTime);
    if (ensured.startRequested !== undefined) state.lastStartRequest = ensured.startRequested;
    // Whether a destination is well again shows only when it takes a blob.
    if (state.parked?.type.startsWith('ManagementApi.')) delete state.parked;
    show();
  }

  /** Waits inside the activity until there is something new. Undefined when an update asked for something else. */
  async function listNewContent(): Promise<ContentListing | undefined> {
    if (!state.isEnsured) return undefined;
    const { position } = checkpoint();
    const activities = listing(named(`list-${minute(position)}`, `List what was created since ${position}`));
    const listed = await interrupted(() =>
      activities.listContent({ tenantId, contentType, position, quietPolls: state.quietPolls }),
    );
    if (listed === undefined || !isListing(listed)) return undefined;
    report(takeListing(state, listed));
    show();
    return listed;
  }

  /** Forwards what is new in a listing. False when it ended early: the window is listed again, and what is done stays done. */
  async function forwardAll({ blobs, settings }: ContentListing): Promise<boolean> {
    pending = blobs.filter((blob) => isNew(checkpoint(), blob));
    try {
      while (pending.length > 0) {
        const batches = inBatches(pending);
        await interrupted(() =>
          inLanes(concurrentBatches, async () => {
            for (let batch = nextBatch(batches); batch !== undefined; batch = nextBatch(batches)) {
              await forward(batch, settings.destinations);
            }
          }),
        );
        if (state.paused !== undefined || isRunFull()) return pending.length === 0;
        // A batch throws when it has nothing to show, so a round makes progress, waits in plain sight, or was woken.
        isWoken = false;
      }
      return true;
    } finally {
      pending = [];
    }
  }

  async function forward(batch: readonly BlobReference[], destinations: readonly string[]): Promise<void> {
    const first = batch[0]!.contentCreated;
    const activities = forwarding(
      named(
        `forward-${minute(first)}`,
        `${batch.length} blobs created ${first} to ${batch.at(-1)!.contentCreated}`,
      ),
    );
    const result = await activities.forwardContent({ tenantId, contentType, blobs: batch, destinations });
    const { done, losses } = takeOutcome(state, batch, result);
    report(losses);
    pending = pending.filter(({ contentId }) => !done.has(contentId));
    show();
  }

  /**
   * A failure that is not retried needs somebody: says why, waits, and looks again by itself. Wrong input ends the workflow
   * before anything was listed.
   */
  async function park(error: unknown): Promise<void> {
    const failure = error instanceof ActivityFailure ? error.cause : undefined;
    if (!(failure instanceof ApplicationFailure)) throw error;
    if (failure.type === 'Input' && state.checkpoint === undefined) throw inputFailure(failure.message);
    const delayMs = parkedDelayMs(state.probes);
    takeFailure(state, failure, delayMs);
    log.warn('Parked', { failureType: failure.type, reason: failure.message });
    show();
    await condition(() => isWoken || state.paused !== undefined, delayMs);
  }

  async function unpaused(): Promise<void> {
    while (state.paused !== undefined) {
      const { until } = state.paused;
      const isChanged = () => state.paused === undefined || state.paused.until !== until;
      if (until === undefined) await condition(isChanged);
      else if (!(await condition(isChanged, Math.max(1, parseTime(until) - Date.now())))) delete state.paused;
      show();
    }
  }

  /** Runs what an update may interrupt; undefined when one did. */
  async function interrupted<Result>(work: () => Promise<Result>): Promise<Result | undefined> {
    const outer = CancellationScope.current();
    try {
      return await CancellationScope.cancellable(async () => {
        interruptible = CancellationScope.current();
        if (state.paused !== undefined) interruptible.cancel();
        return work();
      });
    } catch (error) {
      if (isCancellation(error) && !outer.consideredCancelled) return undefined;
      throw error;
    } finally {
      interruptible = undefined;
    }
  }

  function nextBatch(batches: (readonly BlobReference[])[]): readonly BlobReference[] | undefined {
    return state.paused !== undefined || isRunFull() ? undefined : batches.shift();
  }

  function named(id: string, summary: string) {
    state.activities++;
    return { activityId: `${id}-${state.activities}`, summary, tenantId };
  }

  function checkpoint(): Checkpoint {
    return state.checkpoint!;
  }

  function show(): void {
    showSearchAttributes({ tenantId, contentType }, state);
    setCurrentDetails(detailsOf(statusOf({ tenantId, contentType }, state, pending.length), state.settings));
  }
}

/** A loss is never silent. */
function report(losses: readonly Loss[]): void {
  for (const loss of losses) log.error('Lost content that cannot be had any more', { ...loss });
}

function isRunFull(): boolean {
  const { historyLength, historySize, continueAsNewSuggested } = workflowInfo();
  return historyLength > maxRunEvents || historySize > maxRunBytes || continueAsNewSuggested;
}

/** `2026-11-22T10:05`, for ids that people type. */
function minute(time: string): string {
  return time.slice(0, 16);
}
