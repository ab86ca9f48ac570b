import { Command } from 'commander';
import type { Config } from '../config/config.ts';
import { connectClient } from '../temporal/connection.ts';
import { missingSearchAttributes } from '../temporal/search-attributes.ts';
import { createAdapters, type Adapters } from '../worker/dependencies.ts';
import { configOption, findTemporal, jsonOption, readConfig } from './options.ts';
import { inParallel } from './subscriptions.ts';

/** One thing that was looked at. */
interface Finding {
  readonly step: string;
  readonly isOk: boolean;
  /** What was found; for a failure what is wrong and the remedy. */
  readonly detail: string;
}

/** Long enough for a slow proxy. */
const stepTimeoutMs = 60_000;

export function checkCommand(): Command {
  return new Command('check')
    .description(
      'Look whether everything is in place: configuration, Temporal, each tenant and each destination.',
    )
    .addOption(configOption())
    .addOption(jsonOption())
    .addHelpText(
      'after',
      `
Nothing is started or changed. The exit status is 1 when something has to be mended.

Example:
  office365-ingest check --config office365-ingest.yaml`,
    )
    .action(async (options: { readonly config?: string; readonly json?: boolean }) => {
      const config = await readConfig(options);
      const findings: Finding[] = [
        {
          step: 'configuration',
          isOk: true,
          detail: `${config.tenants.length} ${config.tenants.length === 1 ? 'tenant' : 'tenants'}, hash ${config.hash.slice(0, 12)}`,
        },
        await look('Temporal', checkTemporal),
        ...(await checkConfigured(config)),
      ];
      process.stdout.write(
        options.json ? `${JSON.stringify(findings, null, 2)}\n` : findings.map(line).join(''),
      );
      if (findings.some(({ isOk }) => !isOk)) process.exitCode = 1;
    });
}

async function checkConfigured(config: Config): Promise<readonly Finding[]> {
  const adapters = createAdapters(config);
  try {
    const destinations = await inParallel(config.destinations, ({ key }) =>
      look(`destination ${key}`, () => checkDestination(adapters, key)),
    );
    const tenants = await inParallel(config.tenants, ({ tenantId, name }) =>
      look(`tenant ${name ?? tenantId}`, () => checkTenant(adapters, tenantId)),
    );
    return [...destinations, ...tenants];
  } finally {
    await adapters.close();
  }
}

async function checkTemporal(): Promise<string> {
  const settings = await findTemporal();
  if (!settings.isConfigured) return 'no server is configured; `office365-ingest up` starts one of its own';
  const { connection } = await connectClient(settings);
  try {
    const missing = await missingSearchAttributes(connection, settings.namespace);
    const { address } = settings.connectionOptions;
    if (missing.length > 0)
      return `${address}, namespace ${settings.namespace}, without search attributes ${missing.join(', ')}`;
    return `${address}, namespace ${settings.namespace}`;
  } finally {
    await connection.close();
  }
}

async function checkDestination(adapters: Adapters, key: string): Promise<string> {
  await adapters.destination(key)?.check(AbortSignal.timeout(stepTimeoutMs));
  return 'can be written';
}

/** The list of subscriptions needs a token with its role, and the right cloud, tenant and application. */
async function checkTenant(adapters: Adapters, tenantId: string): Promise<string> {
  const subscriptions = await adapters
    .tenant(tenantId)!
    .client.listSubscriptions(AbortSignal.timeout(stepTimeoutMs));
  const enabled = subscriptions
    .filter(({ status }) => status === 'enabled')
    .map(({ contentType }) => contentType);
  return `token accepted; enabled at Microsoft: ${enabled.join(', ') || 'nothing yet'}`;
}

async function look(step: string, work: () => Promise<string>): Promise<Finding> {
  try {
    return { step, isOk: true, detail: await work() };
  } catch (error) {
    return { step, isOk: false, detail: error instanceof Error ? error.message : String(error) };
  }
}

function line({ step, isOk, detail }: Finding): string {
  return `${isOk ? 'ok    ' : 'failed'}  ${step}: ${detail}\n`;
}
