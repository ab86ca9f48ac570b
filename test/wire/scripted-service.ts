import { differences } from './matching.ts';
import { fill, type Values } from './placeholders.ts';
import { startRawServer } from './raw-server.ts';
import type { Exchange, WireRequest, WireResponse } from './transcript.ts';

/** A service that knows a few exchanges by heart, and nothing else. */
export interface ScriptedService {
  readonly origin: string;
  /** Names of the exchanges, in the order in which they took place. */
  readonly answered: readonly string[];
  /** Requests that are none of the exchanges, and in what. */
  readonly mismatches: readonly string[];
  /** Requests that came to the host that forged links lead to. */
  readonly foreignRequests: readonly string[];
  close(): Promise<void>;
}

/** Plays the exchanges in their order; a request that comes again gets its answer again, with the new token, too. */
export async function playExchanges(
  exchanges: readonly Exchange[],
  given: Values,
  nowMs: number,
): Promise<ScriptedService> {
  const answered: string[] = [];
  const mismatches: string[] = [];
  const foreignRequests: string[] = [];
  const foreign = await startRawServer(({ method, target }) => {
    foreignRequests.push(`${method} ${target}`);
    return nothing;
  });
  const server = await startRawServer((request) => {
    const next = exchanges.find(({ name }) => !answered.includes(name));
    const current = [next, ...exchanges.filter(({ name }) => answered.includes(name))].find(
      (exchange) => exchange !== undefined && differs(request, exchange).length === 0,
    );
    if (current !== undefined) {
      answered.push(current.name);
      return filled(current.responses[0]);
    }
    const expected = next ?? exchanges.at(-1);
    const problems = expected === undefined ? [] : differs(request, expected);
    mismatches.push(`${request.method} ${request.target} is not ${expected?.name}: ${problems.join(', ')}`);
    return nothing;
  });
  const values: Values = {
    ...given,
    api: server.origin,
    // The same path, so that nothing but the host tells it from the tenant's own.
    foreign: `${foreign.origin}/api/v1.0/${given['tenant']}/activity/feed/subscriptions/content?nextpage=1`,
  };

  function differs(request: WireRequest, { name, request: expected }: Exchange): readonly string[] {
    const found = differences(request, expected, values, nowMs);
    if (found.length === 0 || !answered.includes(name)) return found;
    return differences(request, expected, { ...values, token: values['newToken'] ?? '' }, nowMs);
  }

  function filled(response: WireResponse): WireResponse {
    return {
      ...response,
      headers: response.headers.map(([name, value]) => [name, fill(value, values, nowMs)] as const),
      body: fill(response.body, values, nowMs),
    };
  }

  return {
    origin: server.origin,
    answered,
    mismatches,
    foreignRequests,
    close: async () => void (await Promise.all([server.close(), foreign.close()])),
  };
}

/** An answer that no exchange of the transcripts has. */
const nothing: WireResponse = { status: 599, reason: 'Not In The Transcript', headers: [], body: '' };
