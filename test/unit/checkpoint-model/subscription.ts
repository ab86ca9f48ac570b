import { attach, detach, hasCaughtUp, oweBlobs, takeDestinations } from '../../../src/domain/attachment.ts';
import {
  addBackfill,
  backfillId,
  countBackfill,
  endBackfill,
  isDone,
  maxBackfills,
  obtainable,
  reportOf,
  workOffBackfill,
  type BackfillRequest,
} from '../../../src/domain/backfill.ts';
import { readCheckpoint } from '../../../src/domain/checkpoint-reader.ts';
import {
  attachedDestinations,
  beginAt,
  openMemory,
  type Checkpoint,
} from '../../../src/domain/checkpoint.ts';
import type { BlobReference } from '../../../src/domain/content-blob.ts';
import {
  dueForLedger,
  isLedgerDue,
  markHoursRecorded,
  type PendingBlob,
} from '../../../src/domain/coverage-report.ts';
import { recordLosses, takeDeliveries, takeRetries } from '../../../src/domain/deliveries.ts';
import { markRecorded, unrecorded } from '../../../src/domain/losses.ts';
import { knownIn, nextOwed, nextOwedTo, type OwedWork } from '../../../src/domain/owed-work.ts';
import {
  advance,
  bound,
  finishWindow,
  forget,
  lostBefore,
  takeSweepAges,
} from '../../../src/domain/progress.ts';
import { quarantinePauseMs, triedMeanwhile, type QuarantinedBlob } from '../../../src/domain/quarantine.ts';
import { isoTime, parseTime, type TimeWindow } from '../../../src/domain/time-window.ts';
import { readOutcome, type BatchOutcome } from '../../../src/workflows/outcomes.ts';
import { forwardContent } from './forward-content.ts';
import type { Listing } from './service.ts';
import { Tasks, together, type Task } from './tasks.ts';
import { pairOf, type World } from './world.ts';

/** Blobs of a batch: few, so that a window has several. */
const batchSize = 2;
const restMs = 60_000;

interface Purpose {
  readonly only?: string;
  readonly isLate?: boolean;
  readonly backfill?: string;
  /** A batch failed for good: the window ends early. */
  hasFailed?: boolean;
}

/** A window under way. */
interface Work {
  readonly took: Set<string>;
  window: TimeWindow;
  ids: ReadonlySet<string>;
}

/** What an attempt takes at least to count. */
const attemptMs = 5_000;

/**
 * Calls the transitions of a checkpoint as the workflow does: the same lanes, with the same waits between them, and with a
 * checkpoint that goes through JSON between two runs.
 */
export class Subscription {
  checkpoint: Checkpoint;
  readonly world: World;
  readonly sweepAgesMs: readonly number[];
  tasks = new Tasks();
  #works = new Set<Work>();
  #inFlight = new Set<string>();
  #isEnding = false;
  /** Counts what interrupts the attempts at what was set aside. */
  #interrupts = 0;

  constructor(world: World, begin: string, sweepAgesMs: readonly number[]) {
    this.world = world;
    this.sweepAgesMs = sweepAgesMs;
    const names = world.configured.map(({ name }) => name);
    this.checkpoint = takeSweepAges(beginAt(begin, names), sweepAgesMs);
    this.start();
  }

  start(): void {
    this.tasks = new Tasks();
    this.#works = new Set();
    this.#inFlight = new Set();
    this.#isEnding = false;
    const lanes = [this.#live(), this.#owed(), this.#absent(), this.#setAside(), this.#ledger()];
    for (const lane of lanes) this.tasks.start(lane);
  }

  /** Begins nothing new: what is under way ends. */
  end(): void {
    this.#isEnding = true;
  }

  /** What the run before hands to the next one. */
  continueAsNew(): void {
    this.world.leaving.clear();
    this.checkpoint = readCheckpoint(JSON.parse(JSON.stringify(bound(this.checkpoint))));
    this.start();
  }

  backfill(request: BackfillRequest): void {
    const window = obtainable(request, this.world.nowMs);
    if (window === undefined || this.checkpoint.backfills.length >= maxBackfills) return;
    const id = backfillId(request);
    if (this.checkpoint.backfills.some((one) => one.id === id)) return;
    this.checkpoint = addBackfill(this.checkpoint, request, window);
    const destinations = request.destinations ?? this.checkpoint.destinations;
    for (const { took } of this.#works) for (const name of destinations) took.delete(name);
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
    this.#interrupts++;
    const nextAttempt = isoTime(this.world.nowMs);
    const quarantine = this.checkpoint.quarantine.map((blob) => ({ ...blob, nextAttempt }));
    this.checkpoint = { ...this.checkpoint, quarantine };
  }

  discard(contentId: string): void {
    this.#interrupts++;
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

  *#live(): Task {
    while (!this.#isEnding) {
      const dice = yield;
      const { position } = this.checkpoint;
      const listed = this.world.service.listLive(position, dice);
      const listedMs = this.world.nowMs;
      yield;
      if (this.#isEnding) return;
      this.#takeListing(listed);
      const work = this.#begin(attachedDestinations(this.checkpoint), listed.window, listed.blobs);
      if (yield* this.#forwardWindow(listed.blobs, {})) {
        const nowMs = this.world.nowMs;
        this.world.list(this.checkpoint.destinations, listed.blobs);
        const finished = finishWindow(this.checkpoint, listed.window, {
          nowMs,
          destinations: [...work.took],
        });
        const underWay = [...this.#works].map(({ window }) => window);
        this.checkpoint = bound(forget(advance(finished, listed.window.endTime), nowMs, underWay));
        this.world.keepLosses(this.checkpoint.losses);
      }
      this.#works.delete(work);
      if (listed.blobs.length === 0) yield () => this.#isEnding || this.world.nowMs > listedMs;
    }
  }

  #takeListing({ window }: Listing): void {
    const { nowMs } = this.world;
    this.#takeConfigured();
    const { position } = this.checkpoint;
    if (parseTime(window.startTime) <= parseTime(position)) return;
    this.#lose([{ startTime: position, endTime: window.startTime, reason: 'too old', time: isoTime(nowMs) }]);
    this.checkpoint = advance(this.checkpoint, window.startTime);
  }

  #takeConfigured(): void {
    const { world } = this;
    const before = this.checkpoint;
    this.checkpoint = takeDestinations(before, world.configured, world.nowMs);
    const removed = before.destinations.filter((name) => world.destination(name) === undefined);
    for (const name of removed) {
      world.leave(name);
      for (const { took } of this.#works) took.delete(name);
    }
    for (const { name, lookbackMs } of world.configured)
      if (!before.destinations.includes(name)) world.owedFrom.set(name, world.nowMs - lookbackMs);
  }

  *#owed(): Task {
    while (!this.#isEnding) {
      const next = () => nextOwed(this.checkpoint, this.world.nowMs);
      yield () => this.#isEnding || next() !== undefined;
      const owed = next();
      if (this.#isEnding || owed === undefined) continue;
      yield* this.#workOwedWindow(owed);
    }
  }

  *#absent(): Task {
    const served = new Set<string>();
    const unserved = () => Object.keys(this.checkpoint.detached).filter((name) => !served.has(name));
    while (!this.#isEnding) {
      yield () => this.#isEnding || unserved().length > 0;
      for (const name of this.#isEnding ? [] : unserved()) {
        served.add(name);
        this.tasks.start(this.#serveAbsent(name, () => served.delete(name)));
      }
    }
  }

  *#serveAbsent(name: string, onEnd: () => void): Task {
    while (!this.#isEnding && this.checkpoint.detached[name] !== undefined) {
      if (hasCaughtUp(this.checkpoint, name)) {
        this.checkpoint = attach(this.checkpoint, name, isoTime(this.world.nowMs));
        break;
      }
      const owed = nextOwedTo(this.checkpoint, name);
      if (owed === undefined) {
        yield () =>
          this.#isEnding ||
          this.checkpoint.detached[name] === undefined ||
          nextOwedTo(this.checkpoint, name) !== undefined ||
          hasCaughtUp(this.checkpoint, name);
      } else yield* this.#workOwedWindow(owed, name);
    }
    onEnd();
  }

  *#workOwedWindow(owed: OwedWork, only?: string): Task {
    const took = only === undefined ? attachedDestinations(this.checkpoint) : [only];
    const work = this.#begin(took, owed.window, []);
    const known = knownIn(this.checkpoint, owed.window);
    const dice = yield;
    const listed = this.world.service.listOwed(owed.window, known, dice);
    yield;
    if (!this.#isEnding) {
      work.ids = new Set(listed.blobs.map(({ contentId }) => contentId));
      const purpose: Purpose = { only, backfill: owed.id, isLate: owed.kind === 'sweep' };
      if (yield* this.#forwardWindow(listed.blobs, purpose)) {
        this.world.list(only === undefined ? this.checkpoint.destinations : [only], listed.blobs);
        this.#finishOwed(owed, listed, work);
      }
      const dueMs = this.world.nowMs + restMs;
      if (purpose.hasFailed === true) yield () => this.#isEnding || this.world.nowMs >= dueMs;
    }
    this.#works.delete(work);
  }

  #finishOwed(owed: OwedWork, listed: Listing, { took }: Work): void {
    const { nowMs } = this.world;
    const window = { startTime: owed.window.startTime, endTime: listed.window.endTime };
    const destinations = [...took];
    this.#lose(
      lostBefore(this.checkpoint, window.startTime, listed.window.startTime, { nowMs, destinations }),
    );
    this.checkpoint = bound(finishWindow(this.checkpoint, window, { nowMs, destinations }));
    if (owed.id === undefined) return;
    const listedBlobs = listed.blobs.length + listed.known;
    this.checkpoint = workOffBackfill(this.checkpoint, owed.id, {
      until: window.endTime,
      listed: listedBlobs,
    });
    const backfill = this.checkpoint.backfills.find(({ id }) => id === owed.id);
    if (backfill === undefined || !isDone(backfill)) return;
    this.world.reports.push(reportOf(backfill));
    this.checkpoint = endBackfill(this.checkpoint, backfill.id);
  }

  #begin(took: readonly string[], window: TimeWindow, blobs: readonly BlobReference[]): Work {
    const work = { took: new Set(took), window, ids: new Set(blobs.map(({ contentId }) => contentId)) };
    this.#works.add(work);
    return work;
  }

  /** False when it ended early. */
  *#forwardWindow(blobs: readonly BlobReference[], purpose: Purpose): Task<boolean> {
    let wanted = this.#wanting(blobs, purpose);
    while (wanted.length > 0) {
      if (this.#isEnding) return false;
      const before = wanted.length;
      const isFree = ({ contentId }: BlobReference) => !this.#inFlight.has(contentId);
      const ready = wanted.filter(isFree);
      if (ready.length === 0) {
        yield () => this.#isEnding || wanted.some(isFree);
      } else {
        const batches = inBatches(ready);
        yield* together(this.tasks, [
          this.#forwardBatches(batches, purpose),
          this.#forwardBatches(batches, purpose),
        ]);
        if (purpose.hasFailed === true) return false;
        const dueMs = this.world.nowMs + restMs;
        if (this.#wanting(blobs, purpose).length >= before)
          yield () => this.#isEnding || this.world.nowMs >= dueMs;
      }
      wanted = this.#wanting(blobs, purpose);
    }
    return true;
  }

  #wanting(blobs: readonly BlobReference[], { only }: Purpose): readonly PendingBlob[] {
    const { missing } = openMemory(this.checkpoint);
    const lacking = blobs.map((blob) => ({ ...blob, destinations: missing(blob) }));
    if (only === undefined) {
      for (const absent of Object.keys(this.checkpoint.detached)) {
        const owed = lacking.filter(({ destinations }) => destinations.includes(absent));
        this.checkpoint = oweBlobs(this.checkpoint, absent, owed);
      }
    }
    const wanted = only === undefined ? attachedDestinations(this.checkpoint) : [only];
    return lacking
      .map((blob) => ({ ...blob, destinations: blob.destinations.filter((name) => wanted.includes(name)) }))
      .filter(({ destinations }) => destinations.length > 0);
  }

  *#forwardBatches(batches: (readonly PendingBlob[])[], purpose: Purpose): Task {
    for (let batch = batches.shift(); batch !== undefined; batch = batches.shift()) {
      if (this.#isEnding) return;
      const free = this.#wanting(batch, purpose).filter(({ contentId }) => !this.#inFlight.has(contentId));
      for (const group of inBatches(free)) yield* this.#forwardBatch(group, purpose);
    }
  }

  *#forwardBatch(batch: readonly PendingBlob[], purpose: Purpose): Task {
    const { destinations } = batch[0]!;
    const blobs = batch.map(({ contentId, contentCreated }) => ({ contentId, contentCreated }));
    for (const { contentId } of blobs) this.#inFlight.add(contentId);
    const result = yield* forwardContent(this.world, {
      blobs,
      destinations,
      isSetAside: false,
      isCancelled: () => this.#isEnding,
    });
    for (const { contentId } of blobs) this.#inFlight.delete(contentId);
    const outcome = result === undefined ? undefined : readOutcome(blobs, destinations, result);
    if (outcome !== undefined) this.#takeOutcome(outcome, purpose);
    else purpose.hasFailed = true;
  }

  #takeOutcome(
    { failures, deliveries, counts }: BatchOutcome,
    { only, backfill, isLate = false }: Purpose,
  ): void {
    const { nowMs } = this.world;
    for (const { destination, failureType, message, lacks, doOthersSucceed } of failures) {
      if (!doOthersSucceed || only !== undefined) continue;
      this.checkpoint = detach(this.checkpoint, destination, { failureType, message }, nowMs);
      this.checkpoint = oweBlobs(this.checkpoint, destination, lacks);
      for (const { took } of this.#works) took.delete(destination);
    }
    this.checkpoint = takeDeliveries(this.checkpoint, deliveries, { counts, nowMs, isLate });
    if (backfill !== undefined)
      this.checkpoint = countBackfill(this.checkpoint, backfill, deliveries, counts);
    this.world.keepLosses(this.checkpoint.losses);
    for (const { blob, has } of deliveries)
      if (has.length > 0) this.world.list(this.checkpoint.destinations, [blob]);
    const { missing } = openMemory(this.checkpoint);
    for (const { blob } of deliveries)
      for (const { took, window, ids } of this.#works)
        if (isWithin(blob, window) && !ids.has(blob.contentId))
          for (const name of missing(blob)) took.delete(name);
  }

  *#setAside(): Task {
    const held = new Set<string>();
    const waiting = () =>
      this.checkpoint.quarantine.filter((entry) => !keysOf(entry).some((key) => held.has(key)));
    while (!this.#isEnding) {
      yield () => this.#isEnding || waiting().length > 0;
      if (this.#isEnding) return;
      const first = waiting()[0]!;
      const alike = waiting().filter((entry) => String(entry.destinations) === String(first.destinations));
      const group = alike.slice(0, batchSize);
      const keys = group.flatMap(keysOf);
      for (const key of keys) held.add(key);
      const onEnd = () => keys.forEach((key) => held.delete(key));
      this.tasks.start(this.#retry(group, onEnd));
    }
  }

  *#retry(group: readonly QuarantinedBlob[], onEnd: () => void): Task {
    const interrupts = this.#interrupts;
    const isStopped = () => this.#isEnding || this.#interrupts > interrupts;
    const { destinations, nextAttempt } = group[0]!;
    const blobs = group.map(({ contentId, contentCreated }) => ({ contentId, contentCreated }));
    const startMs = this.world.nowMs;
    yield () => isStopped() || this.world.nowMs >= parseTime(nextAttempt);
    const result = isStopped()
      ? undefined
      : yield* forwardContent(this.world, { blobs, destinations, isSetAside: true, isCancelled: isStopped });
    const { nowMs } = this.world;
    if (result === undefined)
      this.#change(group, (entry) => triedMeanwhile(entry, startMs, nowMs + attemptMs));
    else {
      const { deliveries, counts } = readOutcome(blobs, destinations, result)!;
      this.checkpoint = takeRetries(this.checkpoint, deliveries, { counts, nowMs });
      this.world.keepLosses(this.checkpoint.losses);
      this.#change(group, (entry) => {
        if (parseTime(entry.nextAttempt) > nowMs) return entry;
        const attempts = Math.max(1, entry.attempts);
        return {
          ...entry,
          attempts,
          nextAttempt: isoTime(nowMs + Math.max(1_000, quarantinePauseMs(attempts))),
        };
      });
    }
    onEnd();
  }

  #change(group: readonly QuarantinedBlob[], changed: (entry: QuarantinedBlob) => QuarantinedBlob): void {
    const keys = new Set(group.flatMap(keysOf));
    const quarantine = this.checkpoint.quarantine.map((entry) =>
      keysOf(entry).some((key) => keys.has(key)) ? changed(entry) : entry,
    );
    this.checkpoint = { ...this.checkpoint, quarantine };
  }

  *#ledger(): Task {
    while (!this.#isEnding) {
      yield () => this.#isEnding || isLedgerDue(this.checkpoint);
      if (this.#isEnding) return;
      const hours = dueForLedger(this.checkpoint, 48);
      const losses = unrecorded(this.checkpoint.losses).slice(0, 100);
      yield;
      for (const row of hours) this.world.ledger.set(`${row.destination} ${row.hour}`, row);
      this.world.keepLosses(losses);
      yield;
      const recorded = markHoursRecorded(this.checkpoint, hours);
      this.checkpoint = { ...recorded, losses: markRecorded(recorded.losses, losses) };
    }
  }

  #lose(losses: Parameters<typeof recordLosses>[1]): void {
    this.checkpoint = recordLosses(this.checkpoint, losses);
    this.world.keepLosses(losses);
  }
}

/** Blobs for the same destinations together. */
function inBatches(blobs: readonly PendingBlob[]): (readonly PendingBlob[])[] {
  const groups = new Map<string, PendingBlob[]>();
  for (const blob of blobs) {
    const key = blob.destinations.join(' ');
    groups.set(key, [...(groups.get(key) ?? []), blob]);
  }
  return [...groups.values()].flatMap((group) => {
    const batches: PendingBlob[][] = [];
    for (let at = 0; at < group.length; at += batchSize) batches.push(group.slice(at, at + batchSize));
    return batches;
  });
}

function keysOf({ contentId, destinations }: QuarantinedBlob): string[] {
  return destinations.map((name) => pairOf(name, contentId));
}

function isWithin({ contentCreated }: BlobReference, { startTime, endTime }: TimeWindow): boolean {
  const ms = parseTime(contentCreated);
  return ms >= parseTime(startTime) && ms < parseTime(endTime);
}
