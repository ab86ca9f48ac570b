import { Command } from 'commander';
import { temporalCommand } from '../temporal/command.ts';
import { printProgress } from './progress.ts';

export function temporalCliCommand(): Command {
  return new Command('temporal')
    .description(
      'Run the Temporal CLI that was found, downloaded or built, against the server of `up` or `demo`.',
    )
    .argument('[arguments...]', 'what the Temporal CLI takes')
    .allowUnknownOption()
    .passThroughOptions()
    .helpOption(false)
    .addHelpText(
      'after',
      `
Examples:
  office365-ingest temporal workflow list
  office365-ingest temporal workflow describe -w office365/<tenant id>/Audit.Exchange`,
    )
    .action(async (args: readonly string[]) => {
      process.exitCode = await temporalCommand({ args, environment: process.env, onProgress: printProgress });
    });
}
