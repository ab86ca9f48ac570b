import { inspect } from 'node:util';
import { describe, expect, it } from 'vitest';
import type { Secret } from '../../src/config/config.ts';
import { hashConfig } from '../../src/config/hash.ts';
import { load, problemsIn, shortForm } from './config-folder.ts';

function withHttp(...lines: string[]): string {
  const definition = ['name: siem', 'type: http', ...lines].map((line) => `    ${line}`);
  return shortForm('destinations:', `  - ${definition.join('\n').trimStart()}`);
}

const url = 'url: https://siem.example/in?a=b';

async function optionsOf(...lines: string[]): Promise<Readonly<Record<string, unknown>>> {
  const { destinations } = await load(withHttp(...lines), { KEY: 'hazelnut' });
  return destinations[0]!.options;
}

describe('an http destination', () => {
  it('needs its address alone', async () => {
    expect(await optionsOf(url)).toEqual({
      url: 'https://siem.example/in?a=b',
      allow_insecure: false,
      method: 'POST',
      body: 'ndjson',
      gzip: false,
      delivered_statuses: [{ from: 200, to: 299 }],
      max_batch_size: 1024 ** 2,
      max_batch_records: 1000,
      max_batch_age: 1000,
      concurrency: 2,
      timeout: 30_000,
      idempotency_key: 'Idempotency-Key',
    });
  });

  it('takes statuses one by one and in ranges, and no key for repeats', async () => {
    expect(
      await optionsOf(url, 'delivered_statuses: [200-201, 204, "409"]', 'idempotency_key: false'),
    ).toMatchObject({
      delivered_statuses: [
        { from: 200, to: 201 },
        { from: 204, to: 204 },
        { from: 409, to: 409 },
      ],
      idempotency_key: false,
    });
  });

  it('takes headers from the environment, and shows no secret', async () => {
    const text = withHttp(url, 'headers: { X-Api-Key: "${KEY}" }', 'bearer_token: squirrel');
    const config = await load(text, { KEY: 'hazelnut' });
    const { headers } = config.destinations[0]!.options as { headers: Record<string, Secret> };
    expect(headers['X-Api-Key']?.reveal()).toBe('hazelnut');
    expect(JSON.stringify(config) + inspect(config, { depth: 9, showHidden: true })).not.toMatch(
      /squirrel|hazelnut/,
    );
  });

  it('has a hash that tells nothing of its secrets', async () => {
    const hashWith = async (token: string, key: string) => {
      const { network, destinations } = await load(
        withHttp(url, `bearer_token: ${token}`, `headers: { X-Key: ${key} }`),
      );
      return hashConfig({ network, tenants: [], destinations });
    };
    expect(await hashWith('squirrel', 'hazelnut')).toBe(await hashWith('hedgehog', 'acorn'));
  });

  it.each([
    [['url: http://127.0.0.1:8080/in'], 'http://127.0.0.1:8080/in'],
    [['url: http://siem.example/in', 'allow_insecure: true'], 'http://siem.example/in'],
  ])('takes %j', async (lines, expected) => {
    expect(await optionsOf(...lines)).toMatchObject({ url: expected });
  });

  it.each([
    [
      ['url: http://siem.example/in'],
      'url: must start with https://; plain http:// is for this machine only',
    ],
    [['url: siem.example'], 'url: must be an address such as https://siem.example/ingest'],
    [['url: https://u:p@siem.example'], 'url: holds a user or password; write them into keys of their own'],
    [['url: https://siem.example/#x'], 'url: has a part behind #'],
    [[url, 'body: xml'], 'body: must be one of ndjson, array, single'],
    [[url, 'headers: { "X Y": z }'], 'headers.…: is not the name of a header'],
    [
      [url, 'headers: { Content-Length: "1" }'],
      'headers.Content-Length: is set by the service itself; remove it',
    ],
    [[url, 'headers: { X-Count: 1 }'], 'headers.X-Count: must be text; put it in quotes'],
    [[url, 'headers: { X-Lines: "a\\nb" }'], 'headers.X-Lines: has a character that no header can hold'],
    [[url, 'delivered_statuses: [199]'], 'delivered_statuses[0]: must be a status such as 204 or a range'],
    [
      [url, 'delivered_statuses: [299-200]'],
      'delivered_statuses[0]: must be a status such as 204 or a range',
    ],
    [[url, 'delivered_statuses: []'], 'delivered_statuses: is empty'],
    [[url, 'max_batch_size: 1000'], 'max_batch_size: must be a size with its unit'],
    [[url, 'timeout: 5m'], 'timeout: must be a duration from 1s to 90s'],
    [[url, 'concurrency: 0'], 'concurrency: must be at least 1'],
    [[url, 'idempotency_key: true'], 'idempotency_key: must be the name of a header'],
    [[url, 'bearer_token: a', 'username: b', 'password: c'], 'username: is incompatible with bearer_token'],
    [[url, 'username: b'], 'username: needs a password; name its file by password_path'],
    [[url, 'password: b'], 'username: is missing; the password belongs to it'],
    [[url, 'username: a:b', 'password: c'], 'username: has a colon'],
    [
      [url, 'bearer_token: a', 'headers: { authorization: b }'],
      'headers.authorization: is incompatible with bearer_token',
    ],
    [[url, 'bearer_token_path: nowhere'], 'bearer_token_path: names a file that cannot be read'],
    [[url, 'ca_path: nowhere'], 'ca_path: names a file that cannot be read'],
  ])('refuses %j', async (lines, problem) => {
    const problems = await problemsIn(withHttp(...lines));
    expect(problems).toHaveLength(1);
    expect(problems[0]).toContain(`destinations[0].${problem}`);
  });

  it('is told all that is wrong with it at once', async () => {
    expect(
      await problemsIn(withHttp('url: http://siem.example/in', 'username: a', 'timeout: 5m', 'zip: 1')),
    ).toHaveLength(4);
  });
});
