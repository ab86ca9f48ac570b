import { readFile, writeFile } from 'node:fs/promises';
import { pathToFileURL } from 'node:url';
import { format, resolveConfig } from 'prettier';
import { z } from 'zod';
import { network } from '../src/config/network-keys.ts';
import { commonDestinationOptions, identity, settings, source } from '../src/config/schema.ts';
import { metaOf } from '../src/config/schema-walk.ts';
import { signIn } from '../src/config/sign-in-keys.ts';
import { destinationTypes } from '../src/destinations/registry.ts';

/**
 * Writes the tables of `docs/configuration.md` from the schema of the configuration; the text above the marker is written by
 * hand. `npx tsx tools/write-configuration-reference.ts`
 */

export const page = new URL('../docs/configuration.md', import.meta.url);

const marker =
  '<!-- From here on written by tools/write-configuration-reference.ts from src/config/schema.ts. -->';

type Shape = Readonly<Record<string, z.core.$ZodType>>;

/** The page as the schema wants it, given the page as it is; formatted like the rest of the tree. */
export async function configurationReference(current: string): Promise<string> {
  const [introduction = ''] = current.split(marker);
  const types = Object.entries<{ options: z.ZodObject }>(destinationTypes);
  const sections = [
    section('Tenant', optional(identity)),
    section('Sign-in', optional(signIn)),
    section('What is collected', optional(source)),
    section('Settings', optional(settings)),
    section('Network, at the top level of one file', optional(network)),
    section('Every destination', commonDestinationOptions),
    ...types.map(([type, { options }]) => section(`Destinations of type \`${type}\``, options.shape)),
  ];
  return format([introduction, marker, ...sections].join('\n\n'), {
    ...(await resolveConfig(page)),
    parser: 'markdown',
  });
}

function section(title: string, shape: Shape): string {
  const rows = Object.entries(shape).map(([key, schema]) => {
    const { description, examples } = metaOf(schema);
    const meaning = typeof description === 'string' ? description : '';
    return row([
      code(key),
      defaultOf(schema),
      meaning,
      Array.isArray(examples) ? examples.map(code).join(', ') : '',
    ]);
  });
  const head = [row(['Key', 'Default', 'Meaning', 'Example']), row(['-', '-', '-', '-'])];
  return [`## ${title}`, '', ...head, ...rows].join('\n');
}

/** The default that is stated, else that of the schema itself, else whether the key is required. */
function defaultOf(schema: z.core.$ZodType): string {
  const { default: stated, isRequired } = metaOf(schema);
  if (stated !== undefined) return code(stated);
  if (schema instanceof z.ZodDefault || schema instanceof z.ZodPrefault) return code(schema.def.defaultValue);
  return isRequired === true || schema._zod.optin === undefined ? 'required' : '';
}

/** As these keys stand in a tenant, which can have them from the top level or from their defaults. */
function optional(shape: z.ZodRawShape): Shape {
  return z.object(shape).partial().shape;
}

/** A value as it stands in YAML. */
function code(value: unknown): string {
  return `\`${Array.isArray(value) ? `[${value.join(', ')}]` : String(value)}\``;
}

function row(cells: readonly string[]): string {
  return `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  await writeFile(page, await configurationReference(await readFile(page, 'utf8')));
}
