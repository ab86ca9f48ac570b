import { condition } from '@temporalio/workflow';
import { referenceOf } from '../domain/content-blob.ts';
import { takeRetries } from '../domain/deliveries.ts';
import { quarantinePauseMs, triedMeanwhile, type QuarantinedBlob } from '../domain/quarantine.ts';
import { isoTime, parseTime } from '../domain/time-window.ts';
import { activityFailure } from './activity-failure.ts';
import { forwarding } from './activity-options.ts';
import { readOutcome } from './outcomes.ts';
import { reportLosses, type SubscriptionRun } from './subscription-run.ts';

/** Activities at once for what was set aside. */
const maxRetries = 10;

/** Blobs that wait for one of these activities to end wait this long before all are shared out anew. */
const regroupMs = 60_000;

/** Blobs of one attempt while all fit; with a full quarantine it is more. */
const batchSize = 50;

/**
 * The lane of what was set aside: each blob is always in an activity that an operator can see failing, with its next attempt,
 * and reset; Temporal retries it with growing pauses.
 */
export async function retrySetAside(run: SubscriptionRun): Promise<void> {
  const open = new Map<string, Promise<void>>();
  const held = new Set<string>();
  const waiting = () =>
    (run.state.checkpoint?.quarantine ?? []).filter((entry) => !keysOf(entry).some((key) => held.has(key)));
  while (!run.isEnding) {
    await run.unheld();
    await condition(() => run.isHeld() || (waiting().length > 0 && open.size < maxRetries));
    if (run.isHeld()) continue;
    const group = nextGroup(waiting(), maxRetries - open.size);
    const keys = group.flatMap(keysOf);
    for (const key of keys) held.add(key);
    const id = `retry-${run.state.activities + 1}`;
    open.set(
      id,
      retry(run, group).finally(() => {
        open.delete(id);
        for (const key of keys) held.delete(key);
      }),
    );
    if (open.size === maxRetries && waiting().length > 0) {
      const hasRoom = () => run.isHeld() || open.size < maxRetries || waiting().length === 0;
      if (!(await condition(hasRoom, regroupMs))) {
        run.interrupt('retrying');
        await condition(() => open.size === 0);
      }
    }
  }
  await Promise.all(open.values());
}

/** One activity for blobs that lack the same destinations. It ends when any of them is accounted for, or when it is interrupted. */
async function retry(run: SubscriptionRun, group: readonly QuarantinedBlob[]): Promise<void> {
  const { tenantId, contentType } = run.subscription;
  const { destinations, nextAttempt, failureType, message, attempts } = group[0]!;
  const blobs = group.map(referenceOf);
  const startMs = Date.now();
  const named = {
    id: 'retry',
    summary: `${group.length} blobs that failed, ${attempts} times: ${failureType || 'not tried yet'}`,
    priority: attempts === 0 ? 'live' : 'owed',
    isSetAside: true,
  } as const;
  const setAside = { notBefore: nextAttempt, failureType, message };
  try {
    const result = await run.interruptible('retrying', () =>
      run.activity(named, (options) =>
        forwarding({
          ...options,
          firstPauseMs: Math.max(1_000, quarantinePauseMs(attempts + 1)),
        }).forwardContent({
          tenantId,
          contentType,
          blobs,
          destinations,
          priority: named.priority,
          setAside,
        }),
      ),
    );
    const outcome = result === undefined ? undefined : readOutcome(blobs, destinations, result);
    if (outcome === undefined)
      return change(run, group, (entry) => triedMeanwhile(entry, startMs, Date.now()));
    const { losses } = run.checkpoint;
    run.checkpoint = takeRetries(run.checkpoint, outcome.deliveries, {
      counts: outcome.counts,
      nowMs: Date.now(),
    });
    reportLosses(run.checkpoint.losses.filter((loss) => !losses.includes(loss)));
    postpone(run, group, outcome.failures[0]);
  } catch (error) {
    const { type, message: reason } = activityFailure(error);
    postpone(run, group, { failureType: type, message: reason });
  }
  run.show();
}

/** What is still set aside and was due rests before its next attempt. */
function postpone(
  run: SubscriptionRun,
  group: readonly QuarantinedBlob[],
  failure: { readonly failureType: string; readonly message: string } | undefined,
): void {
  const nowMs = Date.now();
  change(run, group, (entry) => {
    if (parseTime(entry.nextAttempt) > nowMs) return entry;
    const attempts = Math.max(1, entry.attempts);
    const nextAttempt = isoTime(nowMs + Math.max(1_000, quarantinePauseMs(attempts)));
    return { ...entry, ...failure, attempts, nextAttempt };
  });
}

/** Changes the entries of a group that are still there. */
function change(
  run: SubscriptionRun,
  group: readonly QuarantinedBlob[],
  changed: (entry: QuarantinedBlob) => QuarantinedBlob,
): void {
  const keys = new Set(group.flatMap(keysOf));
  const quarantine = run.checkpoint.quarantine.map((entry) =>
    keysOf(entry).some((key) => keys.has(key)) ? changed(entry) : entry,
  );
  run.checkpoint = { ...run.checkpoint, quarantine };
}

/** Blobs for the same destinations, soonest first, so many that the rest fits into the activities that are left. */
function nextGroup(waiting: readonly QuarantinedBlob[], freeActivities: number): readonly QuarantinedBlob[] {
  const soonestFirst = waiting.toSorted((a, b) => parseTime(a.nextAttempt) - parseTime(b.nextAttempt));
  const destinations = soonestFirst[0]!.destinations.join('\n');
  const alike = soonestFirst.filter((entry) => entry.destinations.join('\n') === destinations);
  return alike.slice(0, Math.max(batchSize, Math.ceil(waiting.length / freeActivities)));
}

/** One for each destination: an entry may lose one of them, and is the same all the same. */
function keysOf({ contentId, destinations }: QuarantinedBlob): string[] {
  return destinations.map((destination) => `${contentId}\n${destination}`);
}
