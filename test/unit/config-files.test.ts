import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { loadConfig } from '../../src/config/load.ts';
import { absolutePaths } from '../../src/config/paths.ts';
import { fileSchema } from '../../src/config/schema.ts';
import { destinationTypes } from '../../src/destinations/registry.ts';
import {
  aFolder,
  application,
  contoso,
  fabrikam,
  load,
  now,
  shortForm,
  twoTenants,
} from './config-folder.ts';

describe('where the configuration is', () => {
  it('prefers --config to the environment, and that to the file of the working folder', async () => {
    const workingFolder = await aFolder({
      'office365-ingest.yaml': shortForm('name: default'),
      'sub/a.yaml': shortForm('name: environment'),
      'sub/b.yaml': shortForm('name: option'),
    });
    const environment = { OFFICE365_INGEST_CONFIG: 'sub/a.yaml' };
    const nameOf = async (options: { path?: string; environment: NodeJS.ProcessEnv }) =>
      (await loadConfig({ workingFolder, ...options })).tenants[0]?.name;
    expect(await nameOf({ environment: {} })).toBe('default');
    expect(await nameOf({ environment })).toBe('environment');
    expect(await nameOf({ environment, path: join(workingFolder, 'sub/b.yaml') })).toBe('option');
  });

  it('unites the files of a folder, each in its own form with its own defaults', async () => {
    const workingFolder = await aFolder({
      'conf/1.yml': shortForm('interval: 2m', 'destinations: [archive]'),
      'conf/2.yaml': `client_id: ${application}\nclient_secret: x\nsubscriptions: [DLP.All]\ninterval: 4m\ntenants:\n- tenant_id: ${fabrikam}`,
      'conf/3.yaml': 'destinations: [{ name: archive, type: file, path: events }]',
      'conf/4.yaml': '# nothing yet',
      'conf/.5.yaml': 'not: read',
      'conf/6.yaml.bak': 'not: read',
    });
    const { tenants, destinations } = await loadConfig({ path: 'conf', environment: {}, workingFolder });
    expect(tenants.map(({ tenantId, settings }) => [tenantId, settings.intervalMs])).toEqual([
      [contoso, 120_000],
      [fabrikam, 240_000],
    ]);
    expect(tenants.map((tenant) => tenant.destinations)).toEqual([['archive'], ['archive']]);
    expect(tenants[1]?.settings.coveragePath).toBe(join(workingFolder, 'conf/coverage'));
    expect(destinations).toHaveLength(1);
  });

  it('takes values from the environment, in any string', async () => {
    const { tenants } = await load(
      shortForm('name: "${FIRST} and ${SECOND}"', 'requests_per_minute: ${RATE}').replace('squirrel', '${S}'),
      { FIRST: 'A$&', SECOND: '${THIRD}', RATE: '300', S: '*!@: #' },
    );
    expect(tenants[0]?.name).toBe('A$& and ${THIRD}');
    expect(tenants[0]?.settings.requestsPerMinute).toBe(300);
    const { credential } = tenants[0]!;
    expect(credential.type === 'secret' && credential.secret.reveal()).toBe('*!@: #');
  });

  it('reads anchors and aliases', async () => {
    const { tenants } = await load(
      twoTenants('    subscriptions: *shared').replace('[Audit.General]', '&shared [DLP.All]'),
    );
    expect(tenants[1]?.subscriptions).toEqual(['DLP.All']);
  });
});

describe('paths', () => {
  const options = z.strictObject({
    folder: z.string().meta({ isPath: true }).optional(),
    files: z.array(z.string().meta({ isSecretFile: true })).prefault([]),
    auth: z.discriminatedUnion('kind', [
      z.strictObject({ kind: z.literal('a'), value: z.string() }),
      z.strictObject({ kind: z.literal('b'), value: z.string().meta({ isPath: true }) }),
    ]),
    either: z.union([z.string().meta({ isPath: true }), z.strictObject({ x: z.string() })]).optional(),
    topic: z.string(),
  });

  it('start at the folder wherever the schema of a destination says that they are paths', () => {
    const value = {
      folder: 'x',
      files: ['../y', '/z'],
      auth: { kind: 'b', value: 'k' },
      either: 'e',
      topic: 't',
    };
    expect(absolutePaths(options, value, '/etc/conf')).toEqual({
      folder: '/etc/conf/x',
      files: ['/etc/y', '/z'],
      auth: { kind: 'b', value: '/etc/conf/k' },
      either: '/etc/conf/e',
      topic: 't',
    });
    expect(absolutePaths(options, { auth: { kind: 'a', value: 'k' } }, '/etc')).toEqual({
      auth: { kind: 'a', value: 'k' },
    });
  });

  it('of file destinations start there, too', async () => {
    const workingFolder = await aFolder({ 'sub/c.yaml': shortForm() });
    const { destinations } = await loadConfig({ path: 'sub/c.yaml', environment: {}, workingFolder });
    expect(destinations[0]?.options.path).toBe(join(workingFolder, 'sub/events'));
  });
});

describe('config/example.yaml', () => {
  const example = readFile(new URL('../../config/example.yaml', import.meta.url), 'utf8');

  it('loads', async () => {
    const workingFolder = await aFolder({
      'office365-ingest.yaml': await example,
      'secrets/application': 'squirrel',
    });
    const environment = { FABRIKAM_CLIENT_SECRET: 'hazelnut' };
    const { tenants, destinations, warnings } = await loadConfig({ environment, workingFolder, now });
    expect(tenants.map(({ name, credential }) => [name, credential.type])).toEqual([
      ['contoso', 'secretFile'],
      ['fabrikam', 'secret'],
    ]);
    expect(destinations).toHaveLength(2);
    expect(warnings).toEqual([]);
  });

  it.each([
    ...Object.keys(fileSchema.shape).filter((key) => key !== 'Subscriptions'),
    ...Object.values(destinationTypes).flatMap(({ options }) => Object.keys(options.shape)),
    'deduplicate_by',
    ...Object.keys(destinationTypes).map((type) => `type: ${type}`),
  ])('shows %s', async (key) => {
    expect(await example).toMatch(new RegExp(`(^|[\\s{#])${key}\\b`, 'm'));
  });
});
