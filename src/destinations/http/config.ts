import { z } from 'zod';
import { Secret } from '../../config/config.ts';
import { duration, size, webAddress } from '../../config/values.ts';
import { checkTogether, report } from './config-rules.ts';

/** Statuses from one to another, both inclusive. */
interface StatusRange {
  readonly from: number;
  readonly to: number;
}

/** A name of a header. Source: RFC 9110, 5.1 and 5.6.2. */
const headerName = /^[A-Za-z0-9!#$%&'*+.^_`|~-]+$/;

/** They follow from the body and the connection. */
const headersOfTransport =
  /^(content-length|content-encoding|transfer-encoding|connection|keep-alive|upgrade|expect)$/i;

const secretFile = (description: string, example: string) =>
  z
    .string()
    .min(1)
    .meta({ isSecretFile: true, description, examples: [example] })
    .optional();

/** The keys of a secret that is written into the configuration itself. */
const secret = (description: string, example: string) =>
  z
    .string()
    .min(1)
    .transform((text) => new Secret(text))
    .meta({ isSecret: true, description, examples: [example] })
    .optional();

const headers = z
  .record(
    z.string(),
    z
      .string({ error: 'must be text; put it in quotes' })
      .regex(/^[\t\x20-\x7e]*$/, { error: 'has a character that no header can hold; use ASCII on one line' })
      .transform((text) => new Secret(text)),
  )
  .superRefine((values, context) => {
    for (const name of Object.keys(values)) {
      if (!headerName.test(name)) report(context, [name], 'is not the name of a header, such as X-Source');
      if (headersOfTransport.test(name)) report(context, [name], 'is set by the service itself; remove it');
    }
  });

const statuses = z
  .array(
    z
      .union([z.number(), z.string()], { error: 'must be a status such as 204 or a range such as 200-299' })
      .transform((value, context): StatusRange => {
        const [, from, to = from] = /^([2-5]\d\d)(?:-([2-5]\d\d))?$/.exec(String(value)) ?? [];
        if (from === undefined || Number(from) > Number(to)) {
          report(context, [], 'must be a status such as 204 or a range such as 200-299, within 200-599');
          return z.NEVER;
        }
        return { from: Number(from), to: Number(to) };
      }),
  )
  .min(1);

/** What one configures of an `http` destination. */
export const httpOptions = z
  .strictObject({
    url: webAddress().meta({
      description:
        'Where records are sent: https, or plain http to this machine. Credentials have keys of their own.',
      examples: ['https://siem.example/ingest/office365'],
    }),
    allow_insecure: z
      .boolean()
      .default(false)
      .meta({
        description:
          'Allows plain http to other machines. Audit data and credentials then pass the network in the clear.',
        examples: [true],
      }),
    method: z
      .enum(['POST', 'PUT'])
      .default('POST')
      .meta({ description: 'Method of the requests.', examples: ['PUT'] }),
    body: z
      .enum(['ndjson', 'array', 'single'])
      .default('ndjson')
      .meta({
        description:
          'Form of a request: `ndjson`, a record on each line (`application/x-ndjson`); `array`, a JSON array of records, or `single`, one record a request (both `application/json`).',
        examples: ['array'],
      }),
    headers: headers.optional().meta({
      description: 'Further headers of each request. Their values count as secrets: they are shown nowhere.',
      examples: ['{ X-Api-Key: "${SIEM_KEY}" }'],
    }),
    gzip: z
      .boolean()
      .default(false)
      .meta({ description: 'Compresses requests (`Content-Encoding: gzip`).', examples: [true] }),
    bearer_token_path: secretFile(
      'File with a token for `Authorization: Bearer`. It is read at each request, so that a new token needs no restart.',
      '/run/secrets/siem-token',
    ),
    bearer_token: secret('The token itself, best taken from the environment.', '${SIEM_TOKEN}'),
    username: z
      .string()
      .min(1)
      .regex(/^[^:]*$/, { error: 'has a colon, which no user name can have here' })
      .optional()
      .meta({ description: 'User for `Authorization: Basic`.', examples: ['office365'] }),
    password_path: secretFile(
      'File with the password of `username`. It is read at each request.',
      '/run/secrets/siem',
    ),
    password: secret('The password itself, best taken from the environment.', '${SIEM_PASSWORD}'),
    client_certificate_path: secretFile(
      'PEM file with the certificate that this service shows to the server (mutual TLS), and with its private key unless that is in a file of its own. A changed file counts from the next request on.',
      '/run/secrets/siem.pem',
    ),
    client_certificate_key_path: secretFile(
      'PEM file with the private key of `client_certificate_path`, not encrypted.',
      '/run/secrets/siem.key',
    ),
    ca_path: z
      .string()
      .min(1)
      .meta({
        isCertificateFile: true,
        description:
          "PEM file with certificate authorities that are trusted for this destination beside the system's.",
        examples: ['/etc/ssl/certs/siem-ca.pem'],
      })
      .optional(),
    delivered_statuses: statuses.prefault(['200-299']).meta({
      description:
        'Statuses that say that all records of a request are stored. Name fewer where the server answers with a success before it has stored them.',
      examples: [
        [200, 202],
        ['200-299', 409],
      ],
    }),
    max_batch_size: size('1KiB', '64MiB')
      .prefault('1MiB')
      .meta({
        description:
          'Size of a request, before gzip, that is not exceeded. A record that is longer is sent by itself.',
        examples: ['512KiB'],
      }),
    max_batch_records: z
      .int()
      .min(1)
      .max(100_000)
      .default(1000)
      .meta({ description: 'Records in a request.', examples: [100] }),
    max_batch_age: duration('0s', '10s')
      .prefault('1s')
      .meta({
        description:
          'How long a request that is not full waits for records of further content. Longer makes fewer requests.',
        examples: ['250ms'],
      }),
    concurrency: z
      .int()
      .min(1)
      .max(64)
      .default(2)
      .meta({
        description:
          'Requests at once, for each worker process. Each holds up to `max_batch_size` in memory twice.',
        examples: [8],
      }),
    timeout: duration('1s', '90s')
      .prefault('30s')
      .meta({
        description: 'How long a request may take until it is answered. What was not answered is sent again.',
        examples: ['60s'],
      }),
    idempotency_key: z
      .union([z.string().regex(headerName), z.literal(false)], {
        error: 'must be the name of a header, such as Idempotency-Key, or false',
      })
      .default('Idempotency-Key')
      .meta({
        description:
          'Header with a key that is the same whenever the same records are sent again, so that the server can tell a repeat. `false` for none.',
        examples: ['X-Request-Id', false],
      }),
  })
  .superRefine(checkTogether, { when: ({ value }) => typeof value === 'object' && value !== null });

export type HttpOptions = z.infer<typeof httpOptions>;
