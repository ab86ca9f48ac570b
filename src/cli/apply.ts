import { createInterface } from 'node:readline/promises';
import { Command } from 'commander';
import { configOption, contentTypeOption, findTemporal, jsonOption, readConfig } from './options.ts';
import { selectSubscriptions, taskQueueOption, tenantOption, type Selection } from './options.ts';
import { InputError } from '../errors.ts';
import { connectClient } from '../temporal/connection.ts';
import { planSubscriptions, startSubscriptions, type Plan } from './subscriptions.ts';

interface ApplyOptions extends Selection {
  readonly config?: string;
  readonly taskQueue: string;
  readonly yes?: boolean;
  readonly json?: boolean;
}

export function applyCommand(): Command {
  return new Command('apply')
    .description(
      'Start a workflow for every subscription that the configuration names and that is not running.',
    )
    .addOption(configOption())
    .addOption(tenantOption())
    .addOption(contentTypeOption())
    .addOption(taskQueueOption())
    .option('--yes', 'do not ask')
    .addOption(jsonOption())
    .addHelpText(
      'after',
      `
It prints the plan first. What runs already is left alone, so it can be repeated at any time.

Examples:
  office365-ingest apply --config office365-ingest.yaml
  office365-ingest apply --tenant contoso --content-type Audit.Exchange --yes`,
    )
    .action(async (options: ApplyOptions) => {
      const config = await readConfig(options);
      const selected = selectSubscriptions(config, options);
      const client = await connectClient(await findTemporal());
      try {
        const plan = await planSubscriptions(client, selected);
        if (!options.json) process.stdout.write(describePlan(plan));
        if (plan.toStart.length > 0 && !options.yes && !(await isConfirmed(options))) return;
        const results = await startSubscriptions(client, plan, options.taskQueue);
        const failed = results.filter(({ problem }) => problem !== undefined);
        if (options.json) process.stdout.write(`${JSON.stringify(results, null, 2)}\n`);
        else
          for (const { workflowId, problem } of failed) process.stderr.write(`${workflowId}: ${problem}\n`);
        if (failed.length > 0) process.exitCode = 1;
      } finally {
        await client.connection.close();
      }
    });
}

export function describePlan({ toStart, running }: Plan): string {
  const lines = toStart.map(
    ({ subscription: { tenant, contentType } }) =>
      `+ start ${contentType} of ${tenant.name ?? tenant.tenantId}, from ${tenant.startTime ?? 'the lookback on'}\n`,
  );
  return `${lines.join('')}${toStart.length} to start, ${running} running already\n`;
}

async function isConfirmed({ json }: ApplyOptions): Promise<boolean> {
  if (json || !process.stdin.isTTY)
    throw new InputError('--yes', 'is needed where nobody can be asked; nothing was changed');
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  try {
    return /^y(es)?$/i.test((await terminal.question('Carry it out? [y/N] ')).trim());
  } finally {
    terminal.close();
  }
}
