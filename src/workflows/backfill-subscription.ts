import {
  CancellationScope,
  condition,
  getExternalWorkflowHandle,
  isCancellation,
  setCurrentDetails,
  setHandler,
  workflowInfo,
} from '@temporalio/workflow';
import { subscriptionWorkflowId } from '../domain/ids.ts';
import { activityFailure } from './activity-failure.ts';
import { requesting } from './activity-options.ts';
import { requireBackfillInput, requireNoArgument, requirePauseRequest, type BackfillInput } from './input.ts';
import { inputFailure } from './input-failure.ts';
import {
  backfillProgressSignal,
  backfillStatusQuery,
  controlBackfillSignal,
  pauseUpdate,
  resumeUpdate,
  type BackfillControl,
  type BackfillProgress,
} from './messages.ts';

/** How long a cancelled backfill waits to hear from the subscription what was done. */
const farewellMs = 60_000;

export interface BackfillResult extends BackfillProgress {
  /** In words, where the span is less than what was asked for. */
  readonly clipped?: string;
}

/**
 * Hands a span to the `ingestSubscription` that owns the subscription, follows it, and ends with a report that balances: for each
 * destination `listed` = `delivered` + `had` + `quarantined` + `lost`. Where no such workflow runs, it is started paused, and only
 * the span is worked. Answers the updates `pause` and `resume` and the query `status`; when it is cancelled, what is left of the
 * span is not owed any more.
 */
export async function backfillSubscription(input: BackfillInput): Promise<BackfillResult> {
  const { tenantId, contentType, ...request } = requireBackfillInput(input, Date.now());
  const owner = getExternalWorkflowHandle(subscriptionWorkflowId(tenantId, contentType));
  const { workflowId } = workflowInfo();
  let progress: BackfillProgress | undefined;
  let accepted: { readonly id: string; readonly clipped?: string } | undefined;
  let isPaused = false;

  const control = async (action: BackfillControl['action']): Promise<void> => {
    if (accepted !== undefined) await owner.signal(controlBackfillSignal, { id: accepted.id, action });
  };
  setHandler(backfillStatusQuery, () => ({ isPaused, ...(progress !== undefined && { progress }) }));
  setHandler(backfillProgressSignal, (told) => {
    progress = told;
    setCurrentDetails(detailsOf(told));
  });
  setHandler(pauseUpdate, () => void (isPaused = true), {
    validator: (argument) => void requirePauseRequest(argument, Date.now()),
    description: 'Stop until resume',
  });
  setHandler(resumeUpdate, () => void (isPaused = false), {
    validator: (argument) => requireNoArgument('resume', argument),
    description: 'Go on after a pause',
  });

  const isOver = () => progress !== undefined && progress.state !== 'running';
  try {
    accepted = await requesting({
      activityId: 'request-backfill',
      summary: `Hand ${request.startTime} to ${request.endTime} to ${subscriptionWorkflowId(tenantId, contentType)}`,
      tenantId,
      priority: 'live',
    }).requestBackfill({ tenantId, contentType, ...request, follower: workflowId });
    let toldPaused = false;
    while (!isOver()) {
      await condition(() => isOver() || isPaused !== toldPaused);
      if (isPaused === toldPaused) continue;
      toldPaused = isPaused;
      await control(toldPaused ? 'pause' : 'resume');
    }
  } catch (error) {
    if (!isCancellation(error)) throw failureOf(error);
    await CancellationScope.nonCancellable(async () => {
      await control('cancel');
      await condition(isOver, farewellMs);
    });
  }
  if (progress === undefined)
    throw inputFailure('backfill: was cancelled before the subscription had taken it');
  return { ...progress, ...(accepted?.clipped !== undefined && { clipped: accepted.clipped }) };
}

/** What ends the workflow: a request that was refused is a bad input. */
function failureOf(error: unknown): unknown {
  const { type, message } = activityFailure(error);
  return type === 'Input' ? inputFailure(message) : error;
}

function detailsOf({ window, doneUntil, listed, state, destinations }: BackfillProgress): string {
  const rows = Object.entries(destinations).map(
    ([name, { delivered, records, had, quarantined, lost }]) =>
      `| ${name} | ${delivered} | ${records} | ${had} | ${quarantined} | ${lost} |`,
  );
  return [
    `### Backfill ${window.startTime} to ${window.endTime}`,
    '',
    `${state}, done until ${doneUntil}; ${listed} blobs listed`,
    '',
    '| Destination | Delivered | Records | Had already | Quarantined | Lost |',
    '| --- | --- | --- | --- | --- | --- |',
    ...rows,
  ].join('\n');
}
