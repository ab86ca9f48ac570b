import type { BackfillReport } from '../../../src/domain/backfill.ts';
import type { BlobReference } from '../../../src/domain/content-blob.ts';
import type { CoverageHour } from '../../../src/domain/coverage.ts';
import type { Loss } from '../../../src/domain/losses.ts';
import { isoTime, parseTime, type TimeWindow } from '../../../src/domain/time-window.ts';
import { ModelDestination } from './destination.ts';
import { Service } from './service.ts';

/** What an operator asked for. */
export interface AskedBackfill {
  readonly id: string;
  readonly window: TimeWindow;
  readonly destinations: readonly string[];
  readonly isResend: boolean;
  /** The turn it was asked for in. */
  readonly askedIn: number;
  isCancelled: boolean;
}

/**
 * What is true, whatever a checkpoint says of it: the service, the destinations, what is configured, what was asked for and what
 * was lost. A blob and a destination are named together by {@link pairOf}.
 */
export class World {
  readonly service: Service;
  configured: ModelDestination[];
  /** Those that the subscription knows, or that are configured. */
  readonly destinations = new Map<string, ModelDestination>();
  /** Left in this run: batches to them may be under way. */
  readonly leaving = new Set<string>();
  /** From where on (ms) each destination is to get everything, since it joined. */
  readonly owedFrom = new Map<string, number>();
  readonly asked: AskedBackfill[] = [];
  /** Acknowledged, but nobody was told: may be sent again. */
  readonly untold = new Set<string>();
  /** Acknowledged and untold until now. */
  readonly uncounted = new Set<string>();
  readonly discarded = new Set<string>();
  readonly sentTwice: string[] = [];
  readonly losses = new Map<string, Loss>();
  readonly ledger = new Map<string, CoverageHour>();
  readonly reports: BackfillReport[] = [];
  /** Counts what happens, to tell earlier from later. */
  turn = 0;
  readonly #listed = new Map<string, number>();
  /** Attempts end in the middle. */
  crashes = false;

  constructor(nowMs: number, beginMs: number, destinations: readonly string[]) {
    this.service = new Service(nowMs);
    this.configured = destinations.map((name) => new ModelDestination(name, 0));
    for (const one of this.configured) this.destinations.set(one.name, one);
    for (const name of destinations) this.owedFrom.set(name, beginMs);
  }

  get nowMs(): number {
    return this.service.nowMs;
  }

  /** Names a destination in the configuration. */
  add(name: string, lookbackMs: number): void {
    const destination = this.destinations.get(name) ?? new ModelDestination(name, lookbackMs);
    this.destinations.set(name, destination);
    this.configured.push(destination);
  }

  remove(name: string): void {
    this.configured = this.configured.filter((one) => one.name !== name);
  }

  destination(name: string): ModelDestination | undefined {
    return this.configured.find((one) => one.name === name);
  }

  /** A window that named the blobs was worked through for these destinations, or one of them was delivered. */
  list(names: readonly string[], blobs: readonly BlobReference[]): void {
    this.turn++;
    for (const { contentId } of blobs)
      for (const name of names) this.#listed.set(pairOf(name, contentId), this.turn);
  }

  /** A destination acknowledged a blob. */
  acknowledge(name: string, blob: BlobReference): void {
    const pair = pairOf(name, blob.contentId);
    const times = this.destinations.get(name)?.held.get(blob.contentId) ?? 0;
    if (times > 1 && !this.untold.has(pair) && !this.isResent(name, blob)) this.sentTwice.push(pair);
  }

  /** What a destination acknowledged is forgotten: an attempt ended without a word of it. */
  forgetAcknowledgement(name: string, { contentId }: BlobReference): void {
    this.untold.add(pairOf(name, contentId));
    this.uncounted.add(pairOf(name, contentId));
  }

  /** Whether a destination is to get a blob. */
  isDue(name: string, contentId: string): boolean {
    const blob = this.service.blobs.get(contentId)!;
    const listedIn = this.#listed.get(pairOf(name, contentId));
    const fromMs = this.owedFrom.get(name);
    if (listedIn === undefined || fromMs === undefined) return false;
    if (blob.createdMs >= fromMs) return true;
    return this.asked.some(
      (backfill) =>
        !backfill.isCancelled &&
        backfill.destinations.includes(name) &&
        listedIn > backfill.askedIn &&
        blob.createdMs >= parseTime(backfill.window.startTime) &&
        blob.createdMs < parseTime(backfill.window.endTime),
    );
  }

  isLost(name: string, contentId: string): boolean {
    const created = isoTime(this.service.blobs.get(contentId)!.createdMs);
    return [...this.losses.values()].some(
      (loss) =>
        (loss.destinations?.includes(name) ?? true) &&
        (loss.contentId === undefined
          ? loss.startTime <= created && created < loss.endTime
          : loss.contentId === contentId),
    );
  }

  holds(name: string, contentId: string): boolean {
    return (this.destinations.get(name)?.held.get(contentId) ?? 0) > 0;
  }

  keepLosses(losses: readonly Loss[]): void {
    for (const { isRecorded: _, ...loss } of losses) this.losses.set(JSON.stringify(loss), loss);
  }

  /** A destination that is gone knows nothing, and is owed nothing. */
  leave(name: string): void {
    this.destinations.delete(name);
    this.leaving.add(name);
    this.owedFrom.delete(name);
    for (const [key, loss] of this.losses) if (loss.destinations?.includes(name)) this.losses.delete(key);
    for (const pair of this.#listed.keys()) if (pair.startsWith(`${name} `)) this.#listed.delete(pair);
    for (const pairs of [this.untold, this.uncounted, this.discarded])
      for (const pair of pairs) if (pair.startsWith(`${name} `)) pairs.delete(pair);
    for (const row of this.ledger.keys()) if (row.startsWith(`${name} `)) this.ledger.delete(row);
    for (const one of this.asked) if (one.destinations.includes(name)) one.isCancelled = true;
  }

  isResent(name: string, { contentCreated }: BlobReference): boolean {
    const ms = parseTime(contentCreated);
    return this.asked.some(
      ({ isResend, destinations, window }) =>
        isResend &&
        destinations.includes(name) &&
        ms >= parseTime(window.startTime) &&
        ms < parseTime(window.endTime),
    );
  }
}

export function pairOf(name: string, contentId: string): string {
  return `${name} ${contentId}`;
}
