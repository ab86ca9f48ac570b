import type { z } from 'zod';
import type { DestinationConfig } from '../config/config.ts';
import type { Destination, DestinationContext } from './destination.ts';
import { fileOptions } from './file/config.ts';
import { createFileDestination } from './file/index.ts';
import { httpOptions } from './http/config.ts';
import { createHttpDestination } from './http/index.ts';

interface DestinationType<Options extends z.ZodObject> {
  /** The keys of this type beside `name`, `type` and what every destination takes. */
  readonly options: Options;
  /** `values` are what `options` made of the configuration. */
  readonly open: (
    name: string,
    values: Readonly<Record<string, unknown>>,
    context: DestinationContext,
  ) => Destination;
}

/** Every type of destination. A new one is a folder beside this file and a line here. */
export const destinationTypes = {
  file: destinationType(fileOptions, createFileDestination),
  http: destinationType(httpOptions, createHttpDestination),
} as const;

export type DestinationTypeName = keyof typeof destinationTypes;

/** Opens a destination whose type and options the configuration has checked. */
export function openDestination(
  { type, key, options }: Pick<DestinationConfig, 'type' | 'key' | 'options'>,
  context: DestinationContext,
): Destination {
  return destinationTypes[type as DestinationTypeName].open(key, options, context);
}

function destinationType<Options extends z.ZodObject>(
  options: Options,
  create: (name: string, values: z.infer<Options>, context: DestinationContext) => Destination,
): DestinationType<Options> {
  return { options, open: (name, values, context) => create(name, values as z.infer<Options>, context) };
}
