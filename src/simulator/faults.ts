import { operations } from './call.ts';
import type { Call, Operation } from './call.ts';
import { faultKinds } from './fault-kinds.ts';
import type { FaultKind } from './fault-kinds.ts';
import { fraction, randomFrom, randomKey } from './random.ts';
import type { Random } from './random.ts';

/** Which answers go wrong, how, and how often. */
export interface FaultRequest {
  readonly operation: Operation | 'any';
  readonly kind: FaultKind;
  readonly tenantId?: string | undefined;
  readonly contentType?: string | undefined;
  /** One blob. */
  readonly contentId?: string | undefined;
  /** How many answers; without it all until the fault is removed. */
  readonly count?: number | undefined;
  /** Share of the matching answers, 0 to 1. Default all. */
  readonly rate?: number | undefined;
  /** Milliseconds before the answer. Default 0, for `slow` 1000. */
  readonly delayMs?: number | undefined;
}

export interface Fault extends FaultRequest {
  readonly id: string;
  /** How many answers it has spoilt. */
  readonly answered: number;
}

interface ActiveFault {
  readonly request: FaultRequest;
  readonly random: Random;
  answered: number;
}

/** The faults in force. The oldest one that matches a call decides. */
export class Faults {
  readonly #faults = new Map<string, ActiveFault>();
  #added = 0;

  /** The id of the new fault. */
  add(request: FaultRequest): string {
    const id = `fault-${++this.#added}`;
    this.#faults.set(id, { request, random: randomFrom(randomKey(id)), answered: 0 });
    return id;
  }

  /** False when there is none of this id. */
  remove(id: string): boolean {
    return this.#faults.delete(id);
  }

  /** All that were added and not removed, used up ones included. */
  list(): readonly Fault[] {
    return [...this.#faults].map(([id, { request, answered }]) => ({ id, ...request, answered }));
  }

  /** The fault for this call, which counts as used. */
  take(call: Call): FaultRequest | undefined {
    for (const fault of this.#faults.values()) {
      const { count = Infinity, rate = 1 } = fault.request;
      if (fault.answered >= count || !concerns(fault.request, call) || fraction(fault.random) >= rate)
        continue;
      fault.answered++;
      return fault.request;
    }
    return undefined;
  }
}

function concerns({ operation, tenantId, contentType, contentId }: FaultRequest, call: Call): boolean {
  const isSame = (wanted: string | undefined, given: string | undefined) =>
    wanted === undefined || wanted.toLowerCase() === given?.toLowerCase();
  return (
    (operation === 'any' || operation === call.operation) &&
    isSame(tenantId, call.tenantId) &&
    isSame(contentType, call.contentType) &&
    isSame(contentId, call.contentId)
  );
}

/** A fault as somebody wrote it in JSON. Throws `RangeError` that names the field and what is allowed. */
export function parseFaultRequest(value: unknown): FaultRequest {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new RangeError('A fault is a JSON object with operation and kind.');
  const given = value as Record<string, unknown>;
  const unknownField = Object.keys(given).find((name) => !fields.has(name));
  if (unknownField) throw new RangeError(`${unknownField}: unknown; allowed are ${[...fields].join(', ')}`);
  return {
    operation: oneOf('operation', given['operation'], [...operations, 'any'] as const),
    kind: oneOf('kind', given['kind'], Object.keys(faultKinds) as FaultKind[]),
    tenantId: textOrNothing('tenantId', given['tenantId']),
    contentType: textOrNothing('contentType', given['contentType']),
    contentId: textOrNothing('contentId', given['contentId']),
    count: numberOrNothing('count', given['count']),
    rate: numberOrNothing('rate', given['rate']),
    delayMs: numberOrNothing('delayMs', given['delayMs']),
  };
}

const fields = new Set([
  'operation',
  'kind',
  'tenantId',
  'contentType',
  'contentId',
  'count',
  'rate',
  'delayMs',
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
