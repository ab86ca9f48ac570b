import { pino, type Logger } from 'pino';
import type { LogLevelName } from './log-level.ts';
import { DefaultLogger, Runtime, type LogEntry, type LogLevel } from '@temporalio/worker';

export type { Logger };

/** Fields that could carry a secret if somebody logged a whole object by mistake. */
const redacted = ['access_token', 'client_secret', 'clientSecret', 'authorization', 'password'].flatMap(
  (name) => [name, `*.${name}`],
);

/** JSON lines on standard error, or lines for people when that is a terminal. */
export function createLogger(level: LogLevelName): Logger {
  const options = {
    level,
    base: undefined,
    redact: redacted,
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label: string) => ({ level: label }) },
  };
  if (!process.stderr.isTTY) return pino(options, pino.destination({ dest: 2, sync: true }));
  return pino(
    options,
    pino.transport({ target: 'pino-pretty', options: { destination: 2, ignore: 'pid,hostname' } }),
  );
}

/**
 * Sets up the SDK's runtime, once per process and before the first connection: its logs go to ours, its metrics (with ours)
 * to a Prometheus endpoint when an address is given, and signals are left to us.
 */
export function installRuntime(logger: Logger, metricsAddress: string | undefined): void {
  Runtime.install({
    shutdownSignals: [],
    logger: new DefaultLogger(logger.level.toUpperCase() as LogLevel, (entry) => forward(entry, logger)),
    ...(metricsAddress !== undefined && {
      telemetryOptions: {
        metrics: {
          prometheus: { bindAddress: metricsAddress, countersTotalSuffix: true },
          attachServiceName: false,
        },
      },
    }),
  });
}

/** Fields of the SDK that say nothing to an operator. */
const dropped = ['taskToken', 'sdkComponent', 'isLocal', 'namespace', 'workflowRunId', 'runId', 'error'];

function forward({ level, message, meta = {} }: LogEntry, logger: Logger): void {
  const { error, sdkComponent } = meta;
  // What the SDK says of its own pollers and states is of use to those who look for trouble in it.
  const isInternal = sdkComponent === 'worker' && level !== 'ERROR';
  const fields = Object.fromEntries(Object.entries(meta).filter(([name]) => !dropped.includes(name)));
  logger[isInternal ? 'debug' : pinoLevels[level]](
    { ...fields, ...(error !== undefined && { error: describe(error) }) },
    message,
  );
}

const pinoLevels = { TRACE: 'trace', DEBUG: 'debug', INFO: 'info', WARN: 'warn', ERROR: 'error' } as const;

/** Type and message of an error; causes and attached objects may hold requests with their headers. */
function describe(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const type = 'type' in error && typeof error.type === 'string' ? error.type : error.name;
  return `${type}: ${error.message}`;
}
