import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Dispatcher } from 'undici';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Secret, type Credential } from '../../src/config/config.ts';
import { ManagementApiError } from '../../src/errors.ts';
import { createHttpDispatcher } from '../../src/http/dispatcher.ts';
import { createManagementApiClient } from '../../src/office365/client.ts';
import { createTokenProvider, type TokenProvider } from '../../src/office365/token-provider.ts';
import { callFor, expectResult, operationOf } from './client-calls.ts';
import { fill } from './placeholders.ts';
import { playExchanges, type ScriptedService } from './scripted-service.ts';
import { chainOf, findExchange, readTranscripts, type Exchange } from './transcript.ts';

const nowMs = Date.parse('2026-11-22T12:00:00Z');
const values = {
  tenant: '41463f53-8812-40f4-890f-865bf6e35190',
  otherTenant: 'f28ab78a-d401-4060-8012-736e373933eb',
  publisher: '46b472a7-c68e-4adf-8ade-3db49497518e',
  client: '4864ee8e-abc0-41dd-b038-d3226d26d252',
  clientWithoutFirstDigit: '864ee8e-abc0-41dd-b038-d3226d26d252',
  secret: 'a+b&c%d~secret',
  assertion: 'header.claims.signature',
  newToken: 'token-2',
  jwt: jwt({ roles: ['ActivityFeed.Read', 'ActivityFeed.ReadDlp'] }),
  jwtWithoutRoles: jwt({}),
};

const exchanges = readTranscripts();
const followed = new Set(exchanges.map(({ follows }) => follows));
/** One case for each end of a chain that a client asks for, and for each status it may come with. */
const cases = exchanges
  .filter(({ name, client }) => client !== 'never asks' && !followed.has(name))
  .flatMap(({ responses, ...exchange }) =>
    responses.map((response) => ({
      title: `${exchange.name}, ${response.status}`,
      exchange: { ...exchange, responses: [response] as const },
    })),
  );

let folder: string;
let dispatcher: Dispatcher;
let service: ScriptedService;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'wire-'));
  dispatcher = createHttpDispatcher();
});

afterEach(async () => {
  await dispatcher.destroy();
  await service.close();
  rmSync(folder, { recursive: true });
});

describe('the client, held against the transcripts', () => {
  it.each(cases)('asks as they do and reads the answer rightly: $title', async ({ exchange }) => {
    const chain = chainOf(exchange, exchanges);
    const outcome = await play(chain);

    expect(service.mismatches).toEqual([]);
    expect(service.foreignRequests).toEqual([]);
    expect(service.answered).toEqual(expect.arrayContaining(chain.map(({ name }) => name)));
    if (exchange.client === 'never asks') return;
    expect(exchange.client.outcomes).toContain(outcome.kind);
    expect(outcome.retryAfterMs).toBe(exchange.client.retryAfterMs);
    if (outcome.kind !== 'ok') return;
    const now = { ...values, api: service.origin };
    const answers = chain.flatMap(({ responses: [response], client }) =>
      client !== 'never asks' && client.outcomes.includes('ok')
        ? [{ ...response, body: fill(response.body, now, nowMs) }]
        : [],
    );
    expectResult(operationOf(exchange.request.target), answers, outcome.result);
  });

  it('asks nothing of the feed with a token that has no roles', async () => {
    await play([named('token-without-roles')]);
    expect(service.answered).toEqual(['token-without-roles']);
  });

  it('uses the token that it was given', async () => {
    const outcome = await play([named('token-secret')]);
    expect([outcome.kind, service.answered]).toEqual(['ok', ['token-secret', 'list-none']]);
  });

  it('follows a page link byte for byte and only adds the PublisherIdentifier', async () => {
    const targets: string[] = [];
    dispatcher = dispatcher.compose((dispatch) => (options, handler) => {
      targets.push(options.path);
      return dispatch(options, handler);
    });
    await play([named('content-first-page'), named('content-last-page')]);
    expect(targets[1]).toBe(
      fill(named('content-last-page').request.target, { ...values, api: service.origin }, nowMs),
    );
  });
});

interface Outcome {
  /** `ok`, or the kind of the error. */
  readonly kind: string;
  readonly retryAfterMs: number | undefined;
  readonly result: unknown;
}

/** Starts the service of the test and makes the client do what sends the first request; after a token it lists. */
async function play(chain: readonly [Exchange, ...Exchange[]]): Promise<Outcome> {
  const [{ name, request }] = chain;
  const isOfToken = operationOf(request.target) === 'token';
  const script = isOfToken ? [...chain, named('list-none')] : chain;
  service = await playExchanges(script, { ...values, token: isOfToken ? values.jwt : 'token-1' }, nowMs);
  const target = fill(request.target, values, nowMs);
  // Where the path has another tenant's id the client is that tenant's.
  const tenantId = /[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}/.exec(target)?.[0] ?? '';
  const client = createManagementApiClient({
    tenantId,
    publisherIdentifier: values.publisher,
    apiUrl: service.origin,
    tokens: isOfToken ? tokensFrom(service.origin, name) : numberedTokens(),
    dispatcher,
    requestsPerMinute: Infinity,
  });
  try {
    const result = await callFor(target, client);
    return { kind: 'ok', retryAfterMs: undefined, result };
  } catch (error) {
    if (!(error instanceof ManagementApiError)) throw error;
    return { kind: error.kind, retryAfterMs: error.retryAfterMs, result: undefined };
  }
}

/** The real provider at the scripted token endpoint; the assertion comes from a file, as with workload identities. */
function tokensFrom(loginUrl: string, name: string): TokenProvider {
  const path = join(folder, 'assertion');
  writeFileSync(path, values.assertion);
  const credential: Credential =
    name === 'token-certificate'
      ? { type: 'federatedToken', path }
      : { type: 'secret', secret: new Secret(values.secret) };
  return createTokenProvider(
    {
      tenantId: values.tenant,
      clientId: values.client,
      credential,
      loginUrl,
      scope: 'https://manage.office.com/.default',
    },
    { dispatcher, readSecretFile: (file) => readFile(file, 'utf8') },
  );
}

/** `token-1`, and after it was refused `token-2`. */
function numberedTokens(): TokenProvider {
  let number = 1;
  return {
    getToken: () =>
      Promise.resolve({ value: `token-${number}`, roles: ['ActivityFeed.Read', 'ActivityFeed.ReadDlp'] }),
    invalidate: () => void number++,
  };
}

/** An unsigned token with these claims and those that all have. */
function jwt(claims: object): string {
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
  return `${part({ typ: 'JWT', alg: 'none' })}.${part({ aud: 'https://manage.office.com', ver: '1.0', ...claims })}.signature`;
}

function named(name: string): Exchange {
  return findExchange(name, exchanges);
}
