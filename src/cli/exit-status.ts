import { CommanderError } from 'commander';
import { ConfigError, InputError } from '../errors.ts';
import { TemporalUnreachableError } from '../temporal/connection.ts';

/** What a command ends with; public. 69 and 78 are those of sysexits.h. */
const exitStatus = {
  done: 0,
  /** The answer is "not well". */
  notWell: 1,
  usage: 2,
  unreachable: 69,
  configuration: 78,
} as const;

/** The status for an error, and what to print of it; nothing where commander has printed it already. */
export function describeError(error: unknown): {
  readonly status: number;
  readonly text: string | undefined;
} {
  if (error instanceof CommanderError) {
    return { status: error.exitCode === 0 ? exitStatus.done : exitStatus.usage, text: undefined };
  }
  if (error instanceof ConfigError) {
    const count = error.problems.length;
    const heading = `The configuration cannot be used (${count} ${count === 1 ? 'problem' : 'problems'}):`;
    return { status: exitStatus.configuration, text: `${heading}\n${error.message}` };
  }
  if (error instanceof TemporalUnreachableError)
    return { status: exitStatus.unreachable, text: error.message };
  if (error instanceof InputError) return { status: exitStatus.usage, text: error.message };
  return { status: exitStatus.notWell, text: error instanceof Error ? error.message : String(error) };
}
