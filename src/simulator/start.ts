import { writeFile } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import type { Server } from 'node:http';
import { once } from 'node:events';
import { AccessTokens } from './access-token.ts';
import { descriptionOf } from './describe-population.ts';
import { makeCertificates } from './certificates.ts';
import { SimulatorClock } from './clock.ts';
import { simulatorConfigYaml } from './config-yaml.ts';
import { contentOf } from './content-of-id.ts';
import { CutBlobs } from './cut-blobs.ts';
import { Faults } from './faults.ts';
import { foreignListener, foreignOriginOf } from './foreign-host.ts';
import { Ledger } from './ledger.ts';
import type { SimulatorOptions } from './options.ts';
import { Notifier } from './notifier.ts';
import { createPopulation } from './population.ts';
import { Quota } from './quota.ts';
import { resolveRules } from './rules.ts';
import { findScenario } from './scenarios.ts';
import { createServer, simulatorListener } from './server.ts';
import type { ServerParts } from './server.ts';
import type { Simulator } from './simulator.ts';
import { takeSnapshot } from './snapshot.ts';
import { SubscriptionStates } from './subscription-states.ts';

export type { Simulator } from './simulator.ts';
export type { SimulatorOptions } from './options.ts';

/** Resolves once the simulator listens. Throws `RangeError` naming an option that makes no sense. */
export async function startSimulator(given: SimulatorOptions = {}): Promise<Simulator> {
  const scenarios = (given.scenarios ?? []).map(findScenario);
  const written = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
  const options: SimulatorOptions = Object.assign(
    {},
    ...scenarios.map((scenario) => scenario.options),
    written,
  );
  const { now = Date.now, clockSkewMs = 0, host = '127.0.0.1', caFile } = options;
  const clock = new SimulatorClock(() => now() + clockSkewMs);
  const parts = createParts(options, clock);
  for (const fault of [...scenarios.flatMap(({ faults }) => faults), ...(options.faults ?? [])])
    parts.faults.add(fault);

  const certificates = options.https === true ? await makeCertificates(host) : undefined;
  if (certificates && caFile !== undefined) await writeFile(caFile, certificates.authority);
  const server = createServer(certificates?.server, simulatorListener(parts));
  const foreign = createServer(certificates?.server, foreignListener(parts.ledger));
  const scheme = certificates ? 'https' : 'http';
  const port = await listen(server, options.port ?? 0, host);
  const foreignPort = await listen(foreign, 0, host);
  parts.place = { foreignOrigin: foreignOriginOf(scheme, host, foreignPort) };
  const url = `${scheme}://${host.includes(':') ? `[${host}]` : host}:${port}`;
  parts.notifier.start(url);
  parts.simulator = facade(parts, {
    url,
    caPem: certificates?.authority,
    close: async () => {
      parts.notifier.stop();
      await Promise.all([server, foreign].map(close));
    },
  });
  return parts.simulator;
}

function createParts(options: SimulatorOptions, clock: SimulatorClock): ServerParts {
  const rules = resolveRules(options);
  const population = createPopulation(descriptionOf(options, clock.now()));
  const states = new SubscriptionStates(rules);
  return {
    rules,
    population,
    clock,
    states,
    notifier: new Notifier({ population, states, clock, ...rules }),
    tokens: new AccessTokens(),
    ledger: new Ledger(),
    quota: new Quota(),
    cutBlobs: new CutBlobs(),
    blobRequests: new Map(),
    faults: new Faults(clock.now),
  };
}

function facade(
  parts: ServerParts,
  { url, caPem, close }: Pick<Simulator, 'url' | 'caPem' | 'close'>,
): Simulator {
  const { population, states, clock, ledger, faults, rules } = parts;
  const { clientId, clientSecret } = rules;
  const isoTime = (timeMs: number) => new Date(timeMs).toISOString();
  return {
    url,
    caPem,
    population,
    clientId,
    clientSecret,
    report: () => ledger.report(parts),
    content: (contentId) => contentOf(contentId, parts),
    snapshot: () => takeSnapshot(population, states, clock),
    configYaml: (settings) => simulatorConfigYaml({ url, population, clientId, clientSecret }, settings),
    addFault: (fault) => faults.add(fault),
    removeFault: (id) => faults.remove(id),
    faults: () => faults.list(),
    freeze: () => void clock.freeze(),
    clock: () => ({
      now: isoTime(clock.now()),
      frozenAt: clock.frozenAtMs === undefined ? null : isoTime(clock.frozenAtMs),
    }),
    close,
  };
}

async function listen(server: Server, port: number, host: string): Promise<number> {
  server.listen(port, host);
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

async function close(server: Server): Promise<void> {
  if (!server.listening) return;
  const closed = once(server, 'close');
  server.close();
  server.closeAllConnections();
  await closed;
}
