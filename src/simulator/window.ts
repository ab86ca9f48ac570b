import { apiError } from './answer.ts';
import type { Answer } from './answer.ts';
import { retentionMs } from './blobs.ts';
import type { Call } from './call.ts';
import type { Window } from './cut-blobs.ts';
import type { ServiceRules } from './options.ts';

export const dayMs = 24 * 3_600_000;

type WindowRules = Pick<ServiceRules, 'retentionToleranceMs' | 'window24Hours' | 'windowOver24Hours'>;

/** A window the service would accept, or its refusal. Without times: the last 24 hours. */
export function windowOf(call: Call, nowMs: number, rules: WindowRules): Window | Answer {
  const startTime = call.parameters.get('starttime');
  const endTime = call.parameters.get('endtime');
  if (startTime === undefined && endTime === undefined) return { startMs: nowMs - dayMs, endMs: nowMs };
  if (startTime === undefined || endTime === undefined) return windowRefused();
  const startMs = parseTime(startTime);
  const endMs = parseTime(endTime);
  if (startMs === undefined) return invalidParameter('startTime', 'datetime');
  if (endMs === undefined) return invalidParameter('endTime', 'datetime');
  const earliestMs = nowMs - retentionMs - rules.retentionToleranceMs;
  if (startMs >= endMs || startMs < earliestMs) return windowRefused();
  if (endMs - startMs === dayMs && rules.window24Hours === 'refused') return windowRefused();
  if (endMs - startMs <= dayMs) return { startMs, endMs };
  return rules.windowOver24Hours === 'partial' ? { startMs, endMs: startMs + dayMs } : windowRefused();
}

/** What is wrong with the times of a listing, in the words of the report. */
export function violationsOfWindow(
  { parameters }: Call,
  nowMs: number,
): readonly ('windowOver24Hours' | 'windowBeyond7Days')[] {
  const startMs = parseTime(parameters.get('starttime') ?? '');
  const endMs = parseTime(parameters.get('endtime') ?? '');
  if (startMs === undefined || endMs === undefined) return [];
  return [
    ...(endMs - startMs > dayMs ? (['windowOver24Hours'] as const) : []),
    ...(startMs < nowMs - retentionMs ? (['windowBeyond7Days'] as const) : []),
  ];
}

export function invalidParameter(name: string, expected: 'datetime' | 'guid'): Answer {
  return apiError(400, 'AF20002', `Invalid parameter type: ${name}. Expected type: ${expected}`);
}

/** AF20030 is the older of the two. */
export function windowRefused(code: 'AF20030' | 'AF20055' = 'AF20055'): Answer {
  const bounds = {
    AF20030: 'with the start time no more than 7 days in the past.',
    AF20055: 'with the start time prior to end time and start time no more than 7 days in the past.',
  };
  return apiError(
    400,
    code,
    'Start time and end time must both be specified (or both omitted) and must be less than or equal to 24 hours apart, ' +
      bounds[code],
  );
}

/**
 * The documented forms and those observed: a date, minutes or seconds, up to seven digits of a fraction, `Z`, an offset. A raw
 * `+` arrives as a space and is refused.
 */
function parseTime(text: string): number | undefined {
  const match = /^(\d{4}-\d\d-\d\d)(?:T(\d\d:\d\d)(?::(\d\d)(?:\.(\d{1,7}))?)?(Z|[+-]\d\d:\d\d)?)?$/.exec(
    text,
  );
  if (match === null) return undefined;
  const [, date, minutes = '00:00', seconds = '00', digits = '', zone = 'Z'] = match;
  const time = Date.parse(`${date}T${minutes}:${seconds}.${digits.slice(0, 3).padEnd(3, '0')}${zone}`);
  return Number.isNaN(time) ? undefined : time;
}
