import { log } from '@temporalio/workflow';
import type { ContentListing } from '../activities/list-content.ts';
import { takeDestinations } from '../domain/attachment.ts';
import { addBackfill, obtainable } from '../domain/backfill.ts';
import { attachedDestinations, beginAt } from '../domain/checkpoint.ts';
import { parkedDelayMs } from '../domain/pacing.ts';
import { advance, bound, finishWindow, forget, takeSweepAges } from '../domain/progress.ts';
import { isoTime, parseTime } from '../domain/time-window.ts';
import { activityFailure } from './activity-failure.ts';
import { ensuring, listing } from './activity-options.ts';
import { forwardWindow } from './forwarding.ts';
import { inputFailure } from './input-failure.ts';
import { minute, type SubscriptionRun, type WindowWork } from './subscription-run.ts';

/** A subscription whose listed window ends this long before the settle time is catching up. */
const catchingUpMs = 10 * 60_000;

/** Failures that are over once the subscription is listed and started. */
const mendable = ['ManagementApi.subscriptionNotStarted', 'ManagementApi.subscriptionDisabled'];

/** Heartbeat time-out of a listing before the configuration is known. */
const defaultHeartbeatMs = 60_000;

/** The lane of live work: ensures the subscription, lists what is new, forwards it, and moves the position. */
export async function followLiveContent(run: SubscriptionRun): Promise<void> {
  while (!run.isEnding) {
    await run.unheld({ isBackfill: !run.state.isEnsured });
    if (run.isEnding) return;
    try {
      if (!run.state.isEnsured) await ensureSubscription(run);
      if (!run.hasRoomForWindow()) run.end();
      if (!run.isHeld() && run.state.isEnsured) await workLiveWindow(run);
    } catch (error) {
      await park(run, error);
    }
    run.show();
  }
}

/** Lists the tenant's subscriptions and starts this one if need be: at first, and when Microsoft says it is not started. */
async function ensureSubscription(run: SubscriptionRun): Promise<void> {
  const { state, subscription } = run;
  const named = {
    id: 'ensure-subscription',
    summary: 'List subscriptions, start this one unless it is enabled',
    priority: 'live',
  } as const;
  const { lastStartRequest } = state;
  const ensured = await run.interruptible('listing', () =>
    run.activity(named, (options) =>
      ensuring(options).ensureSubscription({
        ...subscription,
        isFirst: state.checkpoint === undefined,
        ...(lastStartRequest !== undefined && { lastStartRequest }),
      }),
    ),
  );
  if (ensured === undefined) return;
  state.isEnsured = true;
  state.settings = ensured.settings;
  const names = ensured.settings.destinations.map(({ name }) => name);
  const { startRequested } = ensured;
  if (state.checkpoint === undefined) {
    run.checkpoint = {
      ...beginAt(run.startTime ?? ensured.startTime, names),
      ...(startRequested !== undefined && { collectedSince: startRequested }),
    };
  } else if (startRequested !== undefined && state.lastListed !== undefined) {
    const reason = 'the subscription was not enabled at Microsoft, which collects nothing meanwhile';
    run.lose([{ startTime: state.lastListed, endTime: startRequested, reason, time: isoTime(Date.now()) }]);
  }
  if (startRequested !== undefined) state.lastStartRequest = startRequested;
  run.checkpoint = takeSweepAges(run.checkpoint, ensured.settings.sweepAgesMs);
  takeRequests(run);
  // Whether a destination is well again shows only when it takes a blob.
  if (state.parked?.type.startsWith('ManagementApi.') || state.parked?.type === 'Input') delete state.parked;
  run.show();
}

/** Backfills that were asked for before there was anything to ask. */
function takeRequests(run: SubscriptionRun): void {
  for (const request of run.state.requested) {
    const window = obtainable(request, Date.now());
    if (window === undefined) continue;
    run.checkpoint = addBackfill(run.checkpoint, request, window);
    run.leaveWorks(request.destinations ?? run.checkpoint.destinations);
  }
  run.state.requested = [];
}

/** Waits inside the listing until there is something new, and forwards it. */
async function workLiveWindow(run: SubscriptionRun): Promise<void> {
  const { state, subscription } = run;
  const { position } = run.checkpoint;
  const named = {
    id: `list-${minute(position)}`,
    summary: `List what was created since ${position}`,
    priority: 'live',
  } as const;
  const isAsked = run.takeWake();
  const heartbeatMs = state.settings?.listingHeartbeatMs ?? defaultHeartbeatMs;
  const listed = await run.interruptible('listing', () =>
    run.activity(named, (options) =>
      listing({ ...options, heartbeatMs }).listContent({
        ...subscription,
        live: { position, quietPolls: state.quietPolls, ...(isAsked && { isAsked }) },
      }),
    ),
  );
  if (listed === undefined || !isListing(listed)) return;
  takeListing(run, listed);
  run.show();

  // A live listing leaves nothing out as known, so that it is enough to take part from now on.
  await run.working(listed.window, attachedDestinations(run.checkpoint), async (work) => {
    if (await forwardWindow(run, listed.blobs, { priority: 'live' }, work))
      finishLiveWindow(run, listed, work);
  });
}

/** Whether it is a listing at all: an operator may complete an activity by hand, with anything. */
export function isListing(value: ContentListing): boolean {
  return Array.isArray(value.blobs) && value.window !== undefined && value.settings !== undefined;
}

/** What a listing says beside its blobs. What the service no longer lists is lost; ingestion goes on with what is left. */
function takeListing(run: SubscriptionRun, { window, listedAt, quietPolls, settings }: ContentListing): void {
  const { state } = run;
  state.quietPolls = quietPolls;
  state.lastListed = listedAt;
  state.settings = settings;
  state.isCatchingUp = parseTime(window.endTime) < parseTime(listedAt) - settings.settleTimeMs - catchingUpMs;
  const before = run.checkpoint.destinations;
  run.checkpoint = takeDestinations(run.checkpoint, settings.destinations, Date.now());
  run.leaveWorks(before.filter((name) => !run.checkpoint.destinations.includes(name)));
  run.checkpoint = takeSweepAges(run.checkpoint, settings.sweepAgesMs);
  const { position } = run.checkpoint;
  if (parseTime(window.startTime) <= parseTime(position)) return;
  const reason = 'older than what the service lists (7 days)';
  run.lose([{ startTime: position, endTime: window.startTime, reason, time: isoTime(Date.now()) }]);
  run.checkpoint = advance(run.checkpoint, window.startTime);
}

/** All of a listing is accounted for: the position moves, and what was parked is well. */
function finishLiveWindow(run: SubscriptionRun, { window }: ContentListing, { took }: WindowWork): void {
  const nowMs = Date.now();
  const underWay = [...run.works].map((work) => work.window);
  const finished = finishWindow(run.checkpoint, window, { nowMs, destinations: [...took] });
  run.checkpoint = bound(forget(advance(finished, window.endTime), nowMs, underWay));
  run.state.probes = 0;
  delete run.state.parked;
}

/**
 * A failure that is not retried needs somebody: says why, waits, and looks again by itself. Wrong input ends the workflow
 * before anything was listed.
 */
async function park(run: SubscriptionRun, error: unknown): Promise<void> {
  const { state } = run;
  const { type, message } = activityFailure(error);
  if (type === 'Input' && state.checkpoint === undefined) throw inputFailure(message);
  state.isEnsured = false;
  if (mendable.includes(type) && state.probes === 0) {
    // Listing and starting the subscription mends it, unless it comes back.
    state.probes++;
    return;
  }
  const delayMs = parkedDelayMs(state.probes);
  const nowMs = Date.now();
  state.lastFailure = { type, message, time: isoTime(nowMs) };
  state.parked = { type, reason: message, nextProbe: isoTime(nowMs + delayMs) };
  state.probes++;
  log.warn('Parked', { failureType: type, reason: message });
  run.show();
  await run.rest(delayMs);
}
