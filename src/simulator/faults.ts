import { operations } from './call.ts';
import type { Call, Operation } from './call.ts';
import { faultKinds } from './fault-kinds.ts';
import type { FaultKind } from './fault-kinds.ts';
import { fraction, randomFrom, randomKey } from './random.ts';
import type { Random } from './random.ts';

/** Which answers go wrong, how, and how often. */
export interface FaultRequest {
  /** `feed`: all of the activity API; `pages`: first and further pages of a listing. */
  readonly operation: Operation | 'any' | 'feed' | 'pages';
  readonly kind: FaultKind;
  readonly tenantId?: string | undefined;
  readonly contentType?: string | undefined;
  /** One blob. */
  readonly contentId?: string | undefined;
  /** Always the same share of all blobs, 0 to 1. */
  readonly share?: number | undefined;
  /** How many of the matching answers stay true at first. Default 0. */
  readonly skip?: number | undefined;
  /** How many answers; without it all until the fault is removed. */
  readonly count?: number | undefined;
  /** Share of the matching answers, 0 to 1. Default all. */
  readonly rate?: number | undefined;
  /** Milliseconds from its addition, after which the fault heals. */
  readonly forMs?: number | undefined;
  /** Milliseconds before the answer, for `slowBody` within it. Default 0, for `slow` and `slowBody` 1000. */
  readonly delayMs?: number | undefined;
  /** Of `drip`. Default 1000. */
  readonly bytesPerSecond?: number | undefined;
  /** In place of the kind's own status. */
  readonly status?: number | undefined;
  /** Adds the header Retry-After. */
  readonly retryAfterSeconds?: number | undefined;
}

export interface Fault extends FaultRequest {
  readonly id: string;
  /** How many answers it has spoilt. */
  readonly answered: number;
}

interface ActiveFault {
  readonly request: FaultRequest;
  readonly random: Random;
  readonly untilMs: number;
  matched: number;
  answered: number;
}

/** The faults in force. The oldest one that matches a call decides. */
export class Faults {
  readonly #faults = new Map<string, ActiveFault>();
  readonly #now: () => number;
  #added = 0;

  constructor(now: () => number) {
    this.#now = now;
  }

  /** The id of the new fault. */
  add(request: FaultRequest): string {
    const id = `fault-${++this.#added}`;
    const untilMs = this.#now() + (request.forMs ?? Infinity);
    const random = randomFrom(randomKey(id));
    this.#faults.set(id, { request, random, untilMs, matched: 0, answered: 0 });
    return id;
  }

  /** False when there is none of this id. */
  remove(id: string): boolean {
    return this.#faults.delete(id);
  }

  /** All that were added and not removed, used up and healed ones included. */
  list(): readonly Fault[] {
    return [...this.#faults].map(([id, { request, answered }]) => ({ id, ...request, answered }));
  }

  /** The fault for this call, which counts as used. */
  take(call: Call): FaultRequest | undefined {
    for (const fault of this.#faults.values()) {
      if (this.#now() >= fault.untilMs || !concerns(fault.request, call)) continue;
      const { skip = 0, count = Infinity, rate = 1 } = fault.request;
      if (fault.matched++ < skip || fault.answered >= count || fraction(fault.random) >= rate) continue;
      fault.answered++;
      return fault.request;
    }
    return undefined;
  }
}

function concerns(fault: FaultRequest, call: Call): boolean {
  const isSame = (wanted: string | undefined, given: string | undefined) =>
    wanted === undefined || wanted.toLowerCase() === given?.toLowerCase();
  return (
    isOperation(fault.operation, call.operation) &&
    isSame(fault.tenantId, call.tenantId) &&
    isSame(fault.contentType, call.contentType) &&
    isSame(fault.contentId, call.contentId) &&
    (fault.share === undefined || isAmong(fault.share, call.contentId))
  );
}

function isOperation(wanted: FaultRequest['operation'], given: Operation): boolean {
  if (wanted === 'any') return true;
  if (wanted === 'feed') return given !== 'token' && given !== 'discovery';
  if (wanted === 'pages') return given === 'content' || given === 'nextPage';
  return wanted === given;
}

function isAmong(share: number, contentId: string | undefined): boolean {
  return contentId !== undefined && fraction(randomFrom(randomKey(contentId))) < share;
}

/** A fault as somebody wrote it in JSON. Throws `RangeError` that names the field and what is allowed. */
export function parseFaultRequest(value: unknown): FaultRequest {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new RangeError('A fault is a JSON object with operation and kind.');
  const given = value as Record<string, unknown>;
  const unknownField = Object.keys(given).find((name) => !fields.has(name));
  if (unknownField) throw new RangeError(`${unknownField}: unknown; allowed are ${[...fields].join(', ')}`);
  return {
    operation: oneOf('operation', given['operation'], [...operations, 'any', 'feed', 'pages'] as const),
    kind: oneOf('kind', given['kind'], Object.keys(faultKinds) as FaultKind[]),
    tenantId: textOrNothing('tenantId', given['tenantId']),
    contentType: textOrNothing('contentType', given['contentType']),
    contentId: textOrNothing('contentId', given['contentId']),
    share: numberOrNothing('share', given['share']),
    skip: numberOrNothing('skip', given['skip']),
    count: numberOrNothing('count', given['count']),
    rate: numberOrNothing('rate', given['rate']),
    forMs: numberOrNothing('forMs', given['forMs']),
    delayMs: numberOrNothing('delayMs', given['delayMs']),
    bytesPerSecond: numberOrNothing('bytesPerSecond', given['bytesPerSecond']),
    status: numberOrNothing('status', given['status']),
    retryAfterSeconds: numberOrNothing('retryAfterSeconds', given['retryAfterSeconds']),
  };
}

const fields = new Set([
  'operation',
  'kind',
  'tenantId',
  'contentType',
  'contentId',
  'share',
  'skip',
  'count',
  'rate',
  'forMs',
  'delayMs',
  'bytesPerSecond',
  'status',
  'retryAfterSeconds',
]);

function oneOf<Value extends string>(field: string, value: unknown, allowed: readonly Value[]): Value {
  const found = allowed.find((candidate) => candidate === value);
  if (found === undefined)
    throw new RangeError(`${field}: ${JSON.stringify(value)} is not one of ${allowed.join(', ')}`);
  return found;
}

function textOrNothing(field: string, value: unknown): string | undefined {
  if (value === undefined || typeof value === 'string') return value;
  throw new RangeError(`${field}: must be a string`);
}

function numberOrNothing(field: string, value: unknown): number | undefined {
  if (value === undefined || (typeof value === 'number' && value >= 0)) return value;
  throw new RangeError(`${field}: must be a number of 0 or more`);
}
