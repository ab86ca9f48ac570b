import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type ServerHttp2Stream } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Connection } from '@temporalio/client';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ConfigError } from '../../src/errors.ts';
import {
  connectClient,
  connectNative,
  temporalSettings,
  TemporalUnreachableError,
} from '../../src/temporal/connection.ts';
import { missingSearchAttributes } from '../../src/temporal/search-attributes.ts';

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'temporal-connection-'));
});

afterEach(() => rm(folder, { recursive: true }));

async function aProfileFile(text: string): Promise<NodeJS.ProcessEnv> {
  const path = join(folder, 'temporal.toml');
  await writeFile(path, text);
  return { TEMPORAL_CONFIG_FILE: path };
}

describe('the settings', () => {
  it('are the default server, not configured, when nothing is given', () => {
    expect(temporalSettings({ HOME: folder })).toMatchObject({
      isConfigured: false,
      connectionOptions: { address: 'localhost:7233' },
      namespace: 'default',
    });
  });

  it('come from TEMPORAL_ADDRESS', () => {
    const environment = {
      HOME: folder,
      TEMPORAL_ADDRESS: 'temporal.example.com:7233',
      TEMPORAL_NAMESPACE: 'audit',
    };
    expect(temporalSettings(environment)).toMatchObject({
      isConfigured: true,
      connectionOptions: { address: 'temporal.example.com:7233' },
      namespace: 'audit',
    });
  });

  it('come from a profile, with TLS when it has an API key', async () => {
    const environment = await aProfileFile(
      '[profile.default]\naddress = "example.com:7233"\napi_key = "key"',
    );
    expect(temporalSettings(environment)).toMatchObject({
      isConfigured: true,
      connectionOptions: { address: 'example.com:7233', apiKey: 'key', tls: true },
    });
  });

  it('are a configuration error without the API key when the file is broken', async () => {
    const environment = await aProfileFile('[profile.default]\napi_key = "hunter2');
    expect(() => temporalSettings(environment)).toThrow(ConfigError);
    expect(() => temporalSettings(environment)).toThrow(/temporal\.toml .*Invalid TOML document/);
    expect(() => temporalSettings(environment)).not.toThrow(/hunter2/);
  });

  it('are a configuration error when the file has no profile', async () => {
    const environment = await aProfileFile('# nothing yet');
    expect(() => temporalSettings(environment)).toThrow(/temporal\.toml .*it has no \[profile\.default\]/);
  });
});

describe('a server that cannot be reached', { timeout: 30_000 }, () => {
  const target = { connectionOptions: { address: '127.0.0.1:1' }, namespace: 'default' };

  it.each([
    ['client', connectClient],
    ['worker', connectNative],
  ])('is named with the remedy to a %s', async (_, connect) => {
    const error = await Promise.resolve(connect(target)).catch((caught: unknown) => caught);
    expect(error).toBeInstanceOf(TemporalUnreachableError);
    expect((error as Error).message).toMatch(/127\.0\.0\.1:1 .*office365-ingest up.*TEMPORAL_ADDRESS/);
  });

  it('is reported without the API key', async () => {
    await withGrpcServer(
      () => 'never reached',
      async (address) => {
        const connectionOptions = { address, apiKey: 'hunter2\n', tls: false };
        const error = await connectClient({ connectionOptions, namespace: 'default' }).catch(
          (e: unknown) => e,
        );
        expect(error).toBeInstanceOf(TemporalUnreachableError);
        expect((error as Error).message).toContain('[secret]');
        expect(JSON.stringify(error, Object.getOwnPropertyNames(error))).not.toContain('hunter2');
      },
    );
  });
});

describe('the search attributes', () => {
  const describeNamespace = '/temporal.api.workflowservice.v1.WorkflowService/DescribeNamespace';

  it('count as present when the server lets nobody ask', async () => {
    await withGrpcServer(
      (path) => (path === describeNamespace ? emptyAnswer : '7'),
      async (address) => {
        const connection = Connection.lazy({ address });
        expect(await missingSearchAttributes(connection, 'default')).toEqual([]);
        await connection.close();
      },
    );
  });

  it('are a failure when the server fails otherwise', async () => {
    await withGrpcServer(
      () => '5',
      async (address) => {
        const connection = Connection.lazy({ address });
        await expect(missingSearchAttributes(connection, 'none')).rejects.toMatchObject({ code: 5 });
        await connection.close();
      },
    );
  });
});

const emptyAnswer = 'an empty message';

/** A gRPC server whose `answer` to a path is a status number, or an empty message. */
async function withGrpcServer(
  answer: (path: string) => string,
  use: (address: string) => Promise<void>,
): Promise<void> {
  const server = createServer();
  server.on('stream', (stream: ServerHttp2Stream, headers) => {
    const status = answer(headers[':path']!);
    const head = { ':status': 200, 'content-type': 'application/grpc' };
    if (status !== emptyAnswer)
      return stream.respond({ ...head, 'grpc-status': status }, { endStream: true });
    stream.respond(head, { waitForTrailers: true });
    stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' }));
    stream.end(Buffer.alloc(5));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  try {
    await use(`127.0.0.1:${(server.address() as AddressInfo).port}`);
  } finally {
    server.close();
  }
}
