import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'temporal-command-'));
});

afterEach(() => rm(folder, { recursive: true }));

/** Runs `temporalCommand` in a process of its own, with a CLI that does `body`. */
async function aRunningCommand(body: string, args: string[] = []) {
  const cli = join(folder, 'temporal');
  const version = 'temporal version 1.8.2 (Server 1.31.2, UI 2.50.1)';
  const script = `#!/bin/sh\nif [ "$1" = --version ]; then echo '${version}'; exit; fi\n${body}\n`;
  await writeFile(cli, script, { mode: 0o755 });
  const source = fileURLToPath(new URL('../../src/temporal/command.ts', import.meta.url));
  const program = join(folder, 'program.mts');
  await writeFile(
    program,
    `import { temporalCommand } from ${JSON.stringify(source)};
     const options = { args: process.argv.slice(2), environment: process.env, onProgress: () => undefined };
     process.exitCode = await temporalCommand(options);`,
  );
  const env = {
    ...process.env,
    HOME: folder,
    XDG_STATE_HOME: '',
    XDG_CONFIG_HOME: '',
    TEMPORAL_CLI_PATH: cli,
  };
  return spawn(process.execPath, ['--import', import.meta.resolve('tsx'), program, ...args], {
    env: { ...env, TEMPORAL_ADDRESS: '' },
    stdio: ['pipe', 'pipe', 'inherit'],
  });
}

describe('the temporal command', { timeout: 30_000 }, () => {
  it('hands arguments and terminal to the CLI and ends with its exit status', async () => {
    const command = await aRunningCommand('read -r line; echo "$2 $line"; exit 7', ['workflow', 'a b']);
    command.stdin.end('from the terminal\n');
    const [[output], [status]] = await Promise.all([once(command.stdout, 'data'), once(command, 'exit')]);
    expect(String(output)).toBe('a b from the terminal\n');
    expect(status).toBe(7);
  });

  it.each(['SIGTERM', 'SIGINT', 'SIGHUP'] as const)('passes %s on and waits for the CLI', async (signal) => {
    const shellName = signal.slice(3);
    const command = await aRunningCommand(
      `trap 'echo got; exit 9' ${shellName}; echo ready; while :; do /bin/sleep 0.05; done`,
    );
    await once(command.stdout, 'data');
    command.kill(signal);
    const [[output], [status]] = await Promise.all([once(command.stdout, 'data'), once(command, 'exit')]);
    expect(String(output)).toBe('got\n');
    expect(status).toBe(9);
  });

  it('ends with 128 and the number of the signal that ended the CLI', async () => {
    const command = await aRunningCommand('kill -KILL $$');
    const [status] = await once(command, 'exit');
    expect(status).toBe(137);
  });
});
