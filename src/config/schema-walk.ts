import { z } from 'zod';
import { isKeys } from './key-path.ts';
import type { KeyPath, Keys } from './key-path.ts';

/** The flags and texts of a key, wherever they stand beneath `.optional()`, `.default()` and their like. */
export function metaOf(schema: z.core.$ZodType, value?: unknown): Keys {
  const inner = innerSchema(schema, value);
  return { ...(inner === undefined ? {} : metaOf(inner, value)), ...z.globalRegistry.get(schema) };
}

/**
 * Replaces the strings of a value by what `visit` makes of them, given the meta of the schema at their place. It runs before
 * the value is checked, so whatever does not fit the schema stays as it is.
 */
export function mapStrings(
  schema: z.core.$ZodType,
  value: unknown,
  visit: (text: string, meta: Keys, path: KeyPath) => string,
  path: KeyPath = [],
): unknown {
  if (typeof value === 'string') return visit(value, metaOf(schema, value), path);
  const inner = innerSchema(schema, value);
  if (inner !== undefined) return mapStrings(inner, value, visit, path);
  if (schema instanceof z.ZodArray && Array.isArray(value)) {
    const element = schema.element;
    return value.map((item, index) => mapStrings(element, item, visit, [...path, index]));
  }
  if (schema instanceof z.ZodObject && isKeys(value)) {
    const shape = new Map(Object.entries<z.core.$ZodType>(schema.shape));
    return Object.fromEntries(
      Object.entries(value).map(([key, item]) => {
        const keySchema = shape.get(key);
        return [key, keySchema === undefined ? item : mapStrings(keySchema, item, visit, [...path, key])];
      }),
    );
  }
  return value;
}

/**
 * What a wrapper wraps, what goes into a transformation, which option of a union the value seems to be; `undefined` for a
 * schema that stands for itself.
 */
function innerSchema(schema: z.core.$ZodType, value: unknown): z.core.$ZodType | undefined {
  if (schema instanceof z.ZodPipe) return schema.in;
  if (schema instanceof z.ZodUnion) return schema.options.find((option) => couldBe(option, value));
  const { innerType } = schema._zod.def as { innerType?: z.core.$ZodType };
  return innerType;
}

/** Whether an option of a union is meant: by kind and, for objects, by the literals in them. */
function couldBe(option: z.core.$ZodType, value: unknown): boolean {
  const inner = innerSchema(option, value);
  if (inner !== undefined) return couldBe(inner, value);
  if (typeof value === 'string') return option instanceof z.ZodString;
  if (Array.isArray(value)) return option instanceof z.ZodArray;
  if (!(option instanceof z.ZodObject) || !isKeys(value)) return false;
  return Object.entries<z.core.$ZodType>(option.shape).every(
    ([key, schema]) => !(schema instanceof z.ZodLiteral) || schema.values.has(value[key] as never),
  );
}
