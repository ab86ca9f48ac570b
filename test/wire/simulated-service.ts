import { startSimulator } from '../../src/simulator/start.ts';
import { answerDifferences, differences } from './matching.ts';
import { fill, type Values } from './placeholders.ts';
import { sendRaw, type RawAnswer } from './raw-request.ts';
import { startRawServer } from './raw-server.ts';
import type { SimulatorState } from './simulator-states.ts';
import { baseName, findExchange, type Exchange, type WireRequest } from './transcript.ts';

const startMs = Date.parse('2026-11-22T12:00:00Z');
const tokenLifetimeMs = 3_599_000;
const publisher = '46b472a7-c68e-4adf-8ade-3db49497518e';

/** A simulator whose time stands still, in the state that an exchange needs, and a webhook beside it. */
export interface SimulatedService {
  /** Plays the exchanges in their order, with what the state asks for before the last of them. */
  play(chain: readonly Exchange[]): Promise<PlayedExchange>;
  /** Where each request that the webhook got differs from this one. */
  webhookDifferences(expected: WireRequest): readonly (readonly string[])[];
  close(): Promise<void>;
}

export interface PlayedExchange {
  readonly answer: RawAnswer;
  /** Where the answer differs from the exchange, and from each of those that are as good; empty when it is one of them. */
  readonly differences: readonly string[];
}

export async function startSimulatedService(
  state: SimulatorState,
  all: readonly Exchange[],
): Promise<SimulatedService> {
  let nowMs = startMs;
  let webhookStatus = 200;
  let bound = new Map<string, string>();
  const webhookRequests: WireRequest[] = [];
  const webhook = await startRawServer((request) => {
    webhookRequests.push(request);
    return { status: webhookStatus, reason: 'As Told', headers: [], body: '' };
  });
  const simulator = await startSimulator({
    startTime: new Date(startMs).toISOString(),
    now: () => nowMs,
    historyHours: 20,
    blobsPerHour: 6,
    recordsPerBlob: [2, 5],
    liveEveryMs: 0,
    ...state.options,
  });
  const [tenant = '', otherTenant = ''] = simulator.population.tenants.map(({ tenantId }) => tenantId);
  const good = {
    tenant,
    otherTenant,
    publisher,
    client: simulator.clientId,
    clientWithoutFirstDigit: simulator.clientId.slice(1),
    secret: simulator.clientSecret,
    api: simulator.url,
    webhook: `${webhook.origin}/o365/`,
  };
  let values: Values = good;

  function send({ headers, target, body, method }: WireRequest): Promise<RawAnswer> {
    const known = { ...values, ...Object.fromEntries(bound) };
    // A form's values are percent-encoded; no other body holds the secret.
    const inForm = { ...known, secret: encodeURIComponent(values['secret'] ?? '') };
    return sendRaw(simulator.url, {
      method,
      target: fill(target, known, nowMs),
      headers: headers.map(([name, value]) => [name, fill(value, known, nowMs)] as const),
      body: fill(body, inForm, nowMs),
    });
  }

  /** A new token, for exchanges that are given no other. */
  async function renewToken(): Promise<void> {
    const { body } = await send(findExchange('token-secret', all).request);
    const token = String((JSON.parse(body) as Record<string, unknown>)['access_token']);
    values = { ...values, token, newToken: token };
  }

  /** `start`, `stop` or `webhook` (a start with one) and a content type. */
  async function operate(step: string): Promise<void> {
    const [verb = '', contentType = ''] = step.split(' ');
    const name = verb === 'webhook' ? 'start-with-webhook' : verb;
    const { request } = findExchange(name, all);
    const { status } = await send({
      ...request,
      target: request.target.replace('Audit.SharePoint', contentType),
    });
    if (status >= 300) throw new Error(`${step}: ${status}`);
  }

  async function bindContentId(): Promise<void> {
    const { body } = await send(findExchange('content-without-times', all).request);
    const [item] = JSON.parse(body) as readonly { readonly contentId: string }[];
    bound.set('contentId', item?.contentId ?? '');
  }

  async function playOne(exchange: Exchange): Promise<PlayedExchange> {
    const answer = await send(exchange.request);
    const found: string[] = [];
    for (const one of [
      exchange,
      ...all.filter(({ name }) => exchange.alternatives.includes(baseName(name))),
    ]) {
      const known = new Map(bound);
      const responses = state.hasOwnRecords ? withAnyBody(one.responses) : one.responses;
      const problems = answerDifferences(answer, responses, values, nowMs, known);
      if (problems.length === 0) {
        bound = known;
        return { answer, differences: [] };
      }
      found.push(...problems.map((problem) => `${one.name}: ${problem}`));
    }
    return { answer, differences: found };
  }

  await renewToken();
  for (const step of state.before ?? []) await operate(step);
  webhookStatus = state.webhookStatus ?? 200;

  return {
    async play(chain) {
      const [last, ...before] = chain.toReversed();
      if (last === undefined) throw new Error('there is nothing to play');
      if (last.request.target.includes('{contentId}')) await bindContentId();
      nowMs += state.laterMs ?? 0;
      if ((state.laterMs ?? 0) > tokenLifetimeMs) await renewToken();
      values = { ...values, ...(state.token !== undefined && { token: state.token }), ...state.given };
      for (const exchange of before.toReversed()) await playOne(exchange);
      if (state.fault !== undefined) simulator.addFault({ operation: 'any', ...state.fault });
      return playOne(last);
    },
    webhookDifferences(expected) {
      // The request line of a message to a server has no origin.
      const known = { ...values, webhook: new URL(good.webhook).pathname };
      return webhookRequests.map((request) => differences(request, expected, known, nowMs));
    },
    close: async () => void (await Promise.all([simulator.close(), webhook.close()])),
  };
}

/** The simulator's records are its own. */
function withAnyBody([first, ...others]: Exchange['responses']): Exchange['responses'] {
  const body = '{anything}';
  return [{ ...first, body }, ...others.map((response) => ({ ...response, body }))];
}
