import type { FaultKind } from '../../src/simulator/fault-kinds.ts';
import type { FaultRequest } from '../../src/simulator/faults.ts';
import type { SimulatorOptions } from '../../src/simulator/start.ts';
import { baseName, type Exchange } from './transcript.ts';

/** What the simulator has to be, or has to have seen, before an exchange can take place. */
export interface SimulatorState {
  readonly options?: SimulatorOptions;
  /** In force for the exchange itself only. */
  readonly fault?: Omit<FaultRequest, 'operation'>;
  /** Operations of the feed that come before, as `start Audit.Exchange`. */
  readonly before?: readonly string[];
  /** How far the simulator's time moves on between them and the exchange. */
  readonly laterMs?: number;
  /** The status of the webhook's answers. */
  readonly webhookStatus?: number;
  /** The token of the exchange where it is not a good one. */
  readonly token?: string;
  /** The client secret or id that is sent, the tenant that is asked for. */
  readonly given?: Readonly<Record<string, string>>;
  /** Records of a blob are the simulator's own: they are held against SCH's mandatory fields, not against the sample. */
  readonly hasOwnRecords?: true;
}

const started: SimulatorState = { before: ['start Audit.SharePoint'] };
const minuteMs = 60_000;
const dayMs = 86_400_000;
const unknownGuid = '00000000-0000-4000-8000-00000000abcd';

const pagedGeneral: SimulatorState = { options: { pageSize: 4 }, before: ['start Audit.General'] };
const pagedExchange: SimulatorState = {
  options: { pageSize: 4, lowerCaseHeaders: true },
  before: ['start Audit.Exchange'],
};
const emptyFirst: SimulatorState = { ...started, options: { emptyFirstPage: true } };
const noContent: SimulatorState = { options: { historyHours: 0 }, before: ['start DLP.All'] };

/** By the exchange's name, without the value that it stands for where one state serves all of them; `{}`: a fresh one. */
export const states: Readonly<Record<string, SimulatorState>> = {
  'token-secret': {},
  'token-v1': {},
  'token-without-roles': { options: { roles: [] } },
  'token-invalid-client/7000215': { given: { secret: 'wrong' } },
  'token-invalid-client/7000218': { given: { secret: '' } },
  'token-unauthorized-client/700016': { given: { client: unknownGuid } },
  'token-unknown-tenant/90002': { given: { tenant: unknownGuid } },
  'token-invalid-request-7000216': { fault: { kind: 'AADSTS7000216' } },
  'token-consent-missing': { fault: { kind: 'AADSTS65001' } },
  'token-invalid-scope': { fault: { kind: 'AADSTS70011' } },
  'token-429': { fault: { kind: 'token429', retryAfterSeconds: 30 } },
  'token-html': { fault: { kind: 'html503' } },

  start: {},
  'start-with-webhook': { options: { plainHttpWebhooks: true } },
  'start-without-length': {},
  'start-already-enabled': {
    options: { startWhileEnabled: 'alreadyEnabled' },
    ...started,
  },
  'start-within-15-minutes': { ...started, laterMs: 15 * minuteMs - 526_000 },
  'start-within-15-minutes-longer': { ...started, laterMs: 15 * minuteMs - 896_000 },
  stop: started,
  'stop-204': { ...started, options: { stopStatus: 204 } },
  'list-none': {},
  'list-without-webhook': started,
  'list-with-webhook': {
    options: { plainHttpWebhooks: true },
    before: ['start Audit.Exchange', 'webhook Audit.SharePoint'],
  },
  'list-disabled': { before: ['start Audit.SharePoint', 'stop Audit.SharePoint'] },
  'list-object-for-array': { fault: { kind: 'errorObject200' } },
  'names-in-any-case': {},
  'no-publisher-identifier': {},
  'publisher-identifier-no-guid': {},

  content: started,
  'content-empty': noContent,
  'content-first-page': pagedGeneral,
  'content-last-page': pagedGeneral,
  'content-lower-case-header': pagedExchange,
  'content-lower-case-header-followed': pagedExchange,
  'content-empty-page-with-link': emptyFirst,
  'content-after-empty-page': emptyFirst,
  'content-foreign-link': {
    ...noContent,
    before: ['start Audit.SharePoint'],
    fault: { kind: 'foreignLink' },
  },
  'content-stale-page': { ...pagedGeneral, fault: { kind: 'AF20031' } },
  'content-garbage-page': { before: ['start Audit.General'] },
  'content-without-times': started,
  'content-formats-of-time': started,
  'content-offset-with-raw-plus': started,
  'content-future-end': noContent,
  'content-over-24-hours': started,
  'content-one-sided': started,
  'content-over-24-hours-older': { ...started, fault: { kind: 'AF20030' } },
  'content-over-24-hours-partial': { ...started, options: { windowOver24Hours: 'partial' } },
  'content-exactly-24-hours': started,
  'content-object-for-array': { ...started, fault: { kind: 'errorObject200' } },
  'content-html': { ...started, fault: { kind: 'html200' } },
  'content-cut-off': { ...started, fault: { kind: 'truncated' } },

  blob: { ...started, hasOwnRecords: true },
  'blob-gzip': { ...started, hasOwnRecords: true },
  'blob-odd-content-type/text/html; charset=utf-8': {
    ...started,
    fault: { kind: 'oddContentType' },
    hasOwnRecords: true,
  },
  'blob-single-object': {
    ...started,
    options: { bareSingleRecords: true, recordsPerBlob: 1 },
    hasOwnRecords: true,
  },
  'blob-html': { ...started, fault: { kind: 'html200' } },
  'blob-empty-body': { ...started, fault: { kind: 'empty200' } },
  'blob-cut-off': { ...started, fault: { kind: 'truncated' } },
  'blob-with-a-page-link': { ...started, options: { pagedBlobs: true }, hasOwnRecords: true },
  'blob-second-page': { ...started, options: { pagedBlobs: true }, hasOwnRecords: true },
  'blob-redirect': { ...started, fault: { kind: 'redirect' } },
  'blob-does-not-exist': { ...started, fault: { kind: 'AF20050' } },
  'blob-expired': { ...started, laterMs: 8 * dayMs },
  'blob-id-invalid': started,
  'blob-of-a-wrong-tenant': { ...started, options: { lenientTenantPath: true } },
  'blob-wrong-cloud': { ...started, token: 'of-another-cloud' },

  'permission-missing': { options: { roles: [] } },
  'permission-missing-for-dlp': { options: { roles: ['ActivityFeed.Read'] } },
  'token-refused': { token: 'expired' },
  'token-refused-then-renewed': { ...started, token: 'expired' },
  'no-token': {},
  'parameter-missing': {},
  'parameter-of-wrong-type': started,
  'webhook-expiration-in-the-past': {},
  'tenant-in-path-differs': {},
  'tenant-gone': { fault: { kind: 'AF20011' } },
  'tenant-badly-configured': { fault: { kind: 'AF20012' } },
  'tenant-no-guid': {},
  'content-type-invalid': {},
  'webhook-not-https': {},
  'webhook-not-validated': { options: { plainHttpWebhooks: true }, webhookStatus: 500 },
  'subscription-not-started': {},
  'subscription-disabled': { before: ['start Audit.SharePoint', 'stop Audit.SharePoint'] },
  'language-list': {},
  'language-of-wrong-syntax': {},
  'internal-error': { fault: { kind: 'AF50000' } },
  'internal-error-retry-in-an-hour': { fault: { kind: 'AF50000-in-an-hour' } },
  'internal-error-in-single-quotes': { ...started, fault: { kind: 'AF50000-single-quotes' } },
  'internal-error-undocumented/AF50005': { fault: { kind: 'AF50005' } },
  'internal-error-undocumented/AF50006': { fault: { kind: 'AF50006' } },
  'unknown-code': { fault: { kind: 'unknownCode' } },
  'front-end-page/502 Bad Gateway': { fault: { kind: 'html502' } },
  'front-end-page/503 Service Unavailable': { fault: { kind: 'html503' } },
  'front-end-page/504 Gateway Timeout': { fault: { kind: 'html504' } },
  'audit-off': { fault: { kind: 'auditOff' } },
  'audit-off-in-2019': { fault: { kind: 'auditOff-2019' } },

  'throttled-listing': { fault: { kind: 'AF429' } },
  'throttled-without-publisher': { ...started, fault: { kind: 'AF429' } },
  'throttled-in-single-quotes': { ...started, fault: { kind: 'AF429-single-quotes' } },
  'throttled-429': { fault: { kind: 'AF429-status-429', retryAfterSeconds: 17 } },
  'throttled-with-403-and-retry-after': { ...started, fault: { kind: 'AF429', retryAfterSeconds: 30 } },

  notifications: {
    options: { plainHttpWebhooks: true, liveEveryMs: 5 * minuteMs },
    before: ['webhook Audit.SharePoint'],
    laterMs: 30 * minuteMs,
  },
  'notifications-none': started,
  'notifications-of-disabled': { before: ['start Audit.SharePoint', 'stop Audit.SharePoint'] },
  'friendly-names': {},
};

const literal = 'the sample is history, its ids, times and records are not what a simulator makes';
const client = 'one more form of what another exchange shows; clients have to understand it, too';

/** Exchanges that the simulator is not asked for, and why. */
export const notAsked: Readonly<Record<string, string>> = {
  'list-as-documented': literal,
  'content-uri-first': literal,
  'content-ids-of-other-forms': literal,
  'content-outside-the-window': literal,
  'content-documented-link': 'the wire has another form',
  'content-documented-link-followed': 'the wire has another form',
  'content-partly-lower-case-link': client,
  'content-partly-lower-case-link-followed': client,
  'content-link-to-itself': 'what such a link looks like is not known',
  'content-same-link-again': 'what such a link looks like is not known',
  'blob-of-escapes': literal,
  'blob-byte-order-mark': 'some blobs of the population have it: test/unit/simulator-blob.test.ts',
  'blob-odd-content-type': 'the simulator has text/html alone',
  'blob-without-records': 'the population has none',
  'blob-ends-early': 'where it ends is not known',
  'blob-404-without-envelope': client,
  'internal-error-as-printed': client,
  'front-end-page': 'the 408 of the simulator is empty',
  'throttled-by-the-front-end': client,
  'forbidden-by-a-front-end': client,
  'audit-off-short-code': client,
  'webhook-validation': 'asked by the simulator: the last tests of simulator.test.ts',
  'webhook-notification': 'asked by the simulator: the last tests of simulator.test.ts',
  'token-certificate': 'it checks the signature: test/unit/simulator-token.test.ts',
  'token-temporarily-unavailable': client,
};

/**
 * What an exchange needs of the simulator: its own state, one for all that its name stands for, or for one that stands for a
 * code, the fault of that code. Undefined when it is not asked.
 */
export function stateOf({ name }: Exchange): SimulatorState | undefined {
  const base = baseName(name);
  const code = name.slice(base.length + 1);
  const own = states[name] ?? states[base];
  if (own !== undefined) return own;
  if (/^\d+$/.test(code)) return { fault: { kind: `AADSTS${code}` as FaultKind } };
  return base === 'request-refused' ? { fault: { kind: code as FaultKind } } : undefined;
}
