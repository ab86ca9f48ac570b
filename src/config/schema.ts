import { z } from 'zod';
import { destinationTypes } from '../destinations/registry.ts';
import type { DestinationTypeName } from '../destinations/registry.ts';
import { knownContentTypes } from '../domain/content-type.ts';
import { apiTypes } from './clouds.ts';
import { network } from './network-keys.ts';
import { signIn } from './sign-in-keys.ts';
import { age, duration, guid, numberOrUnlimited, origin, size, timeWithZone } from './values.ts';

/**
 * The YAML of the configuration. Types, messages and `docs/configuration.md` derive from it.
 *
 * What `.meta()` holds of a key: `description` (why one would change it), `examples`, `default` (as one would write it),
 * `isPath` (relative paths start at the folder of the configuration), `isSecretFile` (a path, too; the file must exist and
 * not be empty), `isCertificateFile` (a path, too; the file must hold certificates), `isSecret` (left out of the hash), `isRequired` (for the page, where the schema itself cannot tell).
 */

export const settings = {
  interval: duration('1ms', '1d').meta({
    default: '1m',
    description:
      'Pause between two listings of a busy subscription. Longer means fewer requests, shorter means that events arrive sooner.',
    examples: ['30s'],
  }),
  max_interval: duration('1ms', '1d').meta({
    default: '5m',
    description:
      'Quiet subscriptions are listed less and less often, at most this seldom. Never shorter than `interval`.',
    examples: ['10m'],
  }),
  settle_time: duration('0s', '1d').meta({
    default: '2m',
    description:
      'A listed window ends this long before now, since Microsoft shows content a little late. With `0s`, what becomes visible later is left to the sweep.',
    examples: ['5m'],
  }),
  lookback: age('0s').meta({
    default: '7d',
    description:
      'How far back a new subscription starts. `7d` is all that Microsoft still serves, an hour less than seven days; `0s` starts now.',
    examples: ['24h'],
  }),
  sweep_ages: z.array(age('1s')).meta({
    default: ['1h', '6h', '24h', '6d'],
    description:
      'Ages at which content is listed again, to find what appeared late. More ages find it sooner and cost more requests; `[]` sweeps never.',
    examples: [['2h', '24h']],
  }),
  listing_heartbeat: duration('10s', '10m').meta({
    default: '60s',
    description:
      'Heartbeat time-out of a waiting listing. Longer is cheaper where each heartbeat has a price (Temporal Cloud), but then a listing whose worker was killed starts again later.',
    examples: ['5m'],
  }),
  requests_per_minute: numberOrUnlimited().meta({
    default: 1000,
    description:
      'Requests per tenant and worker process at the start; the budget adapts itself to throttling. `unlimited` is for a simulator. Lower it where other collectors share the tenant.',
    examples: [300, 'unlimited'],
  }),
  coverage_path: z
    .string()
    .min(1)
    .meta({
      default: './coverage',
      isPath: true,
      description:
        'Folder for the ledger of final hours and of losses. Keep it outside the folder of a destination.',
      examples: ['/var/lib/office365-ingest/coverage'],
    }),
  dead_letter_path: z
    .string()
    .min(1)
    .meta({
      default: './dead-letter',
      isPath: true,
      description:
        'Folder for single records that a destination refuses for good or that are larger than `max_record_size`. They hold audit data: protect it like a destination.',
      examples: ['/var/lib/office365-ingest/dead-letter'],
    }),
  max_record_size: size('64KiB', '512MiB').meta({
    default: '64MiB',
    description:
      'A longer record goes to the dead letter instead of the destinations, so that it cannot exhaust the memory of a worker; twice this is needed while such a record arrives. Real records have some kilobytes.',
    examples: ['16MiB'],
  }),
};

/** Who a tenant is. These keys cannot stand beside `tenants`. */
export const identity = {
  tenant_id: guid(
    'copy the "Directory (tenant) ID" from the overview of the application in Microsoft Entra',
  ).meta({
    isRequired: true,
    description: 'Id of the Microsoft Entra directory whose audit events are collected.',
    examples: ['01234567-89ab-cdef-0123-456789abcdef'],
  }),
  name: z
    .string()
    .trim()
    .min(1)
    .meta({
      description: 'A name for people: shown beside the id, and usable instead of it in commands.',
      examples: ['contoso'],
    }),
};

const subscriptions = z
  .array(
    z
      .string()
      .trim()
      .regex(/^[A-Za-z][A-Za-z0-9._-]*$/, {
        error: `is not a content type; Microsoft documents ${knownContentTypes.join(', ')}`,
      }),
  )
  .min(1, { error: `names no content type; Microsoft documents ${knownContentTypes.join(', ')}` });

/** What is collected, and where from. */
export const source = {
  subscriptions: subscriptions.meta({
    isRequired: true,
    description: `Content types to collect, in any letter case: ${knownContentTypes.map((type) => `\`${type}\``).join(', ')}, or any other that Microsoft adds. Also accepted as \`Subscriptions\`.`,
    examples: [['Audit.AzureActiveDirectory', 'Audit.Exchange']],
  }),
  publisher_id: guid('take the id of your own tenant').meta({
    description:
      "`PublisherIdentifier` of each request: the id of your own tenant if you collect for others, so that Microsoft counts its quota for you. Default: the tenant's own id.",
    examples: ['fedcba98-7654-3210-fedc-ba9876543210'],
  }),
  api_type: z.enum(apiTypes).meta({
    default: 'commercial',
    description: `Microsoft's cloud that the tenant lives in: ${apiTypes.map((type) => `\`${type}\``).join(', ')}.`,
    examples: ['gcc-high'],
  }),
  api_url: origin().meta({
    description:
      "Where API requests go instead, for example a simulator; plain http only to this machine. The token's scope stays that of `api_type`.",
    examples: ['http://127.0.0.1:8080'],
  }),
  login_url: origin().meta({
    description: 'Where token requests go instead; plain http only to this machine.',
    examples: ['http://127.0.0.1:8080'],
  }),
  start_time: timeWithZone().meta({
    description:
      'Where a new subscription starts, instead of `lookback`, for a change-over from another collector.',
    examples: ['2026-11-22T00:00:00Z'],
  }),
};

const destinationTypeNames = Object.keys(destinationTypes) as DestinationTypeName[];

const destinationName = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/, {
  error: 'is not a name: up to 63 letters, digits, ".", "_" and "-", starting with a letter or digit',
});

/** What every destination takes, whatever its type. */
export const commonDestinationOptions = {
  name: destinationName.meta({
    isRequired: true,
    description:
      'Name in status, metrics and commands, and in what is remembered of deliveries: a new name is a new destination.',
    examples: ['archive'],
  }),
  type: z.enum(destinationTypeNames).meta({
    isRequired: true,
    description: `Kind of the destination: ${destinationTypeNames.map((type) => `\`${type}\``).join(', ')}.`,
    examples: ['file'],
  }),
  lookback: age('0s')
    .prefault('0s')
    .meta({
      description: 'How far back a destination that is added later is owed. `0s` is from now on.',
      examples: ['7d'],
    }),
  deduplicate_by: z
    .enum(['content', 'id'])
    .prefault('content')
    .meta({
      description:
        "What makes two records the same for a destination that can deduplicate: `content`, their bytes, or `id`, Microsoft's `Id` alone (two bodies under one id then become one).",
      examples: ['id'],
    }),
};

type AnyDestination = z.ZodObject<
  Omit<typeof commonDestinationOptions, 'type'> & { type: z.ZodLiteral<DestinationTypeName> },
  z.core.$strict
>;

/**
 * One schema per type: its own options, with the rules across them, and what every destination takes. `map` forgets that there
 * is at least one and which keys all have in common, so the type says it again.
 */
const destinationSchemas = Object.entries<{ options: z.ZodObject }>(destinationTypes).map(
  ([type, { options }]) => options.safeExtend({ ...commonDestinationOptions, type: z.literal(type) }),
) as unknown as [AnyDestination];

export const destinationSchema = z.discriminatedUnion('type', destinationSchemas);

const destinations = z
  .array(
    z.union([destinationName, destinationSchema], {
      error: 'must be a name or a definition with name and type',
    }),
  )
  .min(1, { error: 'is empty; name a destination or remove the key' })
  .optional();

/** Keys that may stand at the top level, for all tenants of the file, or in a tenant, where they win. */
const inheritable = { ...signIn, ...source, Subscriptions: subscriptions, ...settings };

export const tenantSchema = z
  .strictObject({ ...identity, ...inheritable })
  .partial()
  .extend({ destinations });

/**
 * A whole file, in the general form (`tenants`) or the short form (the keys of one tenant at the top level). What is required
 * depends on the form and on the other files, and so is checked in `rules.ts`.
 */
export const fileSchema = z
  .strictObject({ ...identity, ...inheritable, ...network })
  .partial()
  .extend({
    destinations,
    tenants: z
      .array(tenantSchema)
      .min(1, { error: 'names no tenant; add one with its tenant_id' })
      .optional(),
  });

export const settingsSchema = z.strictObject(settings);

export type SettingsKeys = z.output<typeof settingsSchema>;
export type TenantKeys = z.output<typeof tenantSchema>;
