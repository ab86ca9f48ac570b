import { BatchSender, type SendingOptions } from './batch-sender.ts';
import { Slicer, type BatchLimits, type Slice } from './batching.ts';
import type { DeliveryOutcome, Destination, RecordsOfBlob } from './destination.ts';
import { abortable } from './abortable.ts';
import { concurrently } from './concurrently.ts';
import { Slots } from './slots.ts';

/** Nothing is sent of a smaller blob before all of it has been read. Equal to what the source has complete in memory. */
const readAheadBytes = 4 * 1024 * 1024;

/** A blob whose turn to be read has come. */
interface Turn {
  readonly blob: RecordsOfBlob;
  /** To be called when it has been read: the next one is asked for then. */
  readonly end: () => void;
}

/**
 * `deliver` of a destination that takes records of several blobs in one batch. Blobs are read one after the other, and no
 * faster than batches are sent: beside what is on its way a delivery holds one batch that waits for its turn, one that is being
 * filled, and what was read ahead of one blob.
 */
export function deliverInBatches(
  options: SendingOptions & {
    /** Batches that are on their way at once, over all deliveries. */
    readonly concurrency: number;
  },
): Destination['deliver'] {
  const slots = new Slots(options.concurrency);
  return async function* deliver(blobs, signal) {
    const sender = new BatchSender(options, slots, signal);
    try {
      // Unacknowledged blobs need no limit: those that are not empty take up room in batches.
      const turns = inTurn(blobs, () => sender.flush());
      yield* concurrently(turns, { limit: Infinity, signal }, (turn) =>
        deliverBlob(turn, sender, options.limits),
      );
    } finally {
      sender.close();
    }
  };
}

/** Asks for a blob when the one before has been read. `onEnd` is called when no more will come. */
async function* inTurn(blobs: AsyncIterable<RecordsOfBlob>, onEnd: () => void): AsyncGenerator<Turn> {
  try {
    for await (const blob of blobs) {
      let end = (): void => undefined;
      const hasEnded = new Promise<void>((resolve) => {
        end = resolve;
      });
      yield { blob, end };
      await hasEnded;
    }
  } catch (error) {
    onEnd();
    throw error;
  }
  onEnd();
}

async function deliverBlob(turn: Turn, sender: BatchSender, limits: BatchLimits): Promise<DeliveryOutcome> {
  const { tenantId, contentType, contentId, contentCreated, records } = turn.blob;
  const origin = { tenantId, contentType, contentId, contentCreated };
  const receipt = sender.receiptFor(origin);
  const read = { records: 0, bytes: 0 };
  try {
    for await (const { slice, isLast } of slicesOf(records, new Slicer(origin, limits), sender.halted)) {
      read.records += slice.records.length;
      read.bytes += slice.records.reduce((total, { length }) => total + length, 0);
      await (isLast ? sender.join(slice) : sender.send(slice));
    }
  } catch (error) {
    sender.halted.throwIfAborted();
    return { contentId, status: 'failed', error };
  } finally {
    turn.end();
  }
  receipt.close();
  await receipt.complete;
  return { contentId, status: 'delivered', ...read, isRepeat: false };
}

/**
 * The slices of a blob, the first when all of it or more than {@link readAheadBytes} have been read. Throws what the records
 * throw, and `signal.reason` as soon as `signal` aborts.
 */
async function* slicesOf(
  records: RecordsOfBlob['records'],
  slicer: Slicer,
  signal: AbortSignal,
): AsyncGenerator<{ readonly slice: Slice; readonly isLast: boolean }> {
  const batches = records[Symbol.asyncIterator]();
  const held: Slice[] = [];
  let bytes = 0;
  let isAtEnd = false;
  try {
    while (!isAtEnd) {
      const next = await abortable(batches.next(), signal);
      isAtEnd = next.done === true;
      for (const record of next.done === true ? [] : next.value) {
        bytes += record.length;
        const slice = slicer.push(record);
        if (slice !== undefined) held.push(slice);
      }
      if (!isAtEnd && bytes <= readAheadBytes) continue;
      for (const slice of held.splice(0)) yield { slice, isLast: false };
    }
    const slice = slicer.rest();
    if (slice !== undefined) yield { slice, isLast: true };
  } finally {
    // The source may be stuck in a read, so nobody waits for it.
    if (!isAtEnd) batches.return?.().catch(() => undefined);
  }
}
