import { once } from 'node:events';
import { readFile, writeFile } from 'node:fs/promises';
import { Command } from 'commander';
import { InputError } from '../errors.ts';
import { parseFaultRequest } from '../simulator/faults.ts';
import type { FaultRequest } from '../simulator/faults.ts';
import type { SimulatorOptions } from '../simulator/options.ts';
import { settableOptions } from '../simulator/rules.ts';
import { scenarios } from '../simulator/scenarios.ts';
import { startSimulator } from '../simulator/start.ts';
import type { Simulator } from '../simulator/start.ts';
import { verifyDelivery } from '../simulator/verify.ts';
import { jsonOption, wholeNumber } from './options.ts';
import { printProgress } from './progress.ts';
import { stopSignal } from './stop-signal.ts';
import { formatTable } from './table.ts';

interface RunOptions {
  readonly port: number;
  readonly seed?: string;
  readonly tenants?: number;
  readonly contentType?: readonly string[];
  readonly historyHours?: number;
  readonly blobsPerHour?: number;
  readonly recordsPerBlob?: readonly [number, number];
  readonly liveEvery?: number;
  readonly bulk?: NonNullable<SimulatorOptions['bulk']>;
  readonly allHistory?: boolean;
  readonly pageSize?: number;
  readonly latency?: number;
  readonly gzip: boolean;
  readonly scenario?: readonly string[];
  readonly fault?: readonly FaultRequest[];
  readonly set?: Readonly<Record<string, unknown>>;
  readonly clientCertificate?: string;
  readonly https?: boolean;
  readonly caFile?: string;
  readonly writeConfig?: string;
}

export function simulatorCommand(): Command {
  return new Command('simulator')
    .description(
      "Speak Microsoft's token endpoint and Management Activity API, with made-up tenants and real-shaped records.",
    )
    .option('--port <number>', 'port on loopback; 0 for any free one', wholeNumber, 8365)
    .option('--seed <text>', 'equal seeds make equal tenants and records')
    .option('--tenants <number>', 'how many tenants', wholeNumber)
    .option('--content-type <type...>', 'content types of each tenant (default: the five)')
    .option('--history-hours <number>', 'hours of content before the start', wholeNumber)
    .option('--blobs-per-hour <number>', 'per subscription', wholeNumber)
    .option('--records-per-blob <least-most>', 'for example 1-50', range)
    .option(
      '--live-every <ms>',
      'a new blob per subscription each so many milliseconds; 0 for none',
      wholeNumber,
    )
    .option(
      '--bulk <blobs x records>',
      'one more tenant with one large subscription, for example 400x50',
      bulk,
    )
    .option('--all-history', 'show all history at the first start of a subscription, not the last 22 hours')
    .option('--page-size <number>', 'blobs of a page of a listing', wholeNumber)
    .option('--latency <ms>', 'added to each answer', wholeNumber)
    .option('--no-gzip', 'never compress')
    .option(
      '--scenario <name>',
      'a set of options and faults (repeatable; see `simulator scenarios`)',
      append,
    )
    .option('--fault <json>', 'a fault in force from the start (repeatable)', fault)
    .option(
      '--set <name=value>',
      'any option of docs/simulator.md (repeatable), for example cut=lost',
      setting,
    )
    .option('--client-certificate <file>', 'the certificate that is registered with the application, as PEM')
    .option('--https', 'speak https, with a certificate authority made at the start')
    .option('--ca-file <file>', 'write the certificate of that authority, as PEM')
    .option('--write-config <file>', 'write a configuration of office365-ingest for these tenants')
    .addHelpText(
      'after',
      `
docs/simulator.md describes options, faults, the report and how to point another collector at it.

Examples:
  office365-ingest simulator --write-config simulated.yaml
  office365-ingest simulator --scenario late-content --scenario throttled-403
  office365-ingest simulator --fault '{"operation":"blob","kind":"AF50000","share":0.02}'
  office365-ingest simulator --https --ca-file ca.pem
  office365-ingest simulator verify ./events`,
    )
    .action(runSimulator)
    .addCommand(scenariosCommand())
    .addCommand(verifyCommand());
}

async function runSimulator(options: RunOptions): Promise<void> {
  if (options.caFile !== undefined && !options.https)
    throw new InputError('--ca-file', 'has no meaning without --https');
  const simulator = await startWith(await simulatorOptions(options));
  if (options.writeConfig !== undefined) {
    await writeFile(options.writeConfig, simulator.configYaml(), { mode: 0o600 });
    printProgress(`Configuration written to ${options.writeConfig}`);
  }
  // Whoever reads the address may ask us to stop at once.
  const signal = stopSignal();
  process.stdout.write(`${simulator.url}\n`);
  await once(signal, 'abort');
  await simulator.close();
}

/** What was given, and nothing else: the rest comes from scenarios and defaults. */
async function simulatorOptions(options: RunOptions): Promise<SimulatorOptions> {
  return {
    port: options.port,
    seed: options.seed,
    tenants: options.tenants,
    contentTypes: options.contentType,
    historyHours: options.historyHours,
    blobsPerHour: options.blobsPerHour,
    recordsPerBlob: options.recordsPerBlob,
    liveEveryMs: options.liveEvery,
    bulk: options.bulk,
    historyVisibleAtStart: options.allHistory ? 'all' : undefined,
    pageSize: options.pageSize,
    latencyMs: options.latency,
    gzip: options.gzip ? undefined : false,
    scenarios: options.scenario,
    faults: options.fault,
    clientCertificate:
      options.clientCertificate === undefined ? undefined : await readFile(options.clientCertificate, 'utf8'),
    https: options.https,
    caFile: options.caFile,
    ...options.set,
  };
}

/** @throws InputError for an option that makes no sense */
async function startWith(options: SimulatorOptions): Promise<Simulator> {
  try {
    return await startSimulator(options);
  } catch (error) {
    if (error instanceof RangeError) throw asInputError(error);
    throw error;
  }
}

/** The simulator's own complaints begin with the name of the option, too. */
function asInputError({ message }: Error): InputError {
  const [, field = 'simulator', problem = message] = /^([\w.]+): (.*)$/s.exec(message) ?? [];
  return new InputError(field, problem);
}

function scenariosCommand(): Command {
  return new Command('scenarios')
    .description(
      'List the scenarios: name, numbers of the quirks in docs/management-activity-api.md, what a client meets.',
    )
    .addOption(jsonOption())
    .addHelpText(
      'after',
      `
Example:
  office365-ingest simulator scenarios`,
    )
    .action(({ json }: { readonly json?: boolean }) => {
      const rows = scenarios.map(({ name, quirks, summary }) => [name, quirks.join(', '), summary]);
      process.stdout.write(
        json
          ? `${JSON.stringify(scenarios, null, 2)}\n`
          : formatTable(['SCENARIO', 'QUIRKS', 'WHAT A CLIENT MEETS'], rows),
      );
    });
}

function verifyCommand(): Command {
  return new Command('verify')
    .description(
      'Compare delivered NDJSON files with what a running simulator has served: missing, doubled, altered.',
    )
    .argument(
      '<files...>',
      'files with a record on each line, or folders of them, for example the path of a file destination',
    )
    .option('--url <url>', 'of the simulator', 'http://127.0.0.1:8365')
    .option('--until <time>', 'only content created before this time (ISO 8601)')
    .addHelpText(
      'after',
      `
Exit status 1 when a record is missing, doubled or altered. What arrives at this moment counts as missing until it is delivered:
freeze the simulator first (POST /_control/freeze).

Examples:
  office365-ingest simulator verify ./events
  office365-ingest simulator verify delivered-*.ndjson.gz --url http://127.0.0.1:8365`,
    )
    .action(
      async (paths: readonly string[], { url, until }: { readonly url: string; readonly until?: string }) => {
        const result = await verifyDelivery({ simulatorUrl: url, paths, until });
        process.stdout.write(`${JSON.stringify(result, null, 2)}\n`);
        if (result.missing + result.doubled + result.altered + result.unexpected > 0) process.exitCode = 1;
      },
    );
}

function append(value: string, previous: readonly string[] = []): readonly string[] {
  return [...previous, value];
}

function fault(text: string, previous: readonly FaultRequest[] = []): readonly FaultRequest[] {
  try {
    return [...previous, parseFaultRequest(JSON.parse(text))];
  } catch (error) {
    throw new InputError('--fault', error instanceof Error ? error.message : String(error));
  }
}

/** The value is JSON, or a plain word. */
function setting(
  text: string,
  previous: Readonly<Record<string, unknown>> = {},
): Readonly<Record<string, unknown>> {
  const [, name = '', value = ''] = /^(\w+)=(.*)$/s.exec(text) ?? [];
  if (!settableOptions.includes(name))
    throw new InputError('--set', `${text} must be name=value with one of ${settableOptions.join(', ')}`);
  return { ...previous, [name]: jsonOrWord(value) };
}

function jsonOrWord(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

function range(text: string): readonly [number, number] {
  const [, least, most] = /^(\d+)-(\d+)$/.exec(text) ?? [];
  if (least === undefined || most === undefined)
    throw new InputError('--records-per-blob', `${text} must be like 1-50`);
  return [Number(least), Number(most)];
}

function bulk(text: string): NonNullable<SimulatorOptions['bulk']> {
  const [, blobs, recordsPerBlob] = /^(\d+)x(\d+)$/.exec(text) ?? [];
  if (blobs === undefined || recordsPerBlob === undefined)
    throw new InputError('--bulk', `${text} must be like 400x50`);
  return { blobs: Number(blobs), recordsPerBlob: Number(recordsPerBlob) };
}
