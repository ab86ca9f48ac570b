/* oxlint-disable max-lines -- one table: whoever looks for a scenario finds all of them here */
import type { FaultRequest } from './faults.ts';
import type { SimulatorOptions } from './options.ts';

/** A set of options and faults under a name. */
export interface Scenario {
  readonly name: string;
  /** Numbers of the quirks it shows (section 7 of the reference; docs/management-activity-api.md lists them). */
  readonly quirks: readonly number[];
  /** One sentence: what a client meets. */
  readonly summary: string;
  readonly options: Omit<SimulatorOptions, 'scenarios' | 'faults'>;
  readonly faults: readonly FaultRequest[];
}

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;

export const scenarios: readonly Scenario[] = [
  // Starting, stopping, first content
  {
    name: 'already-enabled',
    quirks: [1],
    summary: 'A start of an enabled subscription is refused with AF20024.',
    options: { startWhileEnabled: 'alreadyEnabled' },
    faults: [],
  },
  {
    name: 'start-cooldown',
    quirks: [2],
    summary: 'A second start within 15 minutes is a 403 with the code "429" and the wait in words.',
    options: { startWhileEnabled: 'wait' },
    faults: [],
  },
  {
    name: 'start-cooldown-per-tenant',
    quirks: [2],
    summary: 'The 15 minutes between two starts hold for all content types of a tenant together.',
    options: { startCooldownScope: 'tenant' },
    faults: [],
  },
  {
    name: 'retry-in-an-hour',
    quirks: [25],
    summary: 'The first three starts fail with AF50000 and "retry the request again in an hour".',
    options: {},
    faults: [{ operation: 'start', kind: 'AF50000-in-an-hour', count: 3 }],
  },
  {
    name: 'backfill-22h',
    quirks: [23],
    summary: 'The first listing reaches 22 hours behind the start of the subscription.',
    options: { historyVisibleAtStart: '22h', historyHours: 48 },
    faults: [],
  },
  {
    name: 'backfill-nothing',
    quirks: [23],
    summary: 'Nothing is listed that became available before the subscription was started.',
    options: { historyVisibleAtStart: 'nothing', historyHours: 48 },
    faults: [],
  },
  {
    name: 'quiet-tenant',
    quirks: [49],
    summary: 'The feed is empty and stays so, while everything is well.',
    options: { historyHours: 0, liveEveryMs: 0 },
    faults: [],
  },
  {
    name: 'subscription-disabled',
    quirks: [33],
    summary: 'A subscription is disabled by itself at its fifth listing and has to be started again.',
    options: { startCooldownMs: 0 },
    faults: [{ operation: 'content', kind: 'disableSubscription', skip: 4, count: 1 }],
  },
  {
    name: 'webhook-lost',
    quirks: [34],
    summary: 'The webhook of a subscription shows as null after its start.',
    options: { plainHttpWebhooks: true },
    faults: [{ operation: 'list', kind: 'webhookLost' }],
  },

  // Throttling
  {
    name: 'throttled-403',
    quirks: [3],
    summary: 'Three in ten requests are refused with 403 and AF429.',
    options: {},
    faults: [{ operation: 'feed', kind: 'AF429', rate: 0.3 }],
  },
  {
    name: 'throttled-429',
    quirks: [4],
    summary: 'Three in ten requests are refused with 429 and Retry-After.',
    options: {},
    faults: [{ operation: 'feed', kind: 'AF429-status-429', rate: 0.3, retryAfterSeconds: 2 }],
  },
  {
    name: 'throttled-single-quotes',
    quirks: [5],
    summary: 'Three in ten requests are refused with AF429 in single quotes, which is no JSON.',
    options: {},
    faults: [{ operation: 'feed', kind: 'AF429-single-quotes', rate: 0.3 }],
  },
  {
    name: 'throttling-storm',
    quirks: [3, 4],
    summary: 'For a minute nothing but throttling is answered, in two forms.',
    options: {},
    faults: [
      { operation: 'feed', kind: 'AF429', rate: 0.5, forMs: minuteMs },
      { operation: 'feed', kind: 'AF429-status-429', forMs: minuteMs },
    ],
  },
  {
    name: 'quota',
    quirks: [],
    summary: 'More than 2000 requests of a tenant within a minute are refused with AF429.',
    options: { quotaPerMinute: 2000 },
    faults: [],
  },
  {
    name: 'shared-quota',
    quirks: [47],
    summary: 'Requests without a PublisherIdentifier share a quota of 20 a minute, whatever the tenant.',
    options: { sharedQuotaPerMinute: 20 },
    faults: [],
  },

  // Listings
  {
    name: 'small-pages',
    quirks: [6, 7, 8, 11],
    summary:
      'Pages of three items; NextPageUri in its real form, without PublisherIdentifier, X-AspNet-Version behind it.',
    options: { pageSize: 3 },
    faults: [],
  },
  {
    name: 'lower-case-headers',
    quirks: [6],
    summary: 'Header names in lower case, as over HTTP/2: nextpageuri.',
    options: { pageSize: 3, lowerCaseHeaders: true },
    faults: [],
  },
  {
    name: 'out-of-order',
    quirks: [],
    summary: 'Items of a page stand in no order.',
    options: { shufflePages: true },
    faults: [],
  },
  {
    name: 'empty-pages',
    quirks: [],
    summary: 'The first page of a listing is empty and links to the next.',
    options: { emptyFirstPage: true },
    faults: [],
  },
  {
    name: 'self-link',
    quirks: [9],
    summary: 'Every tenth page links to itself.',
    options: { pageSize: 20 },
    faults: [{ operation: 'pages', kind: 'selfLink', rate: 0.1 }],
  },
  {
    name: 'endless-pages',
    quirks: [9],
    summary: 'Every tenth listing links from page to page for ever, each time to another address.',
    options: { pageSize: 20 },
    faults: [{ operation: 'pages', kind: 'endlessLinks', rate: 0.1 }],
  },
  {
    name: 'stale-page-links',
    quirks: [10],
    summary: 'Three in ten page links are refused with AF20031.',
    options: { pageSize: 20 },
    faults: [{ operation: 'nextPage', kind: 'AF20031', rate: 0.3 }],
  },
  {
    name: 'error-object-200',
    quirks: [12, 42],
    summary: 'Three in ten lists of subscriptions or content are an error object with 200, not an array.',
    options: {},
    faults: [
      { operation: 'list', kind: 'errorObject200', rate: 0.3 },
      { operation: 'pages', kind: 'errorObject200', rate: 0.3 },
    ],
  },
  {
    name: 'partial-200',
    quirks: [13],
    summary: 'A window of more than 24 hours is answered with 200 and the content of its first 24 hours.',
    options: { windowOver24Hours: 'partial' },
    faults: [],
  },
  {
    name: 'window-24h-refused',
    quirks: [14],
    summary: 'A window of exactly 24 hours is refused with AF20055.',
    options: { window24Hours: 'refused' },
    faults: [],
  },
  {
    name: 'seven-days-strict',
    quirks: [15],
    summary: 'A start of exactly seven days ago is refused with AF20055, as the request took its time.',
    options: { retentionToleranceMs: 0, historyHours: 160, historyVisibleAtStart: 'all' },
    faults: [],
  },
  {
    name: 'clock-skew',
    quirks: [16],
    summary: "The service's clock is two hours ahead, as its Date header says.",
    options: { clockSkewMs: 2 * hourMs, historyHours: 160, historyVisibleAtStart: 'all' },
    faults: [],
  },
  {
    name: 'unstable-now',
    quirks: [17, 18],
    summary:
      'Half of the blobs show up to five seconds late; an end in the future is accepted without a word.',
    options: { late: { rate: 0.5, delayMs: [500, 5_000] }, liveEveryMs: 1_000 },
    faults: [],
  },
  {
    name: 'late-content',
    quirks: [18],
    summary: 'One blob in ten shows two minutes to three days after its contentCreated.',
    options: {
      late: { rate: 0.1, delayMs: [2 * minuteMs, 72 * hourMs] },
      historyHours: 160,
      historyVisibleAtStart: 'all',
    },
    faults: [],
  },
  {
    name: 'cut-lost',
    quirks: [19],
    summary:
      'A window that starts inside a blob lists the rest of it under another id; its head is in no window.',
    options: { cut: 'lost' },
    faults: [],
  },
  {
    name: 'cut-neighbour',
    quirks: [19],
    summary: 'A window lists of a blob the part that lies within it, under another id, at both ends.',
    options: { cut: 'neighbour' },
    faults: [],
  },
  {
    name: 'cut-reordered',
    quirks: [19],
    summary: 'A window that cuts a blob lists all its records under another id and in another order.',
    options: { cut: 'reordered' },
    faults: [],
  },
  {
    name: 'items-outside-window',
    quirks: [54],
    summary: 'A listing also shows blobs of up to an hour before and after its window.',
    options: { itemsOutsideWindow: true },
    faults: [],
  },
  {
    name: 'expired-items',
    quirks: [21],
    summary: 'One item in ten is listed although it has expired, and fetching it is AF20051.',
    options: { expiredShare: 0.1 },
    faults: [],
  },
  {
    name: 'expiration-20-days',
    quirks: [22],
    summary: 'contentExpiration lies 20 days behind contentCreated.',
    options: { expirationDays: 20 },
    faults: [],
  },
  {
    name: 'moved-region',
    quirks: [52],
    summary: 'The second half of the history has another scale unit in its ids, doubled.',
    options: { movedRegion: true },
    faults: [],
  },
  {
    name: 'strict-parameters',
    quirks: [35, 44, 46],
    summary:
      'A raw plus sign in a time and a PublisherIdentifier that is no GUID are AF20002, a contentId without its dollar signs AF20052.',
    options: {},
    faults: [],
  },
  {
    name: 'foreign-links',
    quirks: [53],
    summary: 'Page links, contentUris and redirects point to another host, which notes who brings a token.',
    options: { pageSize: 20 },
    faults: [
      { operation: 'pages', kind: 'foreignLink', rate: 0.2 },
      { operation: 'pages', kind: 'foreignContentUri', rate: 0.2 },
      { operation: 'feed', kind: 'redirect', rate: 0.1 },
    ],
  },

  // Blobs
  {
    name: 'duplicates',
    quirks: [20],
    summary: 'Three in ten records stand in the same blob or an earlier one, too, days back.',
    options: { repeats: { rate: 0.3, reach: 1_000 } },
    faults: [],
  },
  {
    name: 'stuck-blobs',
    quirks: [24],
    summary: 'One blob in fifty answers AF50000 whenever it is asked for.',
    options: {},
    faults: [{ operation: 'blob', kind: 'AF50000', share: 0.02 }],
  },
  {
    name: 'bursts-of-500',
    quirks: [24],
    summary: 'Of the first 500 requests for blobs thirty in a row fail with AF50000, and then every tenth.',
    options: {},
    faults: [
      { operation: 'blob', kind: 'AF50000', count: 30 },
      { operation: 'blob', kind: 'AF50000', rate: 0.1, count: 50 },
    ],
  },
  {
    name: 'blob-errors',
    quirks: [41],
    summary: 'Blobs fail in many ways, each for a while: 404 AF20050, 503, a reset, a body cut off.',
    options: {},
    faults: [
      { operation: 'blob', kind: 'AF20050', rate: 0.05 },
      { operation: 'blob', kind: 'html503', rate: 0.05 },
      { operation: 'blob', kind: 'reset', rate: 0.05 },
      { operation: 'blob', kind: 'truncated', rate: 0.05 },
      { operation: 'blob', kind: 'cutJson', rate: 0.05 },
    ],
  },
  {
    name: 'huge-blob',
    quirks: [37, 38],
    summary: 'One blob of each subscription has 68 MB.',
    options: { largeBlobBytes: 68 * 1024 * 1024 },
    faults: [],
  },
  {
    name: 'busy-tenant',
    quirks: [39],
    summary: 'Two blobs a second and 300 ms for each answer: one request after the other falls behind.',
    options: { blobsPerHour: 7_200, liveEveryMs: 500, recordsPerBlob: [1, 10], latencyMs: 300 },
    faults: [],
  },
  {
    name: 'slow-answers',
    quirks: [36],
    summary:
      'One listing in ten takes 40 seconds; one blob in twenty drips or pauses for 40 seconds in the middle.',
    options: {},
    faults: [
      { operation: 'pages', kind: 'slow', rate: 0.1, delayMs: 40_000 },
      { operation: 'blob', kind: 'slowBody', rate: 0.05, delayMs: 40_000 },
      { operation: 'blob', kind: 'drip', rate: 0.05, bytesPerSecond: 2_000 },
    ],
  },
  {
    name: 'odd-content-type',
    quirks: [45],
    summary: 'Blobs come as text/html although they are JSON.',
    options: {},
    faults: [{ operation: 'blob', kind: 'oddContentType' }],
  },
  {
    name: 'bare-records',
    quirks: [48],
    summary: 'A blob of a single record is that object, not an array.',
    options: { bareSingleRecords: true, recordsPerBlob: [1, 3] },
    faults: [],
  },
  {
    name: 'changing-bodies',
    quirks: [51],
    summary: 'Each fetch of a blob gives its records in another order; one fetch in ten breaks off.',
    options: { changingBodies: true },
    faults: [{ operation: 'blob', kind: 'truncated', rate: 0.1 }],
  },
  {
    name: 'paged-blobs',
    quirks: [55],
    summary: 'NextPageUri on the answer of a blob links to the second half of its records.',
    options: { pagedBlobs: true },
    faults: [],
  },

  // Service and network
  {
    name: 'unexpected-replies',
    quirks: [40],
    summary:
      'Every fourth answer is something nobody planned for: an unknown code, nothing, plain text, HTML.',
    options: {},
    faults: [
      { operation: 'feed', kind: 'unknownCode', rate: 0.06 },
      { operation: 'feed', kind: 'empty200', rate: 0.06 },
      { operation: 'feed', kind: 'text503', rate: 0.06 },
      { operation: 'feed', kind: 'html200', rate: 0.06 },
    ],
  },
  {
    name: 'html-pages',
    quirks: [50],
    summary: 'One answer in ten is an HTML page with 200, another one with 503.',
    options: {},
    faults: [
      { operation: 'feed', kind: 'html200', rate: 0.1 },
      { operation: 'feed', kind: 'html503', rate: 0.1 },
    ],
  },
  {
    name: 'outage',
    quirks: [],
    summary: 'For a minute everything, the token endpoint included, answers 503 in HTML.',
    options: {},
    faults: [{ operation: 'any', kind: 'html503', forMs: minuteMs }],
  },
  {
    name: 'resets',
    quirks: [],
    summary: 'One connection in ten is reset.',
    options: {},
    faults: [{ operation: 'any', kind: 'reset', rate: 0.1 }],
  },

  // Rights and tenants
  {
    name: 'short-tokens',
    quirks: [],
    summary: 'Tokens say an hour and are refused with 401 after a minute.',
    options: { tokenSpeedUp: 60 },
    faults: [],
  },
  {
    name: 'expired-secret',
    quirks: [],
    summary: 'The client secret has expired (AADSTS7000222), for ten minutes.',
    options: {},
    faults: [{ operation: 'token', kind: 'AADSTS7000222', forMs: 10 * minuteMs }],
  },
  {
    name: 'unknown-application',
    quirks: [],
    summary: 'The application is not known in the tenant (AADSTS700016).',
    options: {},
    faults: [{ operation: 'token', kind: 'AADSTS700016' }],
  },
  {
    name: 'tenant-gone',
    quirks: [],
    summary: 'The tenant has been deleted: AADSTS90002, and AF20011 for who still has a token.',
    options: {},
    faults: [
      { operation: 'token', kind: 'AADSTS90002' },
      { operation: 'feed', kind: 'AF20011' },
    ],
  },
  {
    name: 'token-endpoint-trouble',
    quirks: [],
    summary: 'Every second token request fails: 429, 503, AADSTS90033.',
    options: {},
    faults: [
      { operation: 'token', kind: 'token429', rate: 0.2, retryAfterSeconds: 1 },
      { operation: 'token', kind: 'html503', rate: 0.2 },
      { operation: 'token', kind: 'AADSTS90033', rate: 0.2 },
    ],
  },
  {
    name: 'token-without-roles',
    quirks: [28],
    summary: 'Tokens are issued without any role, and the feed answers AF10001 with "()".',
    options: { roles: [] },
    faults: [],
  },
  {
    name: 'delegated-permission',
    quirks: [29],
    summary: 'The rights were granted as delegated ones: they stand in scp, and the feed answers AF10001.',
    options: { permission: 'delegated' },
    faults: [],
  },
  {
    name: 'consent-revoked',
    quirks: [],
    summary: 'Consent is revoked after ten requests, for ten minutes: 401 AF10001, new tokens have no role.',
    options: {},
    faults: [
      { operation: 'feed', kind: 'AF10001', skip: 10, forMs: 10 * minuteMs },
      { operation: 'token', kind: 'tokenWithoutRoles', skip: 1, forMs: 10 * minuteMs },
    ],
  },
  {
    name: 'denied-without-envelope',
    quirks: [30],
    summary: 'One request in ten gets the 401 of the front end, which has no AF code.',
    options: {},
    faults: [{ operation: 'feed', kind: 'unauthorized', rate: 0.1 }],
  },
  {
    name: 'wrong-cloud',
    quirks: [31],
    summary: 'The host serves another cloud: 401 for a token of the commercial one, AF20052 on a blob.',
    options: { resource: 'https://manage.office365.us' },
    faults: [],
  },
  {
    name: 'other-statuses',
    quirks: [32],
    summary: 'Known codes come with another status than usual: AF10001 as 400, AF50000 as 400, AF429 as 503.',
    options: {},
    faults: [
      { operation: 'list', kind: 'AF10001', status: 400, count: 1 },
      { operation: 'feed', kind: 'AF50000', status: 400, rate: 0.1 },
      { operation: 'feed', kind: 'AF429', status: 503, rate: 0.1 },
    ],
  },
  {
    name: 'lenient-tenant-path',
    quirks: [43],
    summary: 'A wrong tenant in the path is overlooked by all but blobs, which answer AF20052.',
    options: { lenientTenantPath: true },
    faults: [],
  },
  {
    name: 'audit-off',
    quirks: [26, 27],
    summary:
      'Auditing is off: a stack trace cut in two by 400, for ten minutes after it was switched on as well.',
    options: {},
    faults: [{ operation: 'feed', kind: 'auditOff', forMs: 10 * minuteMs }],
  },
];

/** Quirks that cannot be simulated, by number, each with the reason. There is none. */
export const quirksWithoutScenario: Readonly<Record<number, string>> = {};

/** The scenario of this name. Throws `RangeError` that names the ones there are. */
export function findScenario(name: string): Scenario {
  const found = scenarios.find((scenario) => scenario.name === name);
  if (found) return found;
  throw new RangeError(
    `scenario: ${name} is unknown; there are ${scenarios.map((scenario) => scenario.name).join(', ')}`,
  );
}
