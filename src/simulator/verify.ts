import { createHash } from 'node:crypto';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { availableIndexes, blobAt } from './blobs.ts';
import type { SimulatedBlob } from './blobs.ts';
import { deliveredFilesAt, deliveredFilesIn, linesOf } from './delivered-lines.ts';
import type { DeliveredFile } from './delivered-lines.ts';
import { createPopulation, findSubscription } from './population.ts';
import type { SubscriptionPopulation } from './population.ts';
import { recordBytes } from './records.ts';
import type { PopulationSnapshot } from './snapshot.ts';
import { visibleParts } from './subscription-states.ts';
import type { VisibleSpan } from './subscription-states.ts';
import { Tally } from './tally.ts';
import type { Verification } from './tally.ts';

export type { Verification } from './tally.ts';

export type VerifyOptions = (
  { readonly simulatorUrl: string } | { readonly population: PopulationSnapshot }
) &
  (
    | { /** `<folder>/<tenantId>/<contentType>/…ndjson` */ readonly folder: string }
    | {
        /** Files and folders; what lies elsewhere may be of any subscription. */ readonly paths: readonly string[];
      }
    | { readonly files: readonly DeliveredFile[] }
  ) & {
    /** ISO 8601, exclusive, of `contentCreated`. Default: the freeze, or now. */
    readonly until?: string | undefined;
  };

interface Subscription {
  readonly blobs: SubscriptionPopulation;
  readonly visible: readonly VisibleSpan[];
}

/**
 * Compares what some collector has written with what the simulator has made available: per subscription, or all in all when a
 * file may be of any, as multisets of record hashes, since order means nothing. A record on a line has spaces for the line ends
 * within it (NDJSON) and nothing around it. Memory: a hash per distinct record of what is compared at once.
 */
export async function verifyDelivery(options: VerifyOptions): Promise<Verification> {
  const snapshot = 'population' in options ? options.population : await snapshotOf(options.simulatorUrl);
  const untilMs = Math.min(snapshot.availableUntilMs, askedUntilMs(options.until));
  const scope = { untilMs, availableUntilMs: snapshot.availableUntilMs };
  const files = await filesOf(options);
  const subscriptions = startedSubscriptions(snapshot);

  const tally = new Tally();
  if (files.some((file) => file.subscription === undefined)) {
    await compare(subscriptions, files, scope, tally);
    return tally.result();
  }
  const known = new Set<DeliveredFile>();
  for (const subscription of subscriptions) {
    const own = files.filter((file) => isOf(file, subscription.blobs));
    for (const file of own) known.add(file);
    await compare([subscription], own, scope, tally);
  }
  for (const file of files) if (!known.has(file)) await countForeign(file, tally);
  return tally.result();
}

async function filesOf(options: VerifyOptions): Promise<readonly DeliveredFile[]> {
  if ('files' in options) return options.files;
  return 'paths' in options ? deliveredFilesAt(options.paths) : deliveredFilesIn(options.folder);
}

/** Blobs created before `untilMs` (exclusive) that were visible before `availableUntilMs` (exclusive). */
interface Scope {
  readonly untilMs: number;
  readonly availableUntilMs: number;
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

function isOf({ subscription }: DeliveredFile, { tenantId, contentType }: SubscriptionPopulation): boolean {
  return (
    subscription?.tenantId.toLowerCase() === tenantId &&
    subscription.contentType.toLowerCase() === contentType.toLowerCase()
  );
}

async function compare(
  subscriptions: readonly Subscription[],
  files: readonly DeliveredFile[],
  scope: Scope,
  tally: Tally,
): Promise<void> {
  const outstanding = new Map<string, number>();
  for await (const { subscription, blob } of servedBlobs(subscriptions, scope)) {
    tally.blobs++;
    for (const record of linesToBe(subscription, blob)) {
      const hash = hashOf(record);
      const times = outstanding.get(hash);
      if (times !== undefined) tally.servedTwice++;
      outstanding.set(hash, (times ?? 0) + 1);
      tally.records++;
      tally.bytes += record.length;
    }
  }
  const strangers = await checkOff(files, outstanding, tally);
  await explain(subscriptions, { scope, outstanding, strangers }, tally);
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
  readonly scope: Scope;
  readonly outstanding: Map<string, number>;
  readonly strangers: Strangers;
}

/** Names what is still outstanding, by making the records once more, and tells altered lines from strange ones. */
async function explain(
  subscriptions: readonly Subscription[],
  { scope, outstanding, strangers }: Leftovers,
  tally: Tally,
): Promise<void> {
  const isAllFound = [...outstanding.values()].every((times) => times === 0);
  if (isAllFound && strangers.size === 0) return;
  for await (const { subscription, blob } of servedBlobs(subscriptions, scope)) {
    let number = 0;
    for (const record of linesToBe(subscription, blob)) {
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
    tally.found('unexpected', `${where} was never served`, lines);
}

async function countForeign(file: DeliveredFile, tally: Tally): Promise<void> {
  let number = 0;
  for await (const _line of linesOf(file.path))
    tally.found('unexpected', `${file.path}:${++number} belongs to no subscription that was started`);
}

interface ServedBlob {
  readonly subscription: SubscriptionPopulation;
  readonly blob: SimulatedBlob;
}

/** All blobs made available to some subscriptions, each whole: cut ones hold no records of their own. */
async function* servedBlobs(
  subscriptions: readonly Subscription[],
  { untilMs, availableUntilMs }: Scope,
): AsyncGenerator<ServedBlob> {
  for (const { blobs: subscription, visible } of subscriptions)
    for (const part of visibleParts(visible, 0, untilMs))
      for (const index of availableIndexes(subscription, part, availableUntilMs)) {
        yield { subscription, blob: blobAt(subscription, index) };
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
