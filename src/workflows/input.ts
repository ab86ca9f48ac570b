import { canonicalContentType } from '../domain/content-type.ts';
import { subscriptionWorkflowId } from '../domain/ids.ts';
import { parseTime } from '../domain/time-window.ts';
import { inputFailure } from './input-failure.ts';
import type { PauseRequest } from './messages.ts';
import type { SubscriptionState } from './subscription-state.ts';

/** Checks what came from a CLI, a UI or a client. By hand: a schema library costs a cached workflow fifteen times the memory. */

export interface IngestSubscriptionInput {
  readonly tenantId: string;
  readonly contentType: string;
  /** ISO: where a new subscription begins, instead of what the configuration says. */
  readonly startTime?: string;
  /** What the run before hands to this one. */
  readonly state?: SubscriptionState;
}

const guid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

/** The input in canonical spelling. @throws ApplicationFailure (`Input`), which ends the workflow and names the field. */
export function requireIngestInput(
  input: unknown,
  { nowMs, workflowId }: { readonly nowMs: number; readonly workflowId: string },
): IngestSubscriptionInput {
  const fields = requireFields('input', input, ['tenantId', 'contentType', 'startTime', 'state']);
  const tenantId = requireText(fields, 'tenantId').toLowerCase();
  if (!guid.test(tenantId))
    refuse('tenantId', 'must be the GUID of the tenant, like 11111111-2222-3333-4444-555555555555');
  const contentType = canonicalContentType(requireText(fields, 'contentType'));
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
  return { tenantId, contentType, ...(startTime && { startTime }), ...(state && { state }) };
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

/** Made by the run before, or by a person who moves a subscription; a version that this release does not know is refused. */
function optionalState(value: unknown): SubscriptionState | undefined {
  if (value === undefined || value === null) return undefined;
  const { checkpoint } = value as Partial<SubscriptionState>;
  if (typeof value !== 'object' || (checkpoint !== undefined && checkpoint.version !== 1)) {
    refuse('state', 'is not what this release writes (checkpoint.version 1); leave it out to begin anew');
  }
  return value as SubscriptionState;
}

function refuse(field: string, problem: string): never {
  throw inputFailure(`${field}: ${problem}`);
}
