import type { BlobReference } from '../../../src/domain/content-blob.ts';
import { openIds, type DeliveredIds } from '../../../src/domain/delivered-ids.ts';
import { hourOf } from '../../../src/domain/hour.ts';
import {
  boundListing,
  isAccepted,
  isoTime,
  parseTime,
  planLiveListing,
  planOwedListing,
  retentionMs,
  type ListingPlan,
  type TimeWindow,
} from '../../../src/domain/time-window.ts';
import type { Dice } from './dice.ts';

/** A blob as the model of the service has it. Times in milliseconds. */
export interface ServiceBlob {
  readonly contentId: string;
  readonly createdMs: number;
  /** It is listed from here on. */
  readonly visibleMs: number;
  /** The span of its records, which ends where it was created: a request that cuts it lists a part under another id. */
  readonly rangeMs: number;
  readonly records: number;
  /** Listed by requests for other spans, too. */
  isStray: boolean;
  /** Fetching fails so often yet. */
  broken: number;
  /** It is listed and cannot be fetched any more. */
  isGone: boolean;
}

export interface Listing {
  readonly window: TimeWindow;
  readonly blobs: readonly BlobReference[];
  readonly known: number;
}

/** Few, so that short histories have listings that are cut. */
const bounds = { blobs: 5, bytes: 400_000 };

export const settleTimeMs = 120_000;

/** The model of the service: lists late, shuffled, twice, cut at the ends of a request, and for seven days only. */
export class Service {
  readonly blobs = new Map<string, ServiceBlob>();
  nowMs: number;

  constructor(nowMs: number) {
    this.nowMs = nowMs;
  }

  fetch({ contentId }: BlobReference): 'content' | 'failure' | 'expired' {
    const blob = this.blobs.get(contentId);
    if (blob === undefined) throw new Error(`${contentId} was cut, and fetched`);
    if (blob.isGone || blob.createdMs + retentionMs <= this.nowMs) return 'expired';
    return blob.broken-- > 0 ? 'failure' : 'content';
  }

  listLive(position: string, dice: Dice): Listing {
    const plan = planLiveListing({ position, nowMs: this.nowMs, settleTimeMs });
    if (plan === undefined)
      return { window: { startTime: position, endTime: position }, blobs: [], known: 0 };
    return this.#list(plan, {}, dice);
  }

  listOwed(window: TimeWindow, known: Readonly<Record<string, DeliveredIds>>, dice: Dice): Listing {
    const plan = planOwedListing({ window, nowMs: this.nowMs });
    if (plan === undefined)
      return { window: { startTime: window.endTime, endTime: window.endTime }, blobs: [], known: 0 };
    return this.#list(plan, known, dice);
  }

  /** As the activity does it: what is accepted and not known, oldest first, cut to the bounds. */
  #list(plan: ListingPlan, known: Readonly<Record<string, DeliveredIds>>, dice: Dice): Listing {
    const wanted = new Map<string, BlobReference>();
    const left = new Map<string, string>();
    for (const blob of dice.shuffle(this.#serve(plan.requested, dice))) {
      if (!isAccepted(blob.contentCreated, plan)) continue;
      const ids = known[hourOf(blob.contentCreated)];
      if (ids !== undefined && openIds(ids).has(blob.contentId))
        left.set(blob.contentId, blob.contentCreated);
      else wanted.set(blob.contentId, blob);
    }
    const { blobs, completeUntil } = boundListing([...wanted.values()], plan.accepted, bounds);
    const endMs = parseTime(completeUntil);
    const leftOut = [...left].filter(([, created]) => parseTime(created) < endMs);
    return {
      window: { startTime: plan.accepted.startTime, endTime: completeUntil },
      blobs,
      known: leftOut.length,
    };
  }

  #serve(requested: TimeWindow, dice: Dice): BlobReference[] {
    const startMs = parseTime(requested.startTime);
    const endMs = parseTime(requested.endTime);
    return [...this.blobs.values()].flatMap((blob): BlobReference[] => {
      const { contentId, createdMs, visibleMs, rangeMs, isStray } = blob;
      if (visibleMs > this.nowMs || createdMs + retentionMs <= this.nowMs) return [];
      const whole = { contentId, contentCreated: isoTime(createdMs) };
      const beginMs = createdMs - rangeMs;
      if (createdMs >= startMs && createdMs < endMs) {
        if (beginMs < startMs) return [{ ...whole, contentId: `${contentId}~tail` }];
        return dice.onceIn(4) ? [whole, whole] : [whole];
      }
      if (createdMs >= endMs && beginMs < endMs)
        return [{ contentId: `${contentId}~head`, contentCreated: isoTime(endMs - 1) }];
      return isStray && dice.onceIn(3) ? [whole] : [];
    });
  }
}
