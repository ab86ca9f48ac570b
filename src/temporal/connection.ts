import { Client, Connection } from '@temporalio/client';
import { loadClientConnectConfig } from '@temporalio/envconfig';
import type { NativeConnection, NativeConnectionOptions } from '@temporalio/worker';
import { ConfigError } from '../errors.ts';

const connectTimeoutMs = 5_000;

export interface TemporalSettings {
  /** Whether an address is given, by TEMPORAL_ADDRESS or by a profile in `temporal.toml`. */
  readonly isConfigured: boolean;
  readonly connectionOptions: ConnectionOptions;
  readonly namespace: string;
}

/** What clients and workers have in common. */
type ConnectionOptions = Pick<NativeConnectionOptions, 'tls' | 'metadata' | 'apiKey'> & {
  /** `host:port` */
  readonly address: string;
};

type Target = Pick<TemporalSettings, 'connectionOptions' | 'namespace'>;

/** The Temporal server could not be reached, or did not let us in. Commands print it and exit with 69. */
export class TemporalUnreachableError extends Error {
  override readonly name = 'TemporalUnreachableError';
  readonly address: string;

  constructor(address: string, reason: string) {
    super(
      `The Temporal server at ${address} cannot be reached: ${reason}. ` +
        'Start one with `office365-ingest up`, or name yours in TEMPORAL_ADDRESS or temporal.toml.',
    );
    this.address = address;
  }
}

/**
 * Reads the `temporal.toml` and `TEMPORAL_*` variables of the Temporal CLI.
 *
 * @throws ConfigError
 */
export function temporalSettings(environment: NodeJS.ProcessEnv): TemporalSettings {
  const { connectionOptions, namespace } = loadConnectConfig(environment);
  return {
    isConfigured: Boolean(connectionOptions.address),
    connectionOptions: { ...connectionOptions, address: connectionOptions.address || 'localhost:7233' },
    namespace: namespace || 'default',
  };
}

/**
 * @returns a client whose `connection` the caller closes.
 * @throws TemporalUnreachableError
 */
export async function connectClient({ connectionOptions, namespace }: Target): Promise<Client> {
  try {
    const connection = await Connection.connect({ ...connectionOptions, connectTimeout: connectTimeoutMs });
    return new Client({ connection, namespace });
  } catch (error) {
    throw unreachable(connectionOptions, error);
  }
}

/**
 * The connection of a worker, which the caller closes.
 *
 * @throws TemporalUnreachableError
 */
export async function connectNative({
  connectionOptions,
}: Pick<Target, 'connectionOptions'>): Promise<NativeConnection> {
  // Only here, since loading the native part takes every other command up to a second.
  const worker = await import('@temporalio/worker');
  try {
    return await worker.NativeConnection.connect(connectionOptions);
  } catch (error) {
    throw unreachable(connectionOptions, error);
  }
}

function loadConnectConfig(environment: NodeJS.ProcessEnv) {
  const given = Object.entries(environment).filter(
    (entry): entry is [string, string] => entry[1] !== undefined,
  );
  try {
    return loadClientConnectConfig({ overrideEnvVars: Object.fromEntries(given) });
  } catch (error) {
    // The SDK stumbles over a file without any profile. Later lines quote the file, which may hold an API key.
    const isWithoutProfile = error instanceof TypeError;
    const reason = isWithoutProfile ? 'it has no [profile.default]' : (error as Error).message.split('\n')[0];
    const where = environment['TEMPORAL_CONFIG_FILE'] ?? 'temporal.toml';
    const problem = `the connection to Temporal cannot be configured from it and TEMPORAL_*: ${reason}`;
    throw new ConfigError([{ where, key: '', problem }]);
  }
}

/** The error of the SDK is not kept as the cause: its text may quote the API key or a header. */
function unreachable(options: ConnectionOptions, error: unknown): TemporalUnreachableError {
  const secrets = [options.apiKey, ...Object.values(options.metadata ?? {})].map(String).filter(Boolean);
  const reason = secrets.reduce(
    (text, secret) => text.replaceAll(secret, '[secret]'),
    (error as Error).message.replace(/\.$/, ''),
  );
  return new TemporalUnreachableError(options.address, reason);
}
