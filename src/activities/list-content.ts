import { setTimeout as sleep } from 'node:timers/promises';
import { activityInfo, cancellationSignal, heartbeat } from '@temporalio/activity';
import type { BlobReference } from '../domain/content-blob.ts';
import { openIds, type DeliveredIds } from '../domain/delivered-ids.ts';
import { hourOf } from '../domain/hour.ts';
import { jitter, pollDelayMs } from '../domain/pacing.ts';
import {
  isoTime,
  parseTime,
  planLiveListing,
  planOwedListing,
  type TimeWindow,
} from '../domain/time-window.ts';
import { InputError } from '../errors.ts';
import type { ActivityDependencies, Tenant, WorkflowSettings } from './dependencies.ts';
import { requireTenant, serverNowMs, workflowSettings } from './dependencies.ts';
import { listWindow, type ListedWindow } from './list-window.ts';

/** A quiet listing returns after this long, so that the position moves and the run can continue as new. */
const maxWaitMs = 15 * 60_000;

/** A window that ends this much before the settle time is closed at once when it is empty: more waits behind it. */
const behindMs = 60_000;

/** Lists what was created since the position, and waits inside until there is something. */
interface LiveListing {
  /** ISO: everything created before it is done. */
  readonly position: string;
  /** Empty polls in a row before this listing: quiet subscriptions are listed less often. */
  readonly quietPolls: number;
  /** An operator asked for a listing now: it returns even if there is nothing, and brings the settings along. */
  readonly isAsked?: boolean;
}

/** Lists a span once, at once. */
interface OwedListing {
  readonly window: TimeWindow;
  /** Per hour of `contentCreated`: what need not come back. */
  readonly known: Readonly<Record<string, DeliveredIds>>;
}

/** Either `live` or `owed`. */
export interface ListContentInput {
  readonly tenantId: string;
  readonly contentType: string;
  readonly live?: LiveListing;
  readonly owed?: OwedListing;
}

export interface ContentListing {
  /**
   * The span this listing is complete for. It starts later than asked where the service no longer serves the beginning; of an
   * owed span of which nothing is served any more it is the end alone.
   */
  readonly window: TimeWindow;
  /** Oldest first, at most some 1,200; a live listing may name blobs that are delivered already. */
  readonly blobs: readonly BlobReference[];
  /** How many blobs of the span were listed beside these and need not come back. */
  readonly known: number;
  /** How often this activity listed. */
  readonly polls: number;
  /** Empty polls in a row, for the next live listing. */
  readonly quietPolls: number;
  /** ISO, the service's clock. */
  readonly listedAt: string;
  readonly settings: WorkflowSettings;
}

/**
 * Lists content. A live listing waits inside: lists, sleeps, lists again, until there is something new, some 15 minutes are
 * over, or the worker shuts down; an owed one lists its span once. Safe to retry because it only reads. A failed listing is
 * thrown at once (`ManagementApi.*`), so that Temporal retries it in plain sight; `Input` for a tenant that is not known.
 */
export function listContent(dependencies: ActivityDependencies) {
  return async ({ tenantId, contentType, live, owed }: ListContentInput): Promise<ContentListing> => {
    const tenant = requireTenant(dependencies, tenantId);
    const progress = new ListingProgress();
    const heartbeats = setInterval(() => progress.report(), heartbeatTimeoutMs(tenant) / 3);
    const subscription = { tenant, contentType, progress };
    try {
      if ((live === undefined) === (owed === undefined)) {
        throw new InputError('live', 'give either live or owed, and not both');
      }
      const listed =
        owed === undefined
          ? await waitForContent(subscription, live!, dependencies.stopping)
          : { ...(await listOwed(subscription, owed)), quietPolls: 0 };
      return {
        ...listed,
        polls: progress.polls,
        listedAt: isoTime(serverNowMs(tenant)),
        settings: workflowSettings(dependencies, tenant),
      };
    } finally {
      clearInterval(heartbeats);
    }
  };
}

/** Heartbeat details of a listing: when it listed last and how often. */
class ListingProgress {
  polls = 0;
  #lastListed: string | undefined;

  report(): void {
    heartbeat({ lastListed: this.#lastListed, polls: this.polls });
  }

  hasListed(): void {
    this.polls++;
    this.#lastListed = isoTime(Date.now());
    this.report();
  }
}

interface Subscription {
  readonly tenant: Tenant;
  readonly contentType: string;
  readonly progress: ListingProgress;
}

async function waitForContent(
  subscription: Subscription,
  { position, quietPolls, isAsked = false }: LiveListing,
  stopping: AbortSignal,
): Promise<ListedWindow & Pick<ContentListing, 'quietPolls'>> {
  const { tenant, contentType, progress } = subscription;
  const pace = jitter(`${tenant.config.tenantId}/${contentType}`);
  const endMs = Date.now() + maxWaitMs;
  for (;;) {
    const listed = await listLive(subscription, position);
    const isEmpty = listed.blobs.length === 0;
    const emptyPolls = isEmpty ? quietPolls + progress.polls : 0;
    const isDone = isAsked || !isEmpty || isBehind(listed.window, tenant) || Date.now() >= endMs;
    const delayMs = pollDelayMs(emptyPolls, tenant.config.settings) * pace;
    if (isDone || (await isStopping(delayMs, stopping))) return { ...listed, quietPolls: emptyPolls };
  }
}

/** One listing of the live window. An empty span while there is nothing to list yet. */
async function listLive(
  { tenant, contentType, progress }: Subscription,
  position: string,
): Promise<ListedWindow> {
  const plan = planLiveListing({
    position,
    nowMs: serverNowMs(tenant),
    settleTimeMs: tenant.config.settings.settleTimeMs,
  });
  const listed =
    plan === undefined
      ? { window: { startTime: position, endTime: position }, blobs: [], known: 0 }
      : await listWindow(tenant, {
          contentType,
          plan,
          priority: 'live',
          isKnown: () => false,
          onPage: () => progress.report(),
        });
  progress.hasListed();
  return listed;
}

/** The listing of a span that is owed, without what is known. An empty span where nothing of it is served any more. */
async function listOwed(
  { tenant, contentType, progress }: Subscription,
  { window, known }: OwedListing,
): Promise<ListedWindow> {
  const plan = planOwedListing({ window, nowMs: serverNowMs(tenant) });
  const memories = new Map(Object.entries(known).map(([hour, memory]) => [hour, openIds(memory)]));
  const listed =
    plan === undefined
      ? { window: { startTime: window.endTime, endTime: window.endTime }, blobs: [], known: 0 }
      : await listWindow(tenant, {
          contentType,
          plan,
          priority: 'owed',
          isKnown: ({ contentId, contentCreated }) =>
            memories.get(hourOf(contentCreated))?.has(contentId) ?? false,
          onPage: () => progress.report(),
        });
  progress.hasListed();
  return listed;
}

function isBehind(window: TimeWindow, tenant: Tenant): boolean {
  return parseTime(window.endTime) < serverNowMs(tenant) - tenant.config.settings.settleTimeMs - behindMs;
}

/** As the workflow scheduled it, which may not know a changed setting yet. */
function heartbeatTimeoutMs({ config }: Tenant): number {
  return activityInfo().heartbeatTimeoutMs ?? config.settings.listingHeartbeatMs;
}

/** Waits, and says whether the worker began to shut down meanwhile. Throws the reason when the activity is cancelled. */
async function isStopping(ms: number, stopping: AbortSignal): Promise<boolean> {
  const cancelled = cancellationSignal();
  try {
    await sleep(ms, undefined, { signal: AbortSignal.any([cancelled, stopping]) });
  } catch (error) {
    cancelled.throwIfAborted();
    if (!stopping.aborted) throw error;
  }
  return stopping.aborted;
}
