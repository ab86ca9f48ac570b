import type { BulkDescription } from './population.ts';

/** What a simulator can be told; everything has a default. Times and spans are in milliseconds unless the name says otherwise. */
export interface SimulatorOptions {
  /** Default 127.0.0.1: the service speaks plain http and its control surface knows no password. */
  readonly host?: string;
  /** Default 0: any free port. */
  readonly port?: number;
  /** Default `office365`. Equal seed, start time and sizes: equal tenants, blobs and bytes. */
  readonly seed?: string;
  /** ISO 8601; history lies before it. Default: when the simulator starts. */
  readonly startTime?: string;
  /** Ordinary tenants. Default 2. */
  readonly tenants?: number;
  /** Default: the five documented ones. */
  readonly contentTypes?: readonly string[];
  /** Default 20, within what the service shows right after a first start. */
  readonly historyHours?: number;
  /** Per subscription. Default 12. */
  readonly blobsPerHour?: number;
  /** A number, or the fewest and the most. Default [1, 50]. */
  readonly recordsPerBlob?: number | readonly [number, number];
  /** One more blob per subscription in each such span from the start on; 0 for none. Default 30 000. */
  readonly liveEveryMs?: number;
  /** One more tenant with one large subscription, for throughput. Default none. */
  readonly bulk?: Pick<BulkDescription, 'blobs' | 'recordsPerBlob'> & Partial<BulkDescription>;
  /** What a first start of a subscription makes visible: the last 22 hours (as seen live) or all. Default `22h`. */
  readonly historyVisibleAtStart?: '22h' | 'all';
  /** Items of a listing's page. Microsoft documents no size; 200 is what collectors assume. Default 200. */
  readonly pageSize?: number;
  /** Time between two start requests of a subscription; 0 switches the rule off. Default 15 minutes. */
  readonly startCooldownMs?: number;
  /** Added to each answer of the API. Default 0. */
  readonly latencyMs?: number;
  /** Compress for clients that offer gzip. Default true. */
  readonly gzip?: boolean;
  /** Default 3599 s. */
  readonly tokenLifetimeSeconds?: number;
  /** App roles in the tokens. Default: all that the feed asks for. */
  readonly roles?: readonly string[];
  /** Default: derived from the seed. */
  readonly clientId?: string;
  /** Default: a value with characters that must be percent-encoded in a form. */
  readonly clientSecret?: string;
  /** Milliseconds since 1970. Default the system's clock. */
  readonly now?: () => number;
}

/** The options with their defaults, as the parts of the simulator see them. */
export interface ResolvedOptions {
  readonly historyVisibleAtStart: '22h' | 'all';
  readonly pageSize: number;
  readonly startCooldownMs: number;
  readonly latencyMs: number;
  readonly gzip: boolean;
  readonly tokenLifetimeSeconds: number;
  readonly roles: readonly string[];
  readonly clientId: string;
  readonly clientSecret: string;
}

export const documentedContentTypes = [
  'Audit.AzureActiveDirectory',
  'Audit.Exchange',
  'Audit.SharePoint',
  'Audit.General',
  'DLP.All',
] as const;
