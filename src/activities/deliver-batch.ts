import { metricMeter } from '@temporalio/activity';
import type { Destination, RecordsOfBlob } from '../destinations/destination.ts';
import { DestinationError } from '../errors.ts';
import { noteFailure, wantedBlobs, type Batch } from './batch.ts';
import { fetchBlobs } from './fetch-blobs.ts';
import { SharedBlobs } from './shared-blobs.ts';
import { StallWatchdog, type Patience } from './stall-watchdog.ts';

/** What one destination is to get. */
interface Delivery {
  readonly destination: Destination;
  /** Its place in the input's destinations. */
  readonly which: number;
  readonly blobs: AsyncIterable<RecordsOfBlob>;
  /** Places of the blobs in the batch, by contentId. */
  readonly indexes: ReadonlyMap<string, number>;
  /** Aborts when the activity is cancelled or the destination cut off. */
  readonly signal: AbortSignal;
  readonly onAcknowledged: () => void;
}

/**
 * Fetches the blobs of a batch, each once, and delivers them to every destination that does not have them. What comes of it is
 * noted in `progress`: a destination that fails as a whole does not keep the others from going on. Throws the reason when the
 * activity is cancelled.
 */
export async function deliverBatch(batch: Batch, patience: Patience): Promise<void> {
  const destinations = findDestinations(batch);
  const wanted = wantedBlobs(batch);
  if (wanted.length === 0) return;
  const indexes = new Map(wanted.map(({ contentId, index }) => [contentId, index]));
  const shared = new SharedBlobs(fetchBlobs(wanted, batch), destinations.length);
  const watchdog = new StallWatchdog(
    destinations.map(({ destination }) => destination.name),
    patience,
  );
  const deliveries = destinations.map(async ({ destination, which }, place) => {
    const cutOff = watchdog.cutOff(place);
    const signal = AbortSignal.any([batch.signal, cutOff]);
    const blobs = watchdog.watch(place, shared.of(place));
    const onAcknowledged = () => {
      watchdog.moved(place);
      batch.onAcknowledged();
    };
    try {
      await deliver(batch, { destination, which, blobs, indexes, signal, onAcknowledged });
      watchdog.ended(place, 'finished');
    } catch (error) {
      watchdog.ended(place, 'failed');
      if (!batch.signal.aborted)
        batch.progress.failDestination(which, cutOff.aborted ? cutOff.reason : error);
    } finally {
      await shared.leave(place);
    }
  });
  const results = await Promise.allSettled(deliveries).finally(() => watchdog.stop());
  batch.signal.throwIfAborted();
  for (const result of results) if (result.status === 'rejected') throw result.reason;
}

async function deliver(batch: Batch, delivery: Delivery): Promise<void> {
  const { destination, which, indexes, signal } = delivery;
  for await (const outcome of destination.deliver(skipDelivered(batch, delivery), signal)) {
    const index = indexes.get(outcome.contentId)!;
    if (outcome.status === 'failed') {
      // What is cut off has not failed by itself.
      if (!signal.aborted) noteFailure(batch, index, outcome.error);
      continue;
    }
    batch.progress.deliver(index, which, outcome);
    delivery.onAcknowledged();
    countDelivery(batch.input.contentType, destination.name, outcome);
  }
}

/** Leaves out what this destination acknowledged in an earlier attempt. */
async function* skipDelivered({ progress }: Batch, { blobs, indexes, which }: Delivery) {
  for await (const blob of blobs) {
    if (progress.isDeliveredTo(indexes.get(blob.contentId)!, which)) {
      await blob.records[Symbol.asyncIterator]().return?.();
    } else {
      yield blob;
    }
  }
}

/**
 * The destinations that this worker has. One that its configuration does not know (yet, while a change rolls out) counts as
 * unavailable.
 */
function findDestinations({
  dependencies,
  input,
  progress,
}: Batch): Pick<Delivery, 'destination' | 'which'>[] {
  return input.destinations.flatMap((key, which) => {
    const destination = dependencies.destination(key);
    if (destination !== undefined) return [{ destination, which }];
    const problem = `destination ${key} is not in this worker's configuration; retried, because a changed configuration may still be rolling out`;
    progress.failDestination(which, new DestinationError('unavailable', problem));
    return [];
  });
}

function countDelivery(
  contentType: string,
  destination: string,
  { records, bytes }: { readonly records: number; readonly bytes: number },
): void {
  const tags = { content_type: contentType, destination };
  metricMeter.createCounter('office365_ingest_blobs').add(1, tags);
  metricMeter.createCounter('office365_ingest_records').add(records, tags);
  metricMeter.createCounter('office365_ingest_record_bytes').add(bytes, tags);
}
