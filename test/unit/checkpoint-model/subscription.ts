import {
  addBackfill,
  backfillId,
  endBackfill,
  maxBackfills,
  obtainable,
  type BackfillRequest,
} from '../../../src/domain/backfill.ts';
import { readCheckpoint } from '../../../src/domain/checkpoint-reader.ts';
import { beginAt, type Checkpoint } from '../../../src/domain/checkpoint.ts';
import type { BlobReference } from '../../../src/domain/content-blob.ts';
import { recordLosses, takeRetries } from '../../../src/domain/deliveries.ts';
import type { Loss } from '../../../src/domain/losses.ts';
import { bound, takeSweepAges } from '../../../src/domain/progress.ts';
import { isoTime, type TimeWindow } from '../../../src/domain/time-window.ts';
import { Tasks } from './tasks.ts';
import { pairOf, type World } from './world.ts';

/** A window under way. */
export interface Work {
  /** Destinations that have taken part from its beginning. */
  readonly took: Set<string>;
  readonly window: TimeWindow;
  /** What its listing named. */
  ids: ReadonlySet<string>;
}

/**
 * Calls the transitions of a checkpoint as the workflow does: the same lanes, with the same waits between them, and with a
 * checkpoint that goes through JSON between two runs. This is what a run holds, and what operators ask of it.
 */
export class Subscription {
  checkpoint: Checkpoint;
  readonly world: World;
  tasks = new Tasks();
  works = new Set<Work>();
  inFlight = new Set<string>();
  isEnding = false;
  /** Counts what interrupts the attempts at what was set aside. */
  interrupts = 0;

  constructor(world: World, begin: string, sweepAgesMs: readonly number[]) {
    this.world = world;
    const names = world.configured.map(({ name }) => name);
    this.checkpoint = takeSweepAges(beginAt(begin, names), sweepAgesMs);
  }

  /** Begins nothing new: what is under way ends. */
  end(): void {
    this.isEnding = true;
  }

  /** What the run before hands to the next one. */
  continueAsNew(): void {
    this.world.leaving.clear();
    this.checkpoint = readCheckpoint(JSON.parse(JSON.stringify(bound(this.checkpoint))));
    this.tasks = new Tasks();
    this.works = new Set();
    this.inFlight = new Set();
    this.isEnding = false;
  }

  backfill(request: BackfillRequest): void {
    const window = obtainable(request, this.world.nowMs);
    if (window === undefined || this.checkpoint.backfills.length >= maxBackfills) return;
    const id = backfillId(request);
    if (this.checkpoint.backfills.some((one) => one.id === id)) return;
    this.checkpoint = addBackfill(this.checkpoint, request, window);
    const destinations = request.destinations ?? this.checkpoint.destinations;
    for (const { took } of this.works) for (const name of destinations) took.delete(name);
    this.world.asked.push({
      id,
      window,
      destinations,
      isResend: request.resend === true,
      askedIn: this.world.turn++,
      isCancelled: false,
    });
  }

  cancelBackfill(id: string): void {
    this.checkpoint = endBackfill(this.checkpoint, id);
    for (const asked of this.world.asked) if (asked.id === id) asked.isCancelled = true;
  }

  retryQuarantined(): void {
    this.interrupts++;
    const nextAttempt = isoTime(this.world.nowMs);
    const quarantine = this.checkpoint.quarantine.map((blob) => ({ ...blob, nextAttempt }));
    this.checkpoint = { ...this.checkpoint, quarantine };
  }

  discard(contentId: string): void {
    this.interrupts++;
    const discarded = this.checkpoint.quarantine.filter((blob) => blob.contentId === contentId);
    for (const { destinations } of discarded)
      for (const name of destinations) this.world.discarded.add(pairOf(name, contentId));
    const { destinations } = this.checkpoint;
    const deliveries = discarded.map((blob) => ({
      blob,
      has: [],
      lost: { destinations, reason: 'discarded by an operator' },
    }));
    this.checkpoint = takeRetries(this.checkpoint, deliveries, { counts: [], nowMs: this.world.nowMs });
    this.world.keepLosses(this.checkpoint.losses);
  }

  /** Begins to work a window through. */
  begin(took: readonly string[], window: TimeWindow, blobs: readonly BlobReference[]): Work {
    const work = { took: new Set(took), window, ids: new Set(blobs.map(({ contentId }) => contentId)) };
    this.works.add(work);
    return work;
  }

  lose(losses: readonly Loss[]): void {
    this.checkpoint = recordLosses(this.checkpoint, losses);
    this.world.keepLosses(losses);
  }
}
