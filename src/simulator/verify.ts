import { createHash } from 'node:crypto';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { blobsBetween } from './blobs.ts';
import type { SimulatedBlob } from './blobs.ts';
import { deliveredFilesIn, linesOf } from './delivered-lines.ts';
import type { DeliveredFile } from './delivered-lines.ts';
import { createPopulation, findSubscription } from './population.ts';
import type { SubscriptionPopulation } from './population.ts';
import { recordBytes } from './records.ts';
import type { PopulationSnapshot } from './snapshot.ts';
import { visibleParts } from './subscription-states.ts';
import type { VisibleSpan } from './subscription-states.ts';

export type VerifyOptions = (
  { readonly simulatorUrl: string } | { readonly population: PopulationSnapshot }
) &
  (
    | { /** `<folder>/<tenantId>/<contentType>/…ndjson` */ readonly folder: string }
    | { readonly files: readonly DeliveredFile[] }
  ) & {
    /** ISO 8601, exclusive, of `contentCreated`. Default: the freeze, or now. */
    readonly until?: string | undefined;
  };

export interface Verification {
  /** What was made available to the subscriptions that were started. `bytes` are those of the records alone. */
  readonly blobs: number;
  readonly records: number;
  readonly bytes: number;
  /** Records found less often than they were served; an altered record is missing, too. */
  readonly missing: number;
  /** Records found more often than they were served. */
  readonly doubled: number;
  /** Lines that were never served, but carry the `Id` of a record that was. */
  readonly altered: number;
  /** Other lines that were never served to this subscription. */
  readonly unexpected: number;
  /** Records that stand in the feed once more, by design: no fault of the collector. */
  readonly servedTwice: number;
  /** Up to three of each kind, in words, without the records themselves. */
  readonly examples: readonly string[];
}

interface Subscription {
  readonly blobs: SubscriptionPopulation;
  readonly visible: readonly VisibleSpan[];
}

/**
 * Compares what some collector has written with what the simulator has made available: per subscription, as multisets of record
 * hashes, since order means nothing. A record on a line has spaces for the line ends within it (NDJSON) and nothing around it.
 * Memory: a hash per distinct record of one subscription.
 */
export async function verifyDelivery(options: VerifyOptions): Promise<Verification> {
  const snapshot = 'population' in options ? options.population : await snapshotOf(options.simulatorUrl);
  const untilMs = Math.min(snapshot.availableUntilMs, askedUntilMs(options.until));
  const files = 'files' in options ? options.files : await deliveredFilesIn(options.folder);

  const tally = new Tally();
  const known = new Set<DeliveredFile>();
  for (const subscription of startedSubscriptions(snapshot)) {
    const own = files.filter((file) => isOf(file, subscription.blobs));
    for (const file of own) known.add(file);
    await compare(subscription, own, untilMs, tally);
  }
  for (const file of files) if (!known.has(file)) await countForeign(file, tally);
  return tally.result();
}

function askedUntilMs(until: string | undefined): number {
  const timeMs = until === undefined ? Infinity : Date.parse(until);
  if (Number.isNaN(timeMs)) throw new RangeError(`until: ${until} is not an ISO 8601 time`);
  return timeMs;
}

async function snapshotOf(simulatorUrl: string): Promise<PopulationSnapshot> {
  const response = await fetch(new URL('/_population', simulatorUrl));
  if (!response.ok)
    throw new Error(`${simulatorUrl} is no simulator: its /_population answers ${response.status}.`);
  return (await response.json()) as PopulationSnapshot;
}

function startedSubscriptions({ description, subscriptions }: PopulationSnapshot): Subscription[] {
  const population = createPopulation(description);
  return subscriptions.flatMap(({ tenantId, contentType, visible }) => {
    const blobs = findSubscription(population, tenantId, contentType);
    return blobs ? [{ blobs, visible }] : [];
  });
}

function isOf(file: DeliveredFile, { tenantId, contentType }: SubscriptionPopulation): boolean {
  return (
    file.tenantId.toLowerCase() === tenantId && file.contentType.toLowerCase() === contentType.toLowerCase()
  );
}

async function compare(
  subscription: Subscription,
  files: readonly DeliveredFile[],
  untilMs: number,
  tally: Tally,
): Promise<void> {
  const outstanding = new Map<string, number>();
  for await (const blob of servedBlobs(subscription, untilMs)) {
    tally.blobs++;
    for (const record of linesToBe(subscription.blobs, blob)) {
      const hash = hashOf(record);
      const times = outstanding.get(hash);
      if (times !== undefined) tally.servedTwice++;
      outstanding.set(hash, (times ?? 0) + 1);
      tally.records++;
      tally.bytes += record.length;
    }
  }
  const strangers = await checkOff(files, outstanding, tally);
  await explain(subscription, { untilMs, outstanding, strangers }, tally);
}

/** Lines that were never served, by the `Id` they carry: how many, and where the first one stands. */
type Strangers = Map<string, { readonly lines: number; readonly where: string }>;

/** Counts every line found against what is outstanding, and returns the lines that were never served. */
async function checkOff(
  files: readonly DeliveredFile[],
  outstanding: Map<string, number>,
  tally: Tally,
): Promise<Strangers> {
  const strangers: Strangers = new Map();
  for (const file of files) {
    let number = 0;
    for await (const line of linesOf(file.path)) {
      const where = `${file.path}:${++number}`;
      const hash = hashOf(line);
      const times = outstanding.get(hash);
      if (times === undefined) {
        const id = idIn(line);
        const earlier = strangers.get(id) ?? { lines: 0, where };
        strangers.set(id, { ...earlier, lines: earlier.lines + 1 });
      } else if (times === 0) tally.found('doubled', `${where} is there more often than it was served`);
      else outstanding.set(hash, times - 1);
    }
  }
  return strangers;
}

interface Leftovers {
  readonly untilMs: number;
  readonly outstanding: Map<string, number>;
  readonly strangers: Strangers;
}

/** Names what is still outstanding, by making the records once more, and tells altered lines from strange ones. */
async function explain(
  subscription: Subscription,
  { untilMs, outstanding, strangers }: Leftovers,
  tally: Tally,
): Promise<void> {
  const isAllFound = [...outstanding.values()].every((times) => times === 0);
  if (isAllFound && strangers.size === 0) return;
  for await (const blob of servedBlobs(subscription, untilMs)) {
    let number = 0;
    for (const record of linesToBe(subscription.blobs, blob)) {
      const which = `record ${++number} of ${blob.contentId}`;
      const hash = hashOf(record);
      const times = outstanding.get(hash) ?? 0;
      if (times > 0) {
        outstanding.set(hash, times - 1);
        tally.found('missing', which);
      }
      const id = idIn(record);
      const stranger = id === '' ? undefined : strangers.get(id);
      if (stranger) tally.found('altered', `${stranger.where} is not as served (${which})`, stranger.lines);
      if (stranger) strangers.delete(id);
    }
  }
  for (const { lines, where } of strangers.values())
    tally.found('unexpected', `${where} was never served to this subscription`, lines);
}

async function countForeign(file: DeliveredFile, tally: Tally): Promise<void> {
  let number = 0;
  for await (const _line of linesOf(file.path))
    tally.found('unexpected', `${file.path}:${++number} belongs to no subscription that was started`);
}

/** All blobs made available to a subscription. */
async function* servedBlobs(
  { blobs, visible }: Subscription,
  untilMs: number,
): AsyncGenerator<SimulatedBlob> {
  for (const part of visibleParts(visible, 0, untilMs))
    for (const blob of blobsBetween(blobs, part.fromMs, part.untilMs)) {
      yield blob;
      await nextTurn(); // whoever runs beside this in the same process gets a turn
    }
}

/** The records of a blob as they have to stand on a line. */
function* linesToBe(subscription: SubscriptionPopulation, blob: SimulatedBlob): Generator<Buffer> {
  for (let number = 0; number < blob.recordCount; number++)
    yield onOneLine(recordBytes(subscription, blob, number));
}

/** The rule of NDJSON files: each CR and LF between tokens becomes a space. Changes the buffer. */
function onOneLine(record: Buffer): Buffer {
  for (const lineEnd of [0x0a, 0x0d])
    for (let at = record.indexOf(lineEnd); at !== -1; at = record.indexOf(lineEnd, at + 1)) record[at] = 0x20;
  return record;
}

function hashOf(line: Buffer): string {
  return createHash('sha256').update(line).digest('base64');
}

/** The first `Id` in a line, also in one that is no JSON any more; empty when there is none. */
function idIn(line: Buffer): string {
  return /"Id"\s*:\s*"([^"]*)"/.exec(line.toString('latin1'))?.[1] ?? '';
}

type Finding = 'missing' | 'doubled' | 'altered' | 'unexpected';

class Tally {
  blobs = 0;
  records = 0;
  bytes = 0;
  servedTwice = 0;
  readonly #counts: Record<Finding, number> = { missing: 0, doubled: 0, altered: 0, unexpected: 0 };
  readonly #shown = new Map<Finding, number>();
  readonly #examples: string[] = [];

  found(finding: Finding, example: string, times = 1): void {
    this.#counts[finding] += times;
    const shown = this.#shown.get(finding) ?? 0;
    if (shown < 3) this.#examples.push(`${finding}: ${example}`);
    this.#shown.set(finding, shown + 1);
  }

  result(): Verification {
    const { blobs, records, bytes, servedTwice } = this;
    return { blobs, records, bytes, ...this.#counts, servedTwice, examples: this.#examples };
  }
}
