import {
  allHandlersFinished,
  CancellationScope,
  condition,
  continueAsNew,
  isCancellation,
  workflowInfo,
} from '@temporalio/workflow';
import type { Checkpoint } from '../domain/checkpoint.ts';
import { bound } from '../domain/progress.ts';
import { answerMessages } from './answers.ts';
import { requireIngestInput, type IngestSubscriptionInput } from './input.ts';
import { keepLedger } from './ledger-keeping.ts';
import { followLiveContent } from './live-content.ts';
import { serveAbsentDestinations, workOffOwed } from './owed-content.ts';
import { retrySetAside } from './set-aside-content.ts';
import { SubscriptionRun } from './subscription-run.ts';
import { initialState } from './subscription-state.ts';

/**
 * Owns one subscription, for ever: ensures that it is started, lists what Microsoft has new, forwards it, and moves the position
 * when all of a window is accounted for. Beside that lane of live work there is one for what is owed (sweeps, backfills, gaps),
 * one for destinations that are away, one for blobs that were set aside, and one for the ledger.
 *
 * A run covers some 300 events and continues as new with its state as the single argument. Answers the updates `pause`,
 * `resume`, `retryNow`, `retryQuarantined`, `discardQuarantined`, `backfill` and the queries `status`, `coverage`, `quarantine`.
 * When it is cancelled it drains, and its checkpoint is the result: another one goes on with it.
 */
export async function ingestSubscription(input: IngestSubscriptionInput): Promise<Checkpoint | undefined> {
  const { tenantId, contentType, startTime, checkpoint, state } = requireIngestInput(input, {
    nowMs: Date.now(),
    workflowId: workflowInfo().workflowId,
  });
  const run = new SubscriptionRun(
    { tenantId, contentType },
    { ...initialState, ...(checkpoint && { checkpoint }), ...state },
    startTime,
  );
  answerMessages(run);
  run.show();

  const isCancelled = endingWith(run);
  await CancellationScope.nonCancellable(() => {
    const lanes = [
      followLiveContent(run),
      workOffOwed(run),
      serveAbsentDestinations(run),
      retrySetAside(run),
      keepLedger(run),
      run.endPauses(),
    ];
    return Promise.race([Promise.all(lanes), condition(() => run.isGivenUp)]);
  });

  if (run.state.checkpoint !== undefined) run.checkpoint = bound(run.checkpoint);
  if (isCancelled()) return run.state.checkpoint;
  // The last look at what handlers have written comes after the drain.
  await condition(allHandlersFinished);
  return continueAsNew<typeof ingestSubscription>({ tenantId, contentType, state: run.state });
}

/** Ends the run when it is full, or when the workflow is cancelled. Tells whether it was. */
function endingWith(run: SubscriptionRun): () => boolean {
  let isCancelled = false;
  void condition(() => run.isFull()).then(
    () => run.end(),
    () => undefined,
  );
  CancellationScope.current().cancelRequested.catch((error: unknown) => {
    if (!isCancellation(error)) throw error;
    isCancelled = true;
    run.end();
  });
  return () => isCancelled;
}
