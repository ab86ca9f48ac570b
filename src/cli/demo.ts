import { Command } from 'commander';
import { printProgress } from './progress.ts';
import { stopSignal } from './stop-signal.ts';

export function demoCommand(): Command {
  return new Command('demo')
    .description(
      'See it work, without an account: a Temporal server, a simulator, a worker, records on disk, a summary.',
    )
    .option('--keep', 'leave everything up to look at, until Ctrl-C')
    .option('--folder <path>', 'where the files go (default: a new folder in the temporary one)')
    .addHelpText(
      'after',
      `
It starts a server of its own, whatever is configured, and ends by itself within two minutes. The exit status is 0 only when
the files are exactly what the simulator served.

Examples:
  office365-ingest demo
  office365-ingest demo --keep`,
    )
    .action(async ({ keep, folder }: { readonly keep?: boolean; readonly folder?: string }) => {
      const signal = stopSignal(() => printProgress('Stopping; once more stops at once.'));
      const { runDemo } = await import('./demo/run-demo.ts');
      const isClean = await runDemo({ isKept: keep === true, folder, signal });
      if (!isClean) process.exitCode = 1;
    });
}
