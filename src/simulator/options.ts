import type { CutReading } from './cut-blobs.ts';
import type { FaultRequest } from './faults.ts';
import type { BulkDescription, PopulationTraits } from './population.ts';

/** How the simulated service behaves where Microsoft's is undocumented, unstable, or seen to differ. */
export interface ServiceRules {
  /** What a first start of a subscription makes visible: the last 22 hours (as seen live), all, or nothing. Default `22h`. */
  readonly historyVisibleAtStart: '22h' | 'all' | 'nothing';
  /** Items of a listing's page. Microsoft documents no size; 200 is what collectors assume. Default 200. */
  readonly pageSize: number;
  /** Items of a page in another order than that in which they became available. Default false. */
  readonly shufflePages: boolean;
  /** The first page of a listing is empty and only links to the next. Default false. */
  readonly emptyFirstPage: boolean;
  /** A listing also shows blobs of up to an hour before and after its window. Default false. */
  readonly itemsOutsideWindow: boolean;
  /** What becomes of a blob whose range the start or end of a window falls into. Default `none`: it is never cut. */
  readonly cut: CutReading;
  /** Time between two start requests; 0 switches the rule off. Default 15 minutes. */
  readonly startCooldownMs: number;
  /** Whether the wait holds for one subscription or for all of a tenant. Default `subscription`. */
  readonly startCooldownScope: 'subscription' | 'tenant';
  /** Which answer wins when an enabled subscription is started within the wait: the wait, or AF20024. Default `wait`. */
  readonly startWhileEnabled: 'wait' | 'alreadyEnabled';
  /** Of a successful stop: 200 in the documentation, 204 in a Microsoft engineer's script. Default 200. */
  readonly stopStatus: 200 | 204;
  /** A listing may start this much more than seven days ago. Default 0. */
  readonly retentionToleranceMs: number;
  /** A window of exactly 24 hours. Default `accepted`. */
  readonly window24Hours: 'accepted' | 'refused';
  /** A window of more than 24 hours: AF20055, or 200 with a part of the content. Default `refused`. */
  readonly windowOver24Hours: 'refused' | 'partial';
  /** `contentExpiration` of a listing lies so far behind the creation; content is served for seven days all the same. Default 7. */
  readonly expirationDays: number;
  /** Added to each answer of the API. Default 0. */
  readonly latencyMs: number;
  /** Compress for clients that offer gzip. Default true. */
  readonly gzip: boolean;
  /** Header names in lower case, as HTTP/2 has them. Default false. */
  readonly lowerCaseHeaders: boolean;
  /** Requests a minute of one tenant, above which AF429 is answered; 0: no limit. Default 0 (Microsoft's baseline is 2000). */
  readonly quotaPerMinute: number;
  /** The same for all requests without a PublisherIdentifier together; 0: no limit. Default 0. */
  readonly sharedQuotaPerMinute: number;
  /** A blob of one record is that record, not an array. Default false. */
  readonly bareSingleRecords: boolean;
  /** The second half of a blob is a page of its own, to which `NextPageUri` of the first links. Default false. */
  readonly pagedBlobs: boolean;
  /** Each fetch of a blob gives its records in another order. Default false. */
  readonly changingBodies: boolean;
  /** Another tenant id in the path than that of the token: only a blob is refused (AF20052), not AF20010. Default false. */
  readonly lenientTenantPath: boolean;
  /** The cloud's resource: tokens for another one are refused with 401 (AF20052 on a blob). Default Microsoft's commercial one. */
  readonly resource: string;
  /** Seconds, of each token. Default 3599. */
  readonly tokenLifetimeSeconds: number;
  /** Tokens end so many times faster than they say: one of an hour after a minute by 60. Default 1. */
  readonly tokenSpeedUp: number;
  /** App roles in the tokens. Default: all that the feed asks for. */
  readonly roles: readonly string[];
  /** Whether the rights stand in the token as `roles` or, as a person's would, as `scp`. Default `application`. */
  readonly permission: 'application' | 'delegated';
  /** Default: derived from the seed. */
  readonly clientId: string;
  /** Default: a value with characters that must be percent-encoded in a form. */
  readonly clientSecret: string;
  /** PEM text of the certificate that is registered with the application. Default none: assertions are refused. */
  readonly clientCertificate: string | undefined;
  /** Take webhooks at plain http addresses, too. Default false, as Microsoft. */
  readonly plainHttpWebhooks: boolean;
}

/** What a simulator can be told; everything has a default. Times and spans are in milliseconds unless the name says otherwise. */
export interface SimulatorOptions extends Partial<ServiceRules>, PopulationTraits {
  /** Default 127.0.0.1: the control surface knows no password. */
  readonly host?: string;
  /** Default 0: any free port. */
  readonly port?: number;
  /** Speak https, with a certificate authority made at the start. Default false. */
  readonly https?: boolean;
  /** Where the certificate of that authority is written, as PEM. */
  readonly caFile?: string;
  /** By name, in order: later ones win over earlier ones, options given here over all. */
  readonly scenarios?: readonly string[];
  /** In force from the start, behind those of the scenarios. */
  readonly faults?: readonly FaultRequest[];
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
  /** The service's clock is ahead of this machine's by so much. Default 0. */
  readonly clockSkewMs?: number;
  /** Milliseconds since 1970. Default the system's clock. */
  readonly now?: () => number;
}

export const documentedContentTypes = [
  'Audit.AzureActiveDirectory',
  'Audit.Exchange',
  'Audit.SharePoint',
  'Audit.General',
  'DLP.All',
] as const;
