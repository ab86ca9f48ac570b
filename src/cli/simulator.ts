import { writeFile } from 'node:fs/promises';
import { Command } from 'commander';
import { InputError } from '../errors.ts';
import { startSimulator } from '../simulator/start.ts';
import type { SimulatorOptions } from '../simulator/options.ts';
import { verifyDelivery } from '../simulator/verify.ts';
import { wholeNumber } from './options.ts';
import { printProgress } from './progress.ts';
import { stopSignal } from './stop-signal.ts';

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
    .option('--write-config <file>', 'write a configuration of office365-ingest for these tenants')
    .addHelpText(
      'after',
      `
docs/simulator.md describes faults, the report and how to point another collector at it.

Examples:
  office365-ingest simulator --write-config simulated.yaml
  office365-ingest simulator verify ./events`,
    )
    .action(runSimulator)
    .addCommand(verifyCommand());
}

async function runSimulator(options: RunOptions): Promise<void> {
  const simulator = await startSimulator({
    port: options.port,
    gzip: options.gzip,
    ...(options.seed !== undefined && { seed: options.seed }),
    ...(options.tenants !== undefined && { tenants: options.tenants }),
    ...(options.contentType !== undefined && { contentTypes: options.contentType }),
    ...(options.historyHours !== undefined && { historyHours: options.historyHours }),
    ...(options.blobsPerHour !== undefined && { blobsPerHour: options.blobsPerHour }),
    ...(options.recordsPerBlob !== undefined && { recordsPerBlob: options.recordsPerBlob }),
    ...(options.liveEvery !== undefined && { liveEveryMs: options.liveEvery }),
    ...(options.bulk !== undefined && { bulk: options.bulk }),
    ...(options.allHistory === true && { historyVisibleAtStart: 'all' as const }),
    ...(options.pageSize !== undefined && { pageSize: options.pageSize }),
    ...(options.latency !== undefined && { latencyMs: options.latency }),
  });
  if (options.writeConfig !== undefined) {
    await writeFile(options.writeConfig, simulator.configYaml(), { mode: 0o600 });
    printProgress(`Configuration written to ${options.writeConfig}`);
  }
  process.stdout.write(`${simulator.url}\n`);
  const signal = stopSignal();
  await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
  await simulator.close();
}

function verifyCommand(): Command {
  return new Command('verify')
    .description(
      'Compare delivered NDJSON files with what a running simulator has served: missing, doubled, altered.',
    )
    .argument('<folder>', 'the path of a file destination')
    .option('--url <url>', 'of the simulator', 'http://127.0.0.1:8365')
    .addHelpText(
      'after',
      `
Exit status 1 when a record is missing, doubled or altered. What arrives at this moment counts as missing until it is delivered.

Example:
  office365-ingest simulator verify ./events`,
    )
    .action(async (folder: string, { url }: { readonly url: string }) => {
      const result = await verifyDelivery({ simulatorUrl: url, folder });
      process.stdout.write(`${JSON.stringify(result, null, 2)}\n`);
      if (result.missing + result.doubled + result.altered + result.unexpected > 0) process.exitCode = 1;
    });
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
