import { guid, randomFrom, randomKey } from './random.ts';
import type { RandomKey } from './random.ts';

const hourMs = 3_600_000;

/** What exists in the simulated tenants. A plain value: equal descriptions, equal tenants, blobs and bytes, in any process. */
export interface PopulationDescription {
  readonly seed: string;
  /** Milliseconds since 1970: history lies before it, live arrival begins with it. */
  readonly startTimeMs: number;
  /** Number of ordinary tenants. */
  readonly tenants: number;
  /** Content types of each ordinary tenant. */
  readonly contentTypes: readonly string[];
  readonly historyHours: number;
  readonly blobsPerHour: number;
  /** Records of a blob: at least, at most. */
  readonly recordsPerBlob: readonly [number, number];
  /** One more blob per subscription in every span of this many milliseconds; 0: nothing after the start. */
  readonly liveEveryMs: number;
  /** One more tenant with a single subscription for throughput runs, without live arrival. */
  readonly bulk?: BulkDescription | undefined;
  readonly traits?: PopulationTraits;
}

/** What sets a feed apart from the plain one. */
export interface PopulationTraits {
  /** Records that stand in an earlier place, too: their share, and how many blobs back at most. Default 0.03 and 20. */
  readonly repeats?: { readonly rate: number; readonly reach: number };
  /** Blobs that become visible after their `contentCreated`: their share, and the least and most delay. Default none. */
  readonly late?: { readonly rate: number; readonly delayMs: readonly [number, number] };
  /** Share of blobs that are listed as expired and cannot be fetched. Default 0. */
  readonly expiredShare?: number;
  /** From the middle of the history on, ids carry another scale unit, doubled. Default false. */
  readonly movedRegion?: boolean;
  /** About the size of one blob of each subscription, in the middle of its history. Default none. */
  readonly largeBlobBytes?: number;
}

export interface BulkDescription {
  readonly contentType: string;
  readonly blobs: number;
  readonly recordsPerBlob: number;
  /** Hours before the start over which the blobs are spread. */
  readonly hours: number;
}

export interface Population {
  readonly description: PopulationDescription;
  readonly tenants: readonly Tenant[];
}

export interface Tenant {
  readonly tenantId: string;
  readonly name: string;
  /** Usable instead of the id when asking for a token. */
  readonly domain: string;
  readonly subscriptions: readonly SubscriptionPopulation[];
}

/**
 * The blobs of one subscription, by formula: blob number i was created somewhere in the i-th span of time. So any blob and any
 * window is found without a list, and gigabytes cost no memory.
 */
export interface SubscriptionPopulation {
  readonly tenantId: string;
  readonly contentType: string;
  readonly key: RandomKey;
  /** Last part of the contentIds. */
  readonly scaleUnit: string;
  readonly traits: PopulationTraits;
  readonly recordsPerBlob: readonly [number, number];
  readonly history: { readonly startTimeMs: number; readonly everyMs: number; readonly blobs: number };
  readonly live: { readonly startTimeMs: number; readonly everyMs: number };
}

/** Throws `RangeError` naming the option when the description makes no sense. */
export function createPopulation(description: PopulationDescription): Population {
  checkDescription(description);
  const tenants = Array.from({ length: description.tenants }, (_, number) =>
    ordinaryTenant(description, number),
  );
  return {
    description,
    tenants: description.bulk ? [...tenants, bulkTenant(description, description.bulk)] : tenants,
  };
}

/** The subscription's blobs; letter case does not count, as on the wire. */
export function findSubscription(
  population: Population,
  tenantId: string,
  contentType: string,
): SubscriptionPopulation | undefined {
  return findTenant(population, tenantId)?.subscriptions.find(
    (subscription) => subscription.contentType.toLowerCase() === contentType.toLowerCase(),
  );
}

export function findTenant(population: Population, tenantId: string): Tenant | undefined {
  return population.tenants.find((tenant) => tenant.tenantId === tenantId.toLowerCase());
}

/** By id or domain, as the token endpoint takes them. */
export function findTenantByName(population: Population, name: string): Tenant | undefined {
  return (
    findTenant(population, name) ?? population.tenants.find(({ domain }) => domain === name.toLowerCase())
  );
}

function ordinaryTenant(description: PopulationDescription, number: number): Tenant {
  const { historyHours, blobsPerHour, liveEveryMs, startTimeMs, recordsPerBlob } = description;
  const name = `tenant-${number + 1}`;
  const blobs = Math.floor(historyHours * blobsPerHour);
  const everyMs = hourMs / blobsPerHour;
  return tenant(description, name, description.contentTypes, {
    recordsPerBlob,
    history: { startTimeMs: startTimeMs - Math.ceil(blobs * everyMs), everyMs, blobs },
    live: { startTimeMs, everyMs: liveEveryMs },
  });
}

function bulkTenant(description: PopulationDescription, bulk: BulkDescription): Tenant {
  const everyMs = (bulk.hours * hourMs) / bulk.blobs;
  return tenant(description, 'bulk', [bulk.contentType], {
    recordsPerBlob: [bulk.recordsPerBlob, bulk.recordsPerBlob],
    history: { startTimeMs: description.startTimeMs - bulk.hours * hourMs, everyMs, blobs: bulk.blobs },
    live: { startTimeMs: description.startTimeMs, everyMs: 0 },
  });
}

function tenant(
  { seed, traits = {} }: PopulationDescription,
  name: string,
  contentTypes: readonly string[],
  blobs: Pick<SubscriptionPopulation, 'recordsPerBlob' | 'history' | 'live'>,
): Tenant {
  const random = randomFrom(randomKey(seed, 'tenant', name));
  const tenantId = guid(random);
  const scaleUnit = ['na0022', 'emea0036', 'emea9037'][random() % 3] ?? 'na0022';
  const subscriptions = contentTypes.map((contentType) => ({
    tenantId,
    contentType,
    key: randomKey(seed, tenantId, contentType),
    scaleUnit,
    traits,
    ...blobs,
  }));
  return { tenantId, name, domain: `${name}.onmicrosoft.com`, subscriptions };
}

function checkDescription(description: PopulationDescription): void {
  const { tenants, blobsPerHour, historyHours, recordsPerBlob, liveEveryMs, bulk, traits = {} } = description;
  const { repeats, late, expiredShare = 0, largeBlobBytes = 0 } = traits;
  const [fewest, most] = recordsPerBlob;
  const counts = {
    tenants,
    blobsPerHour,
    historyHours,
    liveEveryMs,
    recordsPerBlob: fewest,
    largeBlobBytes,
    'repeats.reach': repeats?.reach ?? 0,
    'late.delayMs': late?.delayMs[0] ?? 0,
  };
  for (const [name, value] of Object.entries(counts))
    if (!(value >= 0 && Number.isFinite(value))) throw new RangeError(`${name}: ${value} is not a count`);
  const shares = { 'repeats.rate': repeats?.rate ?? 0, 'late.rate': late?.rate ?? 0, expiredShare };
  for (const [name, value] of Object.entries(shares))
    if (!(value >= 0 && value <= 1)) throw new RangeError(`${name}: ${value} is not between 0 and 1`);
  if (late && late.delayMs[0] > late.delayMs[1])
    throw new RangeError(`late.delayMs: ${late.delayMs[0]} is more than ${late.delayMs[1]}`);
  if (fewest > most) throw new RangeError(`recordsPerBlob: ${fewest} is more than ${most}`);
  // A span shorter than this could put blobs out of the order of their numbers.
  if (!(blobsPerHour > 0 && blobsPerHour * 2 <= hourMs))
    throw new RangeError(`blobsPerHour: ${blobsPerHour} is not between 1 and ${hourMs / 2}`);
  if (liveEveryMs > 0 && liveEveryMs < 2) throw new RangeError(`liveEveryMs: ${liveEveryMs} is below 2`);
  if (bulk && !(bulk.blobs > 0 && bulk.blobs * 2 <= bulk.hours * hourMs))
    throw new RangeError(`bulk.blobs: ${bulk.blobs} is not between 1 and ${(bulk.hours * hourMs) / 2}`);
}
