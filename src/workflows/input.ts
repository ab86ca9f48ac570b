import { maxBackfills, obtainable, type BackfillRequest } from '../domain/backfill.ts';
import { readCheckpoint } from '../domain/checkpoint-reader.ts';
import type { Checkpoint } from '../domain/checkpoint.ts';
import { canonicalContentType } from '../domain/content-type.ts';
import { subscriptionWorkflowId } from '../domain/ids.ts';
import { parseTime } from '../domain/time-window.ts';
import { inputFailure } from './input-failure.ts';
import type {
  CoverageRequest,
  DiscardRequest,
  PageRequest,
  PauseRequest,
  QuarantineSelection,
} from './messages.ts';
import { initialState, type SubscriptionState } from './subscription-state.ts';

/** Checks what came from a CLI, a UI or a client. By hand: a schema library costs a cached workflow fifteen times the memory. */

export interface IngestSubscriptionInput {
  readonly tenantId: string;
  readonly contentType: string;
  /** ISO: where a new subscription begins, instead of what the configuration says. */
  readonly startTime?: string;
  /** The result of a subscription that was cancelled: this one goes on where that one ended. */
  readonly checkpoint?: Checkpoint;
  /** What the run before hands to this one. */
  readonly state?: SubscriptionState;
}

const guid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

/** The input in canonical spelling. @throws ApplicationFailure (`Input`), which ends the workflow and names the field. */
export function requireIngestInput(
  input: unknown,
  { nowMs, workflowId }: { readonly nowMs: number; readonly workflowId: string },
): IngestSubscriptionInput {
  const fields = requireFields('input', input, [
    'tenantId',
    'contentType',
    'startTime',
    'checkpoint',
    'state',
  ]);
  const { tenantId, contentType } = requireSubscription(fields);
  const startTime = optionalTime(fields, 'startTime');
  if (startTime !== undefined && parseTime(startTime) > nowMs) {
    refuse('startTime', `${startTime} is in the future; leave it out to begin where the configuration says`);
  }
  const ownId = subscriptionWorkflowId(tenantId, contentType);
  if (workflowId !== ownId) {
    refuse(
      'workflow id',
      `must be ${ownId}, so that one workflow owns the subscription; this one is ${workflowId}`,
    );
  }
  const state = optionalState(fields.state);
  const checkpoint = optionalCheckpoint('checkpoint', fields.checkpoint);
  if (checkpoint !== undefined && startTime !== undefined)
    refuse('startTime', 'is incompatible with checkpoint, which says where to go on; leave one of them out');
  return {
    tenantId,
    contentType,
    ...(startTime && { startTime }),
    ...(checkpoint && { checkpoint }),
    ...(state && { state }),
  };
}

/** @throws ApplicationFailure (`Input`), which rejects the update. */
export function requireQuarantineSelection(selection: unknown): QuarantineSelection {
  if (selection === undefined || selection === null) return {};
  const fields = requireFields('retryQuarantined', selection, ['contentIds']);
  return fields.contentIds === undefined ? {} : { contentIds: requireTexts(fields, 'contentIds') };
}

/** @throws ApplicationFailure (`Input`), which rejects the update. */
export function requireDiscardRequest(request: unknown): DiscardRequest {
  const fields = requireFields('discardQuarantined', request, ['contentIds', 'reason']);
  const reason = fields.reason === undefined ? undefined : requireText(fields, 'reason');
  return { contentIds: requireTexts(fields, 'contentIds'), ...(reason !== undefined && { reason }) };
}

/**
 * A request for a backfill, in canonical spelling. Only the checkpoint knows which destinations there are.
 *
 * @throws ApplicationFailure (`Input`), which rejects the update.
 */
export function requireBackfillRequest(
  request: unknown,
  checkpoint: Checkpoint | undefined,
  nowMs: number,
): BackfillRequest {
  const allowed = ['startTime', 'endTime', 'destinations', 'resend', 'follower'];
  const fields = requireFields('backfill', request, allowed);
  const startTime = optionalTime(fields, 'startTime') ?? refuse('startTime', 'is missing');
  const endTime = optionalTime(fields, 'endTime') ?? refuse('endTime', 'is missing');
  if (parseTime(startTime) >= parseTime(endTime))
    refuse('endTime', `must be later than startTime, ${startTime}`);
  if (parseTime(endTime) > nowMs + clockToleranceMs) refuse('endTime', `${endTime} is in the future`);
  const { resend, follower } = fields;
  if (resend !== undefined && typeof resend !== 'boolean') refuse('resend', 'must be true or false');
  if (obtainable({ startTime, endTime }, nowMs) === undefined)
    refuse('endTime', `${endTime} is further back than Microsoft lists content (7 days)`);
  const destinations = fields.destinations === undefined ? undefined : requireTexts(fields, 'destinations');
  const unknown = destinations?.filter((name) => checkpoint?.destinations.includes(name) === false) ?? [];
  if (unknown.length > 0)
    refuse('destinations', `${unknown.join(', ')} is none of ${checkpoint!.destinations.join(', ')}`);
  if ((checkpoint?.backfills.length ?? 0) >= maxBackfills)
    refuse('backfill', `${maxBackfills} are waiting already; ask again when one of them has ended`);
  return {
    startTime,
    endTime,
    ...(destinations !== undefined && { destinations }),
    ...(resend === true && { resend }),
    ...(follower !== undefined && { follower: requireText(fields, 'follower') }),
  };
}

/** @throws ApplicationFailure (`Input`), which fails the query. */
export function requireCoverageRequest(request: unknown): CoverageRequest & Required<PageRequest> {
  const fields = optionalFields('coverage', request, ['from', 'to', 'destination', 'offset', 'limit']);
  const from = optionalTime(fields, 'from');
  const to = optionalTime(fields, 'to');
  const destination = fields.destination === undefined ? undefined : requireText(fields, 'destination');
  return {
    ...pageOf(fields),
    ...(from !== undefined && { from }),
    ...(to !== undefined && { to }),
    ...(destination !== undefined && { destination }),
  };
}

/** @throws ApplicationFailure (`Input`), which fails the query. */
export function requirePage(name: string, request: unknown): Required<PageRequest> {
  return pageOf(optionalFields(name, request, ['offset', 'limit']));
}

/** How far a caller's clock may be ahead. */
const clockToleranceMs = 60_000;

/** Rows of one answer: a query of more than 2 MiB fails. */
const maxPage = 1_000;

function pageOf(fields: Readonly<Record<string, unknown>>): Required<PageRequest> {
  const { offset = 0, limit = maxPage } = fields;
  if (!isCount(offset)) refuse('offset', 'must be a whole number from 0');
  if (!isCount(limit) || limit < 1 || limit > maxPage)
    refuse('limit', `must be a whole number from 1 to ${maxPage}`);
  return { offset, limit };
}

function isCount(value: unknown): value is number {
  return Number.isInteger(value) && Number(value) >= 0;
}

function optionalFields(name: string, value: unknown, allowed: readonly string[]) {
  return value === undefined || value === null ? {} : requireFields(name, value, allowed);
}

function requireTexts(fields: Readonly<Record<string, unknown>>, field: string): readonly string[] {
  const value = fields[field];
  const isList = Array.isArray(value) && value.length > 0 && value.every((one) => typeof one === 'string');
  if (!isList) refuse(field, 'must be a list of strings and not empty');
  return value;
}

export interface BackfillInput extends BackfillRequest {
  readonly tenantId: string;
  readonly contentType: string;
}

/** The input in canonical spelling. @throws ApplicationFailure (`Input`), which ends the workflow and names the field. */
export function requireBackfillInput(input: unknown, nowMs: number): BackfillInput {
  const { tenantId, contentType, ...request } = requireFields('input', input, [
    'tenantId',
    'contentType',
    'startTime',
    'endTime',
    'destinations',
    'resend',
  ]);
  return {
    ...requireSubscription({ tenantId, contentType }),
    ...requireBackfillRequest(request, undefined, nowMs),
  };
}

function requireSubscription(fields: Readonly<Record<string, unknown>>) {
  const tenantId = requireText(fields, 'tenantId').toLowerCase();
  if (!guid.test(tenantId))
    refuse('tenantId', 'must be the GUID of the tenant, like 11111111-2222-3333-4444-555555555555');
  return { tenantId, contentType: canonicalContentType(requireText(fields, 'contentType')) };
}

/** @throws ApplicationFailure (`Input`), which rejects the update. */
export function requirePauseRequest(request: unknown, nowMs: number): PauseRequest {
  if (request === undefined || request === null) return {};
  const fields = requireFields('pause', request, ['reason', 'until']);
  const until = optionalTime(fields, 'until');
  if (until !== undefined && parseTime(until) <= nowMs) refuse('until', `${until} is over already`);
  const reason = fields.reason === undefined ? undefined : requireText(fields, 'reason');
  return { ...(reason !== undefined && { reason }), ...(until !== undefined && { until }) };
}

/** For updates that take nothing: an absent or empty object. */
export function requireNoArgument(name: string, argument: unknown): void {
  if (argument !== undefined && argument !== null) requireFields(name, argument, []);
}

function requireFields(
  name: string,
  value: unknown,
  allowed: readonly string[],
): Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    refuse(name, `must be one JSON object${allowed.length > 0 ? ` with ${allowed.join(', ')}` : ''}`);
  }
  for (const field of Object.keys(value)) {
    if (!allowed.includes(field))
      refuse(field, `is not a field of ${name}; allowed: ${allowed.join(', ') || 'none'}`);
  }
  return value as Readonly<Record<string, unknown>>;
}

function requireText(fields: Readonly<Record<string, unknown>>, field: string): string {
  const value = fields[field];
  if (typeof value !== 'string' || value.trim() === '') refuse(field, 'must be a string and not empty');
  return value.trim();
}

function optionalTime(fields: Readonly<Record<string, unknown>>, field: string): string | undefined {
  if (fields[field] === undefined || fields[field] === null) return undefined;
  const text = requireText(fields, field);
  if (
    !/^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d)$/.test(text) ||
    Number.isNaN(Date.parse(text))
  ) {
    refuse(field, `${text} is not a time in ISO 8601 with zone, like 2026-11-22T00:00:00Z`);
  }
  return new Date(text).toISOString();
}

/** Made by the run before. */
function optionalState(value: unknown): SubscriptionState | undefined {
  if (value === undefined || value === null) return undefined;
  if (typeof value !== 'object')
    refuse('state', 'is not what this release writes; leave it out to begin anew');
  const state = value as SubscriptionState;
  const checkpoint = optionalCheckpoint('state', state.checkpoint);
  return { ...initialState, ...state, ...(checkpoint && { checkpoint }) };
}

function optionalCheckpoint(field: string, value: unknown): Checkpoint | undefined {
  if (value === undefined || value === null) return undefined;
  try {
    return readCheckpoint(value);
  } catch (error) {
    return refuse(field, `${(error as Error).message}; leave it out to begin anew`);
  }
}

function refuse(field: string, problem: string): never {
  throw inputFailure(`${field}: ${problem}`);
}
