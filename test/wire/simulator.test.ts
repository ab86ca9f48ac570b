import { afterEach, describe, expect, it } from 'vitest';
import { startSimulatedService, type SimulatedService } from './simulated-service.ts';
import { notAsked, stateOf, states, type SimulatorState } from './simulator-states.ts';
import { baseName, chainOf, findExchange, readTranscripts, type Exchange } from './transcript.ts';

const exchanges = readTranscripts();
const asked = exchanges.flatMap((exchange) => {
  const state = stateOf(exchange);
  return state === undefined ? [] : [{ name: exchange.name, exchange, state }];
});

let service: SimulatedService | undefined;

afterEach(async () => {
  await service?.close();
  service = undefined;
});

describe('the simulator, held against the transcripts', () => {
  it.each(asked)('answers as they do: $name', async ({ exchange, state }) => {
    const { answer, differences } = await play(exchange, state);
    expect(differences).toEqual([]);
    if (state.hasOwnRecords) expectRecords(answer.body);
  });

  it('has a state for each exchange, or a reason why it is not asked', () => {
    const others = exchanges.filter((exchange) => stateOf(exchange) === undefined);
    expect(others.filter(({ name }) => notAsked[baseName(name)] === undefined)).toEqual([]);
    const names = exchanges.flatMap(({ name }) => [name, baseName(name)]);
    const listed = [...Object.keys(states), ...Object.keys(notAsked)];
    expect(listed.filter((name) => !names.includes(name))).toEqual([]);
  });

  it('sends X-AspNet-Version right behind NextPageUri', async () => {
    const { answer } = await playNamed('content-first-page');
    const names = answer.headers.map(([name]) => name);
    expect(names[names.indexOf('NextPageUri') + 1]).toBe('X-AspNet-Version');
  });

  it('issues a token without the claim roles where the application has none', async () => {
    const { answer } = await playNamed('token-without-roles');
    const token = String((JSON.parse(answer.body) as Record<string, unknown>)['access_token']);
    const claims = Buffer.from(token.split('.')[1] ?? '', 'base64url').toString();
    expect(JSON.parse(claims)).not.toHaveProperty('roles');
  });

  it.each(['webhook-validation', 'webhook-notification'])('asks a webhook as they do: %s', async (name) => {
    await playNamed('notifications');
    expect(service?.webhookDifferences(findExchange(name, exchanges).request)).toContainEqual([]);
  });
});

function playNamed(name: string) {
  return play(findExchange(name, exchanges), states[name] ?? {});
}

async function play(exchange: Exchange, state: SimulatorState) {
  service = await startSimulatedService(state, exchanges);
  return service.play(chainOf(exchange, exchanges));
}

/** SCH's mandatory fields, but for ClientIP, which most records on the wire do not have. */
const mandatoryFields = [
  'Id',
  'RecordType',
  'CreationTime',
  'Operation',
  'OrganizationId',
  'UserType',
  'UserKey',
  'Workload',
  'UserId',
];

function expectRecords(body: string): void {
  const records = [JSON.parse(body.replace('\ufeff', '')) as object].flat();
  expect(records.length).toBeGreaterThan(0);
  for (const record of records) expect(Object.keys(record)).toEqual(expect.arrayContaining(mandatoryFields));
}
