import { setTimeout as sleep } from 'node:timers/promises';
import { cancellationSignal, heartbeat, log } from '@temporalio/activity';
import type { BlobReference, ContentBlob } from '../domain/content-blob.ts';
import { jitter, pollDelayMs } from '../domain/pacing.ts';
import { boundListing, isAccepted, isoTime, parseTime, planLiveListing } from '../domain/time-window.ts';
import type { TimeWindow } from '../domain/time-window.ts';
import { isDerivableContentUri } from '../office365/content-urls.ts';
import type { ActivityDependencies, Tenant, WorkflowSettings } from './dependencies.ts';
import { requireTenant, workflowSettings } from './dependencies.ts';

/**
 * Blobs of one result. Each costs some 320 bytes of history in all, so that a whole listing fits into a run of 512 KB; a
 * result above 2 MiB would be retried for ever.
 */
const maxListedBlobs = 1_200;

/** A quiet listing returns after this long, so that the position moves and the run can continue as new. */
const maxWaitMs = 15 * 60_000;

/** A window that ends this much before the settle time is closed at once when it is empty: more waits behind it. */
const behindMs = 60_000;

/** A waiting listing reports more often than a third of its heartbeat time-out (60 s). */
const heartbeatEveryMs = 15_000;

export interface ListContentInput {
  readonly tenantId: string;
  readonly contentType: string;
  /** ISO: everything created before it is done. */
  readonly position: string;
  /** Empty polls in a row before this listing: quiet subscriptions are listed less often. */
  readonly quietPolls: number;
}

export interface ContentListing {
  /** The span this listing is complete for. It starts after the position where the service no longer serves what lies between. */
  readonly window: TimeWindow;
  /** Oldest first, at most some 1,200; may name blobs that are delivered already. */
  readonly blobs: readonly BlobReference[];
  /** How often this activity listed. */
  readonly polls: number;
  /** Empty polls in a row, for the next listing. */
  readonly quietPolls: number;
  /** ISO, the service's clock. */
  readonly listedAt: string;
  readonly settings: WorkflowSettings;
}

/** Heartbeat details of a waiting listing, for people. */
interface ListingProgress {
  lastListed?: string;
  polls: number;
}

/**
 * Lists what was created since the position, and waits inside: lists, sleeps, lists again, until there is something new,
 * some 15 minutes are over, or the worker shuts down. Safe to retry because it only reads. A failed listing is thrown at
 * once (`ManagementApi.*`), so that Temporal retries it in plain sight.
 */
export function listContent(dependencies: ActivityDependencies) {
  return async (input: ListContentInput): Promise<ContentListing> => {
    const tenant = requireTenant(dependencies, input.tenantId);
    const { stopping } = dependencies;
    const pace = jitter(`${input.tenantId}/${input.contentType}`);
    const endMs = Date.now() + maxWaitMs;
    const progress: ListingProgress = { polls: 0 };
    const report = () => heartbeat({ ...progress });
    const heartbeats = setInterval(report, heartbeatEveryMs);
    try {
      for (;;) {
        const listing = await listOnce(tenant, input, report);
        progress.polls++;
        progress.lastListed = isoTime(Date.now());
        report();
        const quietPolls = listing.blobs.length > 0 ? 0 : input.quietPolls + progress.polls;
        const isDone = listing.blobs.length > 0 || isBehind(listing.window, tenant) || Date.now() >= endMs;
        if (isDone || (await isStopping(pollDelayMs(quietPolls, tenant.config.settings) * pace, stopping))) {
          return {
            ...listing,
            polls: progress.polls,
            quietPolls,
            listedAt: isoTime(serverNowMs(tenant)),
            settings: workflowSettings(dependencies, tenant),
          };
        }
      }
    } finally {
      clearInterval(heartbeats);
    }
  };
}

/** One listing of the live window, all pages. An empty span while there is nothing to list yet. */
async function listOnce(
  tenant: Tenant,
  { contentType, position }: ListContentInput,
  onPage: () => void,
): Promise<Pick<ContentListing, 'window' | 'blobs'>> {
  const { client, config } = tenant;
  const plan = planLiveListing({
    position,
    nowMs: serverNowMs(tenant),
    settleTimeMs: config.settings.settleTimeMs,
  });
  if (plan === undefined) return { window: { startTime: position, endTime: position }, blobs: [] };
  const accepted = new Map<string, ContentBlob>();
  for await (const page of client.listAvailableContent(contentType, plan.requested, cancellationSignal())) {
    for (const blob of page) if (isAccepted(blob.contentCreated, plan)) accepted.set(blob.contentId, blob);
    onPage();
  }
  const { blobs, completeUntil } = boundListing([...accepted.values()], plan.accepted, maxListedBlobs);
  log.debug('Listed content', { contentType, blobs: blobs.length, ...plan.accepted });
  return {
    window: { startTime: plan.accepted.startTime, endTime: completeUntil },
    blobs: blobs.map((blob) => referenceTo(blob, tenant)),
  };
}

/** The contentUri would treble history, so it is carried only where it cannot be derived. */
function referenceTo(
  { contentId, contentCreated, contentUri }: ContentBlob,
  { config }: Tenant,
): BlobReference {
  const isDerivable = isDerivableContentUri(contentUri, contentId, config);
  return { contentId, contentCreated, ...(!isDerivable && { contentUri }) };
}

function isBehind(window: TimeWindow, tenant: Tenant): boolean {
  return parseTime(window.endTime) < serverNowMs(tenant) - tenant.config.settings.settleTimeMs - behindMs;
}

function serverNowMs({ client }: Tenant): number {
  return Date.now() + client.clockOffsetMs;
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
