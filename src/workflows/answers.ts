import { setHandler } from '@temporalio/workflow';
import {
  addBackfill,
  backfillId,
  endBackfill,
  maxBackfills,
  obtainable,
  pauseBackfill,
  reportOf,
  type BackfillRequest,
} from '../domain/backfill.ts';
import { coverageOf, coveredSpan } from '../domain/coverage-report.ts';
import { takeRetries } from '../domain/deliveries.ts';
import { quarantineBy } from '../domain/quarantine.ts';
import { isoTime, parseTime, type TimeWindow } from '../domain/time-window.ts';
import {
  requireBackfillRequest,
  requireCoverageRequest,
  requireDiscardRequest,
  requireNoArgument,
  requirePage,
  requirePauseRequest,
  requireQuarantineSelection,
} from './input.ts';
import {
  activityFailingSignal,
  backfillUpdate,
  controlBackfillSignal,
  coverageQuery,
  discardQuarantinedUpdate,
  pauseUpdate,
  quarantineQuery,
  resumeUpdate,
  retryNowUpdate,
  retryQuarantinedUpdate,
  statusQuery,
  type AcceptedBackfill,
  type CoveragePage,
  type CoverageRequest,
  type PageRequest,
} from './messages.ts';
import { inputFailure } from './input-failure.ts';
import { tellFollower } from './owed-content.ts';
import { statusOf } from './status.ts';
import { reportLosses, type SubscriptionRun } from './subscription-run.ts';

/** Losses that a page of coverage shows. */
const shownLosses = 50;

/**
 * Answers updates, signals and queries. Handlers are synchronous: they record a wish in the state, the lanes act on it. Each is
 * idempotent by its content, since an update may run again in the next run.
 */
export function answerMessages(run: SubscriptionRun): void {
  const { state } = run;

  setHandler(statusQuery, () =>
    statusOf(run.subscription, state, {
      pending: run.pending().length,
      failing: [...run.failing.values()],
    }),
  );
  setHandler(coverageQuery, (request) => coveragePage(run, requireCoverageRequest(request)));
  setHandler(quarantineQuery, (request) => {
    const { offset, limit } = requirePage('quarantine', request);
    const blobs = quarantineBy(state.checkpoint?.quarantine ?? [], Date.now()).toSorted(
      (a, b) => parseTime(a.nextAttempt) - parseTime(b.nextAttempt),
    );
    return { blobs: blobs.slice(offset, offset + limit), total: blobs.length };
  });

  setHandler(
    pauseUpdate,
    (request) => {
      const { reason, until } = requirePauseRequest(request, Date.now());
      state.paused = { since: isoTime(Date.now()), ...(reason && { reason }), ...(until && { until }) };
      run.interrupt('listing', 'forwarding', 'retrying');
      run.show();
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
      run.show();
    },
    {
      validator: (argument) => requireNoArgument('resume', argument),
      description: 'Go on after a pause',
    },
  );
  setHandler(
    retryNowUpdate,
    () => {
      run.wakes++;
      run.interrupt('listing', 'forwarding');
    },
    {
      validator: (argument) => requireNoArgument('retryNow', argument),
      description: 'List again now',
    },
  );
  setHandler(
    retryQuarantinedUpdate,
    (selection) => {
      const isSelected = selectionOf(requireQuarantineSelection(selection).contentIds);
      const quarantine = state.checkpoint?.quarantine ?? [];
      const selected = quarantine.filter(isSelected);
      if (state.checkpoint === undefined || selected.length === 0) return 0;
      run.interrupt('retrying');
      const nextAttempt = isoTime(Date.now());
      run.checkpoint = {
        ...run.checkpoint,
        quarantine: quarantine.map((blob) => (isSelected(blob) ? { ...blob, nextAttempt } : blob)),
      };
      return selected.length;
    },
    {
      validator: (selection) => void requireQuarantineSelection(selection),
      description: 'Try blobs in quarantine again now: all, or {contentIds}',
    },
  );
  setHandler(
    discardQuarantinedUpdate,
    (request) => {
      const { contentIds, reason } = requireDiscardRequest(request);
      const discarded = discard(run, selectionOf(contentIds), reason);
      run.show();
      return discarded;
    },
    {
      validator: (request) => void requireDiscardRequest(request),
      description: 'Give blobs in quarantine up; each is a recorded loss',
    },
  );
  setHandler(
    backfillUpdate,
    (request) => {
      const accepted = requireBackfillRequest(request, state.checkpoint, Date.now());
      const window = obtainable(accepted, Date.now())!;
      if (state.checkpoint !== undefined) {
        run.checkpoint = addBackfill(run.checkpoint, accepted, window);
        run.leaveWorks(accepted.destinations ?? run.checkpoint.destinations);
      } else if (!state.requested.some((known) => backfillId(known) === backfillId(accepted)))
        state.requested = [...state.requested, accepted];
      run.show();
      return acceptance(accepted, window);
    },
    {
      validator: (request) => {
        requireBackfillRequest(request, state.checkpoint, Date.now());
        if (state.requested.length >= maxBackfills)
          throw inputFailure(`backfill: ${maxBackfills} are waiting already; ask again when it has begun`);
      },
      description: 'List a span again and forward what destinations do not have: {startTime, endTime}',
    },
  );

  setHandler(controlBackfillSignal, ({ id, action }) => {
    const backfill = state.checkpoint?.backfills.find((one) => one.id === id);
    if (backfill === undefined) return;
    if (action === 'cancel') {
      run.checkpoint = endBackfill(run.checkpoint, id);
      run.leaveWorks(backfill.destinations);
      tellFollower(backfill.follower, { ...reportOf(backfill), state: 'cancelled' });
    } else run.checkpoint = pauseBackfill(run.checkpoint, id, action === 'pause');
    run.show();
  });
  setHandler(activityFailingSignal, (failing) => {
    if (!run.openActivities.has(failing.activityId)) return;
    run.failing.set(failing.activityId, failing);
    const { failureType: type, message } = failing;
    state.lastFailure = { type, message, time: isoTime(Date.now()) };
    run.show();
  });
}

function coveragePage(
  run: SubscriptionRun,
  { offset, limit, from, to, destination }: CoverageRequest & Required<PageRequest>,
): CoveragePage {
  const { checkpoint } = run.state;
  if (checkpoint === undefined) return { rows: [], total: 0, losses: [] };
  const covered = coveredSpan(checkpoint);
  const startMs = Math.max(parseTime(covered.startTime), from === undefined ? 0 : parseTime(from));
  const endMs = Math.min(parseTime(covered.endTime), to === undefined ? Infinity : parseTime(to));
  if (startMs >= endMs) return { rows: [], total: 0, losses: checkpoint.losses.slice(-shownLosses) };
  const span = { startTime: isoTime(startMs), endTime: isoTime(endMs) };
  const asOfNow = { ...checkpoint, quarantine: quarantineBy(checkpoint.quarantine, Date.now()) };
  const rows = coverageOf(asOfNow, span, run.pending()).filter(
    (row) => destination === undefined || row.destination === destination,
  );
  return {
    rows: rows.slice(offset, offset + limit),
    total: rows.length,
    losses: checkpoint.losses.slice(-shownLosses),
  };
}

/** Gives blobs up that were set aside. */
function discard(
  run: SubscriptionRun,
  isSelected: (blob: { readonly contentId: string }) => boolean,
  reason: string | undefined,
): number {
  const { checkpoint } = run.state;
  const discarded = checkpoint?.quarantine.filter(isSelected) ?? [];
  if (checkpoint === undefined || discarded.length === 0) return 0;
  run.interrupt('retrying');
  const { losses, destinations } = checkpoint;
  const why = `discarded by an operator${reason === undefined ? '' : `: ${reason}`}`;
  const deliveries = discarded.map((blob) => ({ blob, has: [], lost: { destinations, reason: why } }));
  run.checkpoint = takeRetries(checkpoint, deliveries, { counts: [], nowMs: Date.now() });
  reportLosses(run.checkpoint.losses.filter((loss) => !losses.includes(loss)));
  return discarded.length;
}

function selectionOf(contentIds: readonly string[] | undefined) {
  const wanted = contentIds === undefined ? undefined : new Set(contentIds);
  return ({ contentId }: { readonly contentId: string }) => wanted?.has(contentId) ?? true;
}

function acceptance(request: BackfillRequest, window: TimeWindow): AcceptedBackfill {
  const parts = [
    parseTime(window.startTime) > parseTime(request.startTime) &&
      `what was created before ${window.startTime} is not listed any more (7 days)`,
    parseTime(window.endTime) < parseTime(request.endTime) && `${window.endTime} is now`,
  ].filter((part) => part !== false);
  return {
    id: backfillId(request),
    window,
    ...(parts.length > 0 && { clipped: parts.join('; ') }),
  };
}
