import { Command } from 'commander';
import { applyCommand } from './apply.ts';
import { checkCommand } from './check.ts';
import { demoCommand } from './demo.ts';
import { describeError } from './exit-status.ts';
import { packageVersion } from '../package-version.ts';
import { simulatorCommand } from './simulator.ts';
import { statusCommand } from './status.ts';
import { temporalCliCommand } from './temporal.ts';
import { upCommand } from './up.ts';
import { workerCommand } from './worker.ts';

/** Runs the command line and sets the exit status. */
export async function main(args: readonly string[]): Promise<void> {
  const program = new Command('office365-ingest')
    .description('Collects the Office 365 audit trail of many tenants with durable Temporal workflows.')
    .version(packageVersion())
    .enablePositionalOptions()
    .showHelpAfterError('(--help shows what is allowed)');
  const commands = [
    demoCommand(),
    upCommand(),
    workerCommand(),
    applyCommand(),
    statusCommand(),
    checkCommand(),
    temporalCliCommand(),
    simulatorCommand(),
  ];
  for (const command of commands) program.addCommand(command);
  for (const command of [program, ...commands, ...commands.flatMap(({ commands: inner }) => inner)])
    command.exitOverride();

  try {
    await program.parseAsync(args, { from: 'user' });
  } catch (error) {
    const { status, text } = describeError(error);
    if (text !== undefined) process.stderr.write(`${text}\n`);
    process.exitCode = status;
  }
}
