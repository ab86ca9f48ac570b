import type { z } from 'zod';
import type { Destination } from './destination.ts';
import { fileOptions } from './file/config.ts';
import { createFileDestination } from './file/index.ts';

interface DestinationType<Options extends z.ZodObject> {
  /** The keys of this type beside `name`, `type` and what every destination takes. */
  readonly options: Options;
  /** `values` are what `options` made of the configuration. */
  readonly open: (name: string, values: Readonly<Record<string, unknown>>) => Destination;
}

/** Every type of destination. A new one is a folder beside this file and a line here. */
export const destinationTypes = {
  file: destinationType(fileOptions, createFileDestination),
} as const;

export type DestinationTypeName = keyof typeof destinationTypes;

/** Opens a destination whose type and options the configuration has checked. */
export function openDestination(
  type: string,
  name: string,
  values: Readonly<Record<string, unknown>>,
): Destination {
  return destinationTypes[type as DestinationTypeName].open(name, values);
}

function destinationType<Options extends z.ZodObject>(
  options: Options,
  create: (name: string, values: z.infer<Options>) => Destination,
): DestinationType<Options> {
  return { options, open: (name, values) => create(name, values as z.infer<Options>) };
}
