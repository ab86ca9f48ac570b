import { activityInfo, cancellationSignal, Context, heartbeat, log, metricMeter } from '@temporalio/activity';
import { ApplicationFailure } from '@temporalio/common';
import type { BlobReference } from '../domain/content-blob.ts';
import { parseTime, retentionMs } from '../domain/time-window.ts';
import type { BlobOrigin, Destination, RecordsOfBlob } from '../destinations/destination.ts';
import { DestinationError, ManagementApiError } from '../errors.ts';
import { splitRecords } from '../office365/record-reader.ts';
import type { ActivityDependencies, Tenant } from './dependencies.ts';
import { requireTenant } from './dependencies.ts';
import { toFailure } from './failures.ts';
import { fetchAhead } from './fetch-ahead.ts';
import { ForwardingProgress, type ForwardingDetails } from './forwarding-progress.ts';
import { SharedBlobs } from './shared-blobs.ts';

/** Blobs of one batch that are fetched at once. */
const concurrentFetches = 8;

/** An attempt that takes longer hands back what it has: the start-to-close time-out is 15 minutes. */
const attemptMs = 10 * 60_000;

/** What was acknowledged within 0.8 of the heartbeat time-out (20 s) may be sent twice after a crash. */
const heartbeatEveryMs = 3_000;

export interface ForwardContentInput {
  readonly tenantId: string;
  readonly contentType: string;
  readonly blobs: readonly BlobReference[];
  /** Keys of the destinations. */
  readonly destinations: readonly string[];
}

export interface ForwardedContent {
  /** Blobs that every destination has: all of the input that are neither `failed` nor `lost`. */
  readonly delivered: number;
  /** What those held; each blob counts once, however many destinations. */
  readonly records: number;
  readonly bytes: number;
  readonly repeats: number;
  /** Blobs that are not delivered to every destination, by index into the input. */
  readonly failed: readonly {
    readonly index: number;
    readonly failureType: string;
    readonly message: string;
  }[];
  /** Blobs that cannot be had any more, by index into the input. */
  readonly lost: readonly { readonly index: number; readonly reason: string }[];
}

interface IndexedOrigin extends BlobOrigin {
  readonly index: number;
  readonly contentUri: string | undefined;
}

/**
 * Fetches the blobs of a batch and forwards each to every destination. Safe to retry because what a destination has
 * acknowledged stands in the heartbeat details and is not sent again. It returns outcomes once anything is acknowledged,
 * and throws (`ManagementApi.*`, `Destination.*`) only with nothing to show, or when an operator pauses it.
 */
export function forwardContent(dependencies: ActivityDependencies) {
  return async (input: ForwardContentInput): Promise<ForwardedContent> => {
    const tenant = requireTenant(dependencies, input.tenantId);
    const destinations = input.destinations.map((key) => requireDestination(dependencies, key));
    const progress = new ForwardingProgress(
      input.blobs.length,
      destinations.length,
      activityInfo().heartbeatDetails as ForwardingDetails | undefined,
    );
    const heartbeats = setInterval(() => heartbeat(progress.details()), heartbeatEveryMs);
    const signal = cancellationSignal();
    try {
      await forwardBatch({ tenant, destinations, input, progress, signal });
    } catch (error) {
      // A paused attempt has to fail to be paused; what it has to show stands in the heartbeat details of the next one.
      if (!progress.hasAny() || Context.current().cancellationDetails?.paused === true) throw error;
      progress.failRest(error);
      log.warn('Forwarding stopped early', {
        delivered: progress.deliveredCount(),
        failureType: failureOf(error).type,
      });
    } finally {
      clearInterval(heartbeats);
      heartbeat(progress.details());
    }
    return resultOf(input, progress);
  };
}

interface Batch {
  readonly tenant: Tenant;
  readonly destinations: readonly Destination[];
  readonly input: ForwardContentInput;
  readonly progress: ForwardingProgress;
  readonly signal: AbortSignal;
}

async function forwardBatch({ tenant, destinations, input, progress, signal }: Batch): Promise<void> {
  const { tenantId, contentType } = input;
  const origins = input.blobs
    .map((blob, index): IndexedOrigin => ({
      ...blob,
      contentUri: blob.contentUri,
      tenantId,
      contentType,
      index,
    }))
    .filter(({ index }) => !progress.isDelivered(index));
  const indexes = new Map(origins.map(({ contentId, index }) => [contentId, index]));
  const shared = new SharedBlobs(fetchBlobs(origins, { tenant, progress, signal }), destinations.length);

  const deliveries = destinations.map(async (destination, which) => {
    try {
      const blobs = skipDelivered(shared.of(which), indexes, progress, which);
      for await (const outcome of destination.deliver(blobs, signal)) {
        const index = indexes.get(outcome.contentId)!;
        if (outcome.status === 'failed') progress.fail(index, outcome.error);
        else {
          progress.deliver(index, which, outcome);
          countDelivery(contentType, destination.name, outcome.records, outcome.bytes);
        }
      }
    } finally {
      await shared.leave(which);
    }
  });
  const results = await Promise.allSettled(deliveries);
  for (const result of results) if (result.status === 'rejected') throw result.reason;
}

/** The blobs as they can be handed on. A blob that cannot be fetched is noted in `progress` and left out. */
async function* fetchBlobs(
  origins: readonly IndexedOrigin[],
  { tenant, progress, signal }: Pick<Batch, 'tenant' | 'progress' | 'signal'>,
): AsyncGenerator<RecordsOfBlob, void, undefined> {
  const endMs = Date.now() + attemptMs;
  let stopCause: unknown;
  function* wanted() {
    for (const origin of origins) {
      if (stopCause !== undefined || Date.now() >= endMs) return;
      yield origin;
    }
  }
  const retrieve = async (origin: IndexedOrigin) =>
    splitRecords(await tenant.client.retrieveContent(origin, origin.contentType, signal));
  for await (const fetched of fetchAhead(wanted(), concurrentFetches, retrieve)) {
    if ('blob' in fetched) {
      yield fetched.blob;
      continue;
    }
    const { index, contentCreated } = fetched.origin as IndexedOrigin;
    signal.throwIfAborted();
    if (isGone(fetched.error, contentCreated)) progress.lose(index, (fetched.error as Error).message);
    else progress.fail(index, fetched.error);
    if (concernsTenant(fetched.error)) stopCause ??= fetched.error;
  }
  if (stopCause !== undefined) progress.failRest(stopCause);
}

/** Leaves out what this destination acknowledged in an earlier attempt. */
async function* skipDelivered(
  blobs: AsyncIterable<RecordsOfBlob>,
  indexes: ReadonlyMap<string, number>,
  progress: ForwardingProgress,
  which: number,
) {
  for await (const blob of blobs) {
    if (progress.isDeliveredTo(indexes.get(blob.contentId)!, which))
      await blob.records[Symbol.asyncIterator]().return?.();
    else yield blob;
  }
}

/** Expired, or not found although its retention is over: nobody can have it any more. */
function isGone(error: unknown, contentCreated: string): boolean {
  if (!(error instanceof ManagementApiError)) return false;
  if (error.kind === 'contentExpired') return true;
  return error.kind === 'contentNotFound' && parseTime(contentCreated) + retentionMs < Date.now();
}

/** Whether the next blob of the tenant would meet the same answer. */
function concernsTenant(error: unknown): boolean {
  if (!(error instanceof ManagementApiError)) return false;
  return [
    'throttled',
    'unauthorized',
    'tenantNotReady',
    'subscriptionDisabled',
    'subscriptionNotStarted',
  ].includes(error.kind);
}

function resultOf(input: ForwardContentInput, progress: ForwardingProgress): ForwardedContent {
  const failed = [...progress.failures()].map(([index, error]) => ({ index, ...failureOf(error) }));
  if (!progress.hasAny() && failed.length > 0) throw mostTelling([...progress.failures().values()]);
  return {
    delivered: progress.deliveredCount(),
    ...progress.totals(),
    failed: failed.map(({ index, type, message }) => ({ index, failureType: type, message })),
    lost: [...progress.losses()].map(([index, reason]) => ({ index, reason })),
  };
}

/** Of several errors the one that needs a person, else the first. */
function mostTelling(errors: readonly unknown[]): unknown {
  return (
    errors.find((error) => {
      const failure = toFailure(error);
      return failure instanceof ApplicationFailure && failure.nonRetryable;
    }) ?? errors[0]
  );
}

function failureOf(error: unknown): { readonly type: string; readonly message: string } {
  const failure = toFailure(error);
  if (failure instanceof ApplicationFailure)
    return { type: failure.type ?? 'Error', message: failure.message };
  return { type: failure instanceof Error ? failure.name : 'Error', message: String(failure) };
}

function countDelivery(contentType: string, destination: string, records: number, bytes: number): void {
  const tags = { content_type: contentType, destination };
  metricMeter.createCounter('office365_ingest_blobs').add(1, tags);
  metricMeter.createCounter('office365_ingest_records').add(records, tags);
  metricMeter.createCounter('office365_ingest_record_bytes').add(bytes, tags);
}

/** A destination that this worker's configuration does not know (yet, while a change rolls out) is retried. */
function requireDestination(dependencies: ActivityDependencies, key: string): Destination {
  const destination = dependencies.destination(key);
  if (destination !== undefined) return destination;
  throw new DestinationError(
    'unavailable',
    `destination ${key} is not in this worker's configuration; retried, because a changed configuration may still be rolling out`,
  );
}
