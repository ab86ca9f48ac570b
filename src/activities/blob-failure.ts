import { expirationOf, type BlobReference } from '../domain/content-blob.ts';
import { parseTime } from '../domain/time-window.ts';
import { ManagementApiError, type ManagementApiErrorKind } from '../errors.ts';

/** A blob that still fails this long after it expired is given up: until then the service may only be late to say so. */
const graceMs = 24 * 3_600_000;

/** Kinds of answers that the next blob of the tenant would meet, too. */
const tenantKinds: readonly ManagementApiErrorKind[] = [
  'throttled',
  'unauthorized',
  'tenantNotReady',
  'subscriptionDisabled',
  'subscriptionNotStarted',
];

/** Whether a failure met at one blob says something about the tenant, and not about the blob. */
export function concernsTenant(error: unknown): boolean {
  return error instanceof ManagementApiError && tenantKinds.includes(error.kind);
}

export function isNotFound(error: unknown): error is ManagementApiError {
  return error instanceof ManagementApiError && error.kind === 'contentNotFound';
}

export function isExpired(blob: BlobReference, nowMs: number): boolean {
  return nowMs > parseTime(expirationOf(blob));
}

/** Whether a blob that failed by itself cannot be had any more: the service says so, or it expired more than a day ago. */
export function isLost(error: unknown, blob: BlobReference, nowMs: number): boolean {
  if (error instanceof ManagementApiError && error.kind === 'contentExpired') return true;
  return isExpired(blob, nowMs - graceMs);
}
