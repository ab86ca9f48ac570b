/**
 * The closed list of what can go wrong, by class and kind. `activities/failures.ts` turns each into a failure type
 * (`<class without "Error">.<kind>`), a retry decision and a delay; `docs/runbook.md` has a row for each.
 *
 * Messages say what was attempted, what came back and the next move. They never contain a secret, a token, a record,
 * a response body or a full URL: all of them end up in workflow history.
 */

/** What Microsoft's token endpoint or Management Activity API answered, and who must act. */
export const managementApiErrorKinds = [
  /** AF429 or "429", as 403 or 429. Nobody acts: it is retried after the stated or a growing delay. */
  'throttled',
  /** Network, time-out, truncated body, 408, 5xx, AF50000, transient AADSTS. Nobody acts at first. */
  'unavailable',
  /** A permanent AADSTS code, a token without the role, 401 or AF10001 again after one new token. Tenant admin. */
  'unauthorized',
  /** AF20011, AF20012, "Tenant … does not exist": auditing is off, or the tenant is gone. Tenant admin. */
  'tenantNotReady',
  /** AF20022: list, start (at most once in 15 minutes), same window again. */
  'subscriptionNotStarted',
  /** AF20023: start once; when it comes back a tenant admin has to look. */
  'subscriptionDisabled',
  /** AF20030, AF20055, AF20031 (page link): plan again from the server's clock and list anew. */
  'windowRefused',
  /** AF20001, AF20002, AF20010, AF20013, AF20020: a request that is wrong in itself, a bug or mixed-up tenants. */
  'requestRefused',
  /** AF20050, AF20052, 404 on a blob: list again for a fresh URI. */
  'contentNotFound',
  /** AF20051: the blob is past its retention and lost. */
  'contentExpired',
  /** HTML with 200, wrong shape, unknown AF code. */
  'unexpectedResponse',
] as const;
export type ManagementApiErrorKind = (typeof managementApiErrorKinds)[number];

/** What a destination answered. */
export const destinationErrorKinds = [
  /** 429, whole or per item. */
  'throttled',
  /** Network, time-out, 408, 500, 502 to 504; for files: disk full, no rights, lock not to be had. */
  'unavailable',
  /** 401, 403. */
  'unauthorized',
  /** Missing bucket, topic, table, index, folder that cannot exist. */
  'misconfigured',
  /** 400 for a batch or an item: split; the single record is a dead letter. */
  'rejected',
  /** 413, or above a stated limit: split, then as `rejected`. */
  'tooLarge',
] as const;
export type DestinationErrorKind = (typeof destinationErrorKinds)[number];

/** What the ledger of final hours and losses came to. */
export const ledgerErrorKinds = [
  /** Disk full, no rights, a file in the way of a folder, a disk error. */
  'unavailable',
] as const;
export type LedgerErrorKind = (typeof ledgerErrorKinds)[number];

interface ErrorDetails {
  readonly cause?: unknown;
  /** How long the other side asked us to wait, in milliseconds. */
  readonly retryAfterMs?: number | undefined;
}

/** What the others have in common: a kind of a closed list, and how long they asked us to wait. */
abstract class ServiceError<Kind extends string> extends Error {
  readonly kind: Kind;
  readonly retryAfterMs: number | undefined;

  constructor(kind: Kind, message: string, details: ErrorDetails = {}) {
    super(message, { cause: details.cause });
    this.kind = kind;
    this.retryAfterMs = details.retryAfterMs;
  }
}

/** A call to Microsoft failed. */
export class ManagementApiError extends ServiceError<ManagementApiErrorKind> {
  override readonly name = 'ManagementApiError';
}

/** A destination as a whole could not take what it was given. */
export class DestinationError extends ServiceError<DestinationErrorKind> {
  override readonly name = 'DestinationError';
}

/** The ledger could not be written or read. */
export class LedgerError extends ServiceError<LedgerErrorKind> {
  override readonly name = 'LedgerError';
}

/** A workflow, update or activity was given something it cannot work with; the message names the field and what is allowed. */
export class InputError extends Error {
  override readonly name = 'InputError';
  readonly field: string;
  /** It may become right by itself, as a changed configuration may still be on its way to this worker. */
  readonly mayPass: boolean;

  constructor(field: string, problem: string, { mayPass = false }: { readonly mayPass?: boolean } = {}) {
    super(`${field}: ${problem}`);
    this.field = field;
    this.mayPass = mayPass;
  }
}

/** One problem of the configuration, where it stands and how to mend it. */
export interface ConfigProblem {
  /** `file:line`, or the file alone. */
  readonly where: string;
  /** Key path as a person writes it: `tenants[1].client_id`. Empty for a problem of the whole file. */
  readonly key: string;
  /** What is wrong and the remedy, without any secret. */
  readonly problem: string;
}

/** The configuration cannot be used; all problems at once. Commands print it and exit with 78. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
  readonly problems: readonly ConfigProblem[];

  constructor(problems: readonly ConfigProblem[]) {
    super(
      problems.map(({ where, key, problem }) => [where, key, problem].filter(Boolean).join(' ')).join('\n'),
    );
    this.problems = problems;
  }
}
