import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { inspect } from 'node:util';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { hashConfig } from '../../src/config/hash.ts';
import { loadConfig } from '../../src/config/load.ts';
import { readSecretFile } from '../../src/config/secret-file.ts';
import { ConfigError } from '../../src/errors.ts';
import { aFolder, load, now, shortForm, twoTenants } from './config-folder.ts';

describe('a secret', () => {
  /** Ways to write a secret, right and wrong, among other things that are wrong. */
  const spellings = [
    (secret: string) => `client_secret: ${secret}`,
    (secret: string) => `client_secret: "${secret}`,
    (secret: string) => `client_secret: [${secret}]`,
    (secret: string) => `client_secret: { ${secret} }`,
    (secret: string) => `client_secret:${secret}`,
    (secret: string) => `{client_secret:${secret}}`,
    (secret: string) =>
      `client_id: ${JSON.stringify(secret)}\nclient_secret: \${SECRET}\ninterval: \${SECRET}`,
    (secret: string) => `tenant_id: ${JSON.stringify(secret)}\napi_url: https://u:${secret}@host`,
    (secret: string) =>
      `subscriptions: ${JSON.stringify([secret])}\napi_type: '${secret}'\nstart_time: ${secret}`,
    (secret: string) => `tenants: [{client_secret:${secret}}, {client_secret: *${secret}}]`,
    (secret: string) => `tenants: [{client_secret:${secret}}]`,
    (secret: string) => `client_secret: !${secret} x`,
    (secret: string) => `client_secret_path: ${JSON.stringify(secret)}`,
    (secret: string) => `client_secret: ${secret}\nclient_secret: ${secret}\nclient_secret_path: nothing`,
  ];
  const secrets = fc
    .oneof(
      fc.stringMatching(/^[A-Za-z0-9~._-]{8,40}$/),
      fc.stringMatching(/^[abcXYZ019~._*&!@%#|>`'"{}[\]:,? \\$-]{8,40}$/),
    )
    .filter((text) => text.trim().length >= 8);

  it('is in no error text, however the configuration is broken', async () => {
    const workingFolder = await aFolder({});
    await fc.assert(
      fc.asyncProperty(secrets, fc.constantFrom(...spellings), async (secret, spelling) => {
        await writeFile(join(workingFolder, 'office365-ingest.yaml'), `zzz: 1\n${spelling(secret)}\n`);
        const error: unknown = await loadConfig({ environment: { SECRET: secret }, workingFolder }).catch(
          (reason: unknown) => reason,
        );
        expect(error).toBeInstanceOf(ConfigError);
        expect(`${String(error)} ${inspect(error, { depth: 9 })}`.includes(secret.trim())).toBe(false);
      }),
      { numRuns: 300 },
    );
  });

  it('shows itself in no dump of the configuration', async () => {
    const config = await load(shortForm());
    expect(JSON.stringify(config) + inspect(config, { depth: 9, showHidden: true })).not.toContain(
      'squirrel',
    );
  });

  it('that is missing in its file is an error that names the file and the remedy', async () => {
    const folder = await aFolder({ empty: '\n' });
    await expect(readSecretFile(join(folder, 'empty'))).rejects.toThrow(
      `The secret file ${join(folder, 'empty')} is empty: write the secret into it`,
    );
    await expect(readSecretFile(join(folder, 'none'))).rejects.toThrow(
      `The secret file ${join(folder, 'none')} cannot be read: it does not exist; create it or correct the path`,
    );
  });

  it('in a file is read without the line end behind it', async () => {
    const folder = await aFolder({ unix: 'a b\n', windows: 'a b\r\n', none: 'a b', two: 'a b\n\n' });
    expect(await readSecretFile(join(folder, 'unix'))).toBe('a b');
    expect(await readSecretFile(join(folder, 'windows'))).toBe('a b');
    expect(await readSecretFile(join(folder, 'none'))).toBe('a b');
    expect(await readSecretFile(join(folder, 'two'))).toBe('a b\n');
  });
});

describe('the hash', () => {
  const destination = 'destinations: [{ name: d, type: file, path: /d }]';
  const hashOf = async (yaml: string) =>
    (await load(`coverage_path: /c\ndead_letter_path: /d\n${yaml}`)).hash;

  it('does not depend on secrets, comments or the order of keys', async () => {
    const hash = await hashOf(twoTenants(destination));
    expect(hash).toMatch(/^[0-9a-f]{64}$/);
    expect(await hashOf(twoTenants(destination).replace('squirrel', 'acorn # new'))).toBe(hash);
    expect(await hashOf(`${destination}\n${twoTenants()}`)).toBe(hash);
  });

  it('does not depend on the order of keys within options', () => {
    const hashWith = (options: Record<string, unknown>) =>
      hashConfig({
        network: { proxyUrl: undefined, caPath: undefined },
        tenants: [],
        destinations: [
          { key: 'd', name: 'd', type: 'file', lookbackMs: 0, deduplicateBy: 'content', options },
        ],
      });
    expect(hashWith({ a: { x: 1, y: 2 }, b: 3 })).toBe(hashWith({ b: 3, a: { y: 2, x: 1 } }));
    expect(hashWith({ a: 1 })).not.toBe(hashWith({ a: 2 }));
  });

  it.each([
    ['squirrel', 'squirrel\n    interval: 2m'],
    ['Audit.General', 'DLP.All'],
    ['path: /d', 'path: /e'],
    ['name: d', 'name: e'],
    ['type: file', 'type: file, lookback: 1h'],
    ['squirrel', 'squirrel\n    requests_per_minute: unlimited'],
  ])('sees a change from %s to %s', async (from, to) => {
    expect(await hashOf(twoTenants(destination).replace(from, to))).not.toBe(
      await hashOf(twoTenants(destination)),
    );
  });

  it('tells the path of one secret file from that of another', async () => {
    const hashWith = async (name: string) => {
      const workingFolder = await aFolder({ a: 'x', b: 'x' });
      const yaml = shortForm(destination, 'coverage_path: /c', 'dead_letter_path: /d');
      const path = join(workingFolder, 'c.yaml');
      await writeFile(
        path,
        yaml.replace('client_secret: squirrel', `client_secret_path: ${join(workingFolder, name)}`),
      );
      return (await loadConfig({ path, environment: {}, workingFolder, now })).hash;
    };
    expect(await hashWith('a')).not.toBe(await hashWith('b'));
  });
});
