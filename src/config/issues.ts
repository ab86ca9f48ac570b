import { z } from 'zod';
import { editDistance } from '../domain/content-type.ts';
import { isKeys } from './key-path.ts';
import type { KeyPath } from './key-path.ts';

/** A problem of a value, by the path in its document. */
export interface Issue {
  readonly path: KeyPath;
  readonly problem: string;
}

/** Checks a value and tells all that is wrong with it in sentences for people. They never repeat a value. */
export function issuesOf(schema: z.ZodType, value: unknown): Issue[] {
  const result = schema.safeParse(value, { error: describe });
  return result.success ? [] : result.error.issues.flatMap((issue) => flatten(issue, []));
}

function flatten(issue: z.core.$ZodIssue, parent: KeyPath): Issue[] {
  const path = [...parent, ...issue.path];
  if (issue.code === 'unrecognized_keys') {
    // `describe` writes a line for each key; the keys stand in the same order.
    const problems = issue.message.split('\n');
    return issue.keys.map((key, index) => ({ path: [...path, key], problem: problems[index] ?? '' }));
  }
  if (issue.code === 'invalid_union') {
    const meant = issue.errors.find((issues) => issues.every((inner) => !isAnotherKind(inner)));
    if (meant !== undefined) return meant.flatMap((inner) => flatten(inner, path));
  }
  return [{ path, problem: issue.message }];
}

/** Whether an option of a union was not meant at all, as opposed to meant and wrong inside. */
function isAnotherKind(issue: z.core.$ZodIssue): boolean {
  return issue.path.length === 0 && ['invalid_type', 'invalid_value', 'invalid_union'].includes(issue.code);
}

/** The message of an issue for which the schema has none of its own. */
function describe(issue: z.core.$ZodRawIssue): string {
  switch (issue.code) {
    case 'unrecognized_keys':
      return issue.keys.map((key) => describeUnknownKey(key, issue.inst)).join('\n');
    case 'invalid_type':
      return describeType(issue.expected, issue.input);
    case 'invalid_value':
      return describeChoice(issue.values, issue.input);
    case 'invalid_union':
      return describeUnion(issue);
    case 'too_small':
      if (Number(issue.minimum) === 1 && unitOf(issue.origin) !== '') return 'is empty';
      return `must be at least ${issue.minimum}${unitOf(issue.origin)}`;
    case 'too_big':
      return `must be at most ${issue.maximum}${unitOf(issue.origin)}`;
    case 'not_multiple_of':
      return `must be a multiple of ${issue.divisor}`;
    case 'invalid_format':
    case 'invalid_key':
    case 'invalid_element':
    case 'custom':
      return 'does not have the form that is needed here; see docs/configuration.md';
  }
}

function unitOf(origin: string): string {
  return { string: ' characters', array: ' entries' }[origin] ?? '';
}

function describeUnknownKey(key: string, schema: unknown): string {
  if (key.includes(':')) return 'is not a known key; put a space after the colon';
  const known = schema instanceof z.ZodObject ? Object.keys(schema.shape) : [];
  const [nearest] = known
    .map((name) => ({ name, distance: editDistance(key.toLowerCase(), name) }))
    .filter(({ name, distance }) => distance <= Math.max(2, name.length / 3))
    .toSorted((a, b) => a.distance - b.distance);
  const remedy = nearest === undefined ? `known are ${known.join(', ')}` : `did you mean ${nearest.name}?`;
  return `is not a known key; ${remedy}`;
}

function describeType(expected: string, input: unknown): string {
  if (input === undefined) return 'is missing';
  if (input === null) return 'has no value; write one or remove the key';
  if (expected === 'string' && typeof input !== 'object') return 'must be text; put it in quotes';
  const kinds: Record<string, string> = {
    string: 'text',
    number: 'a number',
    int: 'a whole number',
    boolean: 'true or false',
    array: 'a list, each entry on a line of its own after "- "',
    object: 'a map of keys and values',
  };
  return `must be ${kinds[expected] ?? 'something else'}`;
}

function describeUnion({
  options,
  discriminator,
  input,
}: z.core.$ZodRawIssue<z.core.$ZodIssueInvalidUnion>): string {
  if (options === undefined || discriminator === undefined) return 'is of no kind that is allowed here';
  return describeChoice([options].flat(), isKeys(input) ? input[discriminator] : input);
}

function describeChoice(choices: readonly unknown[], input: unknown): string {
  const allowed = choices.length === 1 ? String(choices[0]) : `one of ${choices.map(String).join(', ')}`;
  return input === undefined ? `is missing; it takes ${allowed}` : `must be ${allowed}`;
}
