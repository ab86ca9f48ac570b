import { contentIdOf } from './blobs.ts';
import type { SimulatedBlob } from './blobs.ts';
import type { SubscriptionPopulation } from './population.ts';
import { positionOf } from './position.ts';

/**
 * Three readings of what nobody has documented: a window starts or ends inside the range of a blob, and the blob is listed
 * under another id (management-activity-api.md 3.5).
 * - `lost`: what lies before the window's start is missing, and stands in no other window;
 * - `neighbour`: what lies outside is missing, and stands in the neighbouring window;
 * - `reordered`: all records are there, in another order.
 */
export type CutReading = 'none' | 'lost' | 'neighbour' | 'reordered';

/** `startMs` inclusive, `endMs` exclusive, both of `contentCreated`. */
export interface Window {
  readonly startMs: number;
  readonly endMs: number;
}

/** A blob as a window shows it: mostly whole. */
export interface ListedBlob {
  readonly blob: SimulatedBlob;
  readonly contentId: string;
  readonly createdMs: number;
  readonly lastPosition: string;
  /** Numbers of its records: the first, and the one behind the last. */
  readonly records: readonly [number, number];
  readonly isReversed: boolean;
}

export function wholeBlob(blob: SimulatedBlob): ListedBlob {
  const { contentId, createdMs, lastPosition, recordCount } = blob;
  return { blob, contentId, createdMs, lastPosition, records: [0, recordCount], isReversed: false };
}

/** How a window shows a blob that lies in it or overlaps it; `undefined` when it does not show it at all. */
export function blobInWindow(
  subscription: SubscriptionPopulation,
  blob: SimulatedBlob,
  window: Window,
  reading: CutReading,
): ListedBlob | undefined {
  const isCutAtStart = blob.firstMs < window.startMs && reading !== 'none';
  const isCutAtEnd = blob.createdMs >= window.endMs;
  if (isCutAtEnd && (reading === 'none' || reading === 'lost')) return undefined;
  if (!isCutAtStart && !isCutAtEnd) return wholeBlob(blob);

  const isWhole = reading === 'reordered';
  const from = isCutAtStart && !isWhole ? recordsBefore(blob, window.startMs) : 0;
  const until = isCutAtEnd && !isWhole ? recordsBefore(blob, window.endMs) : blob.recordCount;
  if (from === until) return undefined;
  // The number of the blob keeps the ids of two blobs apart that one window cuts.
  const digits = blob.index % 1_000_000;
  const createdMs = isCutAtEnd ? window.endMs - 1 : blob.createdMs;
  const firstPosition = isCutAtStart ? positionOf(window.startMs, digits) : blob.firstPosition;
  const lastPosition = isCutAtEnd ? positionOf(createdMs, digits) : blob.lastPosition;
  const contentId = contentIdOf(subscription, blob.index, firstPosition, lastPosition);
  return { blob, contentId, createdMs, lastPosition, records: [from, until], isReversed: isWhole };
}

/** The records of a blob are spread evenly over its range, the last one at its end. */
function recordsBefore({ firstMs, createdMs, recordCount }: SimulatedBlob, timeMs: number): number {
  const share = (timeMs - firstMs) / (createdMs - firstMs);
  return Math.min(recordCount, Math.max(0, Math.ceil(share * recordCount) - 1));
}

/** The cut blobs that were listed, by id: only a listing knows which window cut them. */
export class CutBlobs {
  readonly #byId = new Map<SubscriptionPopulation, Map<string, ListedBlob>>();

  remember(subscription: SubscriptionPopulation, listed: ListedBlob): void {
    if (listed.contentId === listed.blob.contentId) return;
    const known = this.#byId.get(subscription) ?? new Map<string, ListedBlob>();
    this.#byId.set(subscription, known.set(listed.contentId, listed));
  }

  find(subscription: SubscriptionPopulation, contentId: string): ListedBlob | undefined {
    return this.#byId.get(subscription)?.get(contentId);
  }
}
