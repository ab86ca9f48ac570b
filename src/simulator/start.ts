import type { AddressInfo } from 'node:net';
import { once } from 'node:events';
import { AccessTokens } from './access-token.ts';
import { SimulatorClock } from './clock.ts';
import { simulatorConfigYaml } from './config-yaml.ts';
import { Faults } from './faults.ts';
import { Ledger } from './ledger.ts';
import { documentedContentTypes } from './options.ts';
import type { ResolvedOptions, SimulatorOptions } from './options.ts';
import { createPopulation } from './population.ts';
import type { PopulationDescription } from './population.ts';
import { guid, randomFrom, randomKey } from './random.ts';
import { createSimulatorServer } from './server.ts';
import type { ServerParts } from './server.ts';
import type { Simulator } from './simulator.ts';
import { takeSnapshot } from './snapshot.ts';
import { SubscriptionStates } from './subscription-states.ts';

export type { Simulator } from './simulator.ts';
export type { SimulatorOptions } from './options.ts';

/** Resolves once the simulator listens. Throws `RangeError` naming an option that makes no sense. */
export async function startSimulator(options: SimulatorOptions = {}): Promise<Simulator> {
  const clock = new SimulatorClock(options.now ?? Date.now);
  const population = createPopulation(descriptionOf(options, clock));
  const resolved = resolveOptions(options);
  const parts: ServerParts = {
    options: resolved,
    population,
    clock,
    states: new SubscriptionStates(resolved),
    tokens: new AccessTokens(),
    ledger: new Ledger(),
    faults: new Faults(),
  };
  const server = createSimulatorServer(parts);
  const host = options.host ?? '127.0.0.1';
  server.listen(options.port ?? 0, host);
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const url = `http://${host.includes(':') ? `[${host}]` : host}:${port}`;
  const { clientId, clientSecret } = resolved;
  const isoTime = (timeMs: number) => new Date(timeMs).toISOString();

  const simulator: Simulator = {
    url,
    population,
    clientId,
    clientSecret,
    report: () => parts.ledger.report(parts),
    snapshot: () => takeSnapshot(population, parts.states, clock),
    configYaml: (settings) => simulatorConfigYaml({ url, population, clientId, clientSecret }, settings),
    addFault: (fault) => parts.faults.add(fault),
    removeFault: (id) => parts.faults.remove(id),
    faults: () => parts.faults.list(),
    freeze: () => void clock.freeze(),
    clock: () => ({
      now: isoTime(clock.now()),
      frozenAt: clock.frozenAtMs === undefined ? null : isoTime(clock.frozenAtMs),
    }),
    close: async () => {
      if (!server.listening) return;
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
  parts.simulator = simulator;
  return simulator;
}

function descriptionOf(options: SimulatorOptions, clock: SimulatorClock): PopulationDescription {
  const { bulk, startTime, recordsPerBlob = [1, 50] } = options;
  const startTimeMs = startTime === undefined ? clock.now() : Date.parse(startTime);
  if (Number.isNaN(startTimeMs)) throw new RangeError(`startTime: ${startTime} is not an ISO 8601 time`);
  return {
    seed: options.seed ?? defaultSeed,
    startTimeMs,
    tenants: options.tenants ?? 2,
    contentTypes: options.contentTypes ?? documentedContentTypes,
    historyHours: options.historyHours ?? 20,
    blobsPerHour: options.blobsPerHour ?? 12,
    recordsPerBlob: typeof recordsPerBlob === 'number' ? [recordsPerBlob, recordsPerBlob] : recordsPerBlob,
    liveEveryMs: options.liveEveryMs ?? 30_000,
    bulk: bulk && { contentType: 'Audit.General', hours: 12, ...bulk },
  };
}

const defaultSeed = 'office365';

function resolveOptions(options: SimulatorOptions): ResolvedOptions {
  const seed = options.seed ?? defaultSeed;
  return {
    historyVisibleAtStart: options.historyVisibleAtStart ?? '22h',
    pageSize: options.pageSize ?? 200,
    startCooldownMs: options.startCooldownMs ?? 15 * 60_000,
    latencyMs: options.latencyMs ?? 0,
    gzip: options.gzip ?? true,
    tokenLifetimeSeconds: options.tokenLifetimeSeconds ?? 3599,
    roles: options.roles ?? ['ActivityFeed.Read', 'ActivityFeed.ReadDlp', 'ServiceHealth.Read'],
    clientId: options.clientId ?? guid(randomFrom(randomKey(seed, 'client'))),
    clientSecret: options.clientSecret ?? 'simulated+secret&100%~',
  };
}
