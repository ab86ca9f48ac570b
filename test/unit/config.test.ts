import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { loadConfig } from '../../src/config/load.ts';
import { aFolder, application, contoso, fabrikam, load, shortForm, twoTenants } from './config-folder.ts';
import { makeAuthority } from './make-certificate.ts';

describe('one tenant', () => {
  it('loads the form that users paste, with its comments and with `Subscriptions` spelled so', async () => {
    const workingFolder = await aFolder({
      'office365-ingest.yaml': `
tenant_id: ${contoso.toUpperCase()}              # Tenant id of the application registered in Azure
client_id: ${application}              # Client id of the application registered in Azure
client_secret_path: my-secret   # File with the client secret. Incompatible with client_secret
# client_secret: <secret>                # instead of the file
Subscriptions:                           # entries with trailing comments too
  - Audit.AzureActiveDirectory # sign-ins
  - audit.sharepoint
  - Audit.General
  - DLP.ALL
`,
      'my-secret': 'squirrel\n',
    });
    const { tenants, destinations, warnings } = await loadConfig({ environment: {}, workingFolder });
    expect(tenants).toEqual([
      {
        tenantId: contoso,
        name: undefined,
        clientId: application,
        credential: { type: 'secretFile', path: join(workingFolder, 'my-secret') },
        apiUrl: 'https://manage.office.com',
        loginUrl: 'https://login.microsoftonline.com',
        scope: 'https://manage.office.com/.default',
        publisherIdentifier: contoso,
        subscriptions: ['Audit.AzureActiveDirectory', 'Audit.SharePoint', 'Audit.General', 'DLP.All'],
        startTime: undefined,
        settings: {
          intervalMs: 60_000,
          maxIntervalMs: 300_000,
          settleTimeMs: 120_000,
          lookbackMs: 167 * 3_600_000,
          sweepAgesMs: [3_600_000, 6 * 3_600_000, 24 * 3_600_000, 6 * 24 * 3_600_000],
          listingHeartbeatMs: 60_000,
          requestsPerMinute: 1000,
          coveragePath: join(workingFolder, 'coverage'),
          deadLetterPath: join(workingFolder, 'dead-letter'),
          maxRecordBytes: 64 * 1024 ** 2,
        },
        destinations: ['events'],
      },
    ]);
    expect(destinations).toMatchObject([
      {
        key: 'events',
        name: 'events',
        type: 'file',
        lookbackMs: 0,
        deduplicateBy: 'content',
      },
    ]);
    expect(warnings).toEqual([]);
  });

  it('takes every setting beside the tenant', async () => {
    const { tenants } = await load(
      shortForm(
        'name: Contoso GmbH',
        'interval: 1s',
        'max_interval: 2h30m',
        'settle_time: 0s',
        'lookback: 500ms',
        'sweep_ages: [2m, 1s, 2m, 7d]',
        'requests_per_minute: unlimited',
        'coverage_path: /var/coverage',
        `publisher_id: ${fabrikam}`,
        'start_time: 2026-11-22T02:00:00+02:00',
      ),
    );
    expect(tenants[0]).toMatchObject({
      name: 'Contoso GmbH',
      publisherIdentifier: fabrikam,
      startTime: '2026-11-22T00:00:00.000Z',
      settings: {
        intervalMs: 1000,
        maxIntervalMs: 9_000_000,
        settleTimeMs: 0,
        lookbackMs: 500,
        sweepAgesMs: [1000, 120_000, 167 * 3_600_000],
        requestsPerMinute: Infinity,
        coveragePath: '/var/coverage',
      },
    });
  });

  it('never lists quiet subscriptions more often than busy ones', async () => {
    const { tenants } = await load(shortForm('interval: 10m'));
    expect(tenants[0]?.settings).toMatchObject({ intervalMs: 600_000, maxIntervalMs: 600_000 });
  });

  it('gives its tenant the destinations beside it', async () => {
    const { tenants, destinations } = await load(
      shortForm(
        'destinations:',
        '  - { name: archive, type: file, path: a, lookback: 7d, deduplicate_by: id }',
      ),
    );
    expect(tenants[0]?.destinations).toEqual(['archive']);
    expect(destinations).toMatchObject([
      { key: 'archive', name: 'archive', lookbackMs: 167 * 3_600_000, deduplicateBy: 'id' },
    ]);
  });

  it('collects each content type once, however it is written', async () => {
    const { tenants } = await load(
      shortForm().replace('[Audit.General]', '[audit.general, AUDIT.GENERAL, Audit.Teams]'),
    );
    expect(tenants[0]?.subscriptions).toEqual(['Audit.General', 'Audit.Teams']);
  });

  it('warns of a content type that looks like a slip of the pen', async () => {
    const { warnings } = await load(shortForm().replace('Audit.General', 'Audit.Exchnage'));
    expect(warnings).toEqual([
      "office365-ingest.yaml:4 subscriptions[0] is none of Microsoft's documented content types; did you mean Audit.Exchange?",
    ]);
  });

  it.each([
    ['commercial', 'manage.office.com', 'login.microsoftonline.com'],
    ['gcc', 'manage-gcc.office.com', 'login.microsoftonline.com'],
    ['gcc-high', 'manage.office365.us', 'login.microsoftonline.us'],
    ['dod', 'manage.protection.apps.mil', 'login.microsoftonline.us'],
    ['china', 'manage.office365.cn', 'login.partner.microsoftonline.cn'],
  ])('knows the hosts of %s', async (apiType, apiHost, loginHost) => {
    const { tenants } = await load(shortForm(`api_type: ${apiType}`));
    expect(tenants[0]).toMatchObject({
      apiUrl: `https://${apiHost}`,
      loginUrl: `https://${loginHost}`,
      scope: `https://${apiHost}/.default`,
    });
  });

  it.each([
    'http://127.0.0.1:8080',
    'http://127.1.2.3:80',
    'http://[::1]:9',
    'http://localhost',
    'https://proxy:1/',
  ])('sends requests to %s and keeps the scope of the cloud', async (url) => {
    const { tenants } = await load(shortForm('api_type: gcc', `api_url: ${url}`, `login_url: ${url}`));
    expect(tenants[0]).toMatchObject({
      apiUrl: new URL(url).origin,
      loginUrl: new URL(url).origin,
      scope: 'https://manage-gcc.office.com/.default',
    });
  });

  it.each([
    ['client_secret: squirrel', { type: 'secret' }],
    ['managed_identity: system', { type: 'managedIdentity', clientId: undefined }],
    [`managed_identity: ${fabrikam.toUpperCase()}`, { type: 'managedIdentity', clientId: fabrikam }],
    ['federated_token_path: f', { type: 'federatedToken', path: 'f' }],
    [
      'client_certificate_path: f\nclient_certificate_key_path: f\nclient_certificate_password_path: f',
      { type: 'certificate', path: 'f', keyPath: 'f', passwordPath: 'f' },
    ],
  ])('signs in by %s', async (lines, credential) => {
    const workingFolder = await aFolder({
      'office365-ingest.yaml': shortForm()
        .replace('client_secret: squirrel', lines)
        .replace(/^client_id: .*\n(?=managed_identity)/m, ''),
      f: 'x',
    });
    const { tenants } = await loadConfig({ environment: {}, workingFolder });
    const absolute = Object.entries(credential).map(([key, value]) => [
      key,
      value === 'f' ? join(workingFolder, 'f') : value,
    ]);
    expect(tenants[0]?.credential).toMatchObject(Object.fromEntries(absolute));
  });
});

describe('the network', () => {
  it('is what the environment says where the configuration is silent', async () => {
    expect((await load(shortForm())).network).toEqual({ proxyUrl: undefined, caPath: undefined });
  });

  it('is read from any one file, beside tenants, a tenant or alone', async () => {
    const workingFolder = await aFolder({
      'conf/a.yaml': shortForm('ca_path: ca.pem'),
      'conf/b.yaml': 'proxy_url: http://user:${PASSWORD}@proxy.example:3128/',
      'conf/ca.pem': makeAuthority().certificatePem + makeAuthority().certificatePem,
    });
    const environment = { PASSWORD: 'squirrel' };
    const { network, tenants } = await loadConfig({ path: 'conf', environment, workingFolder });
    expect(tenants).toHaveLength(1);
    expect(network.caPath).toBe(join(workingFolder, 'conf/ca.pem'));
    expect(network.proxyUrl?.reveal()).toBe('http://user:squirrel@proxy.example:3128');
    expect(JSON.stringify(network)).not.toContain('squirrel');
  });
});

describe('several tenants', () => {
  it('lets a tenant say otherwise than the top level', async () => {
    const { tenants } = await load(
      [
        'interval: 2m',
        'api_type: gcc',
        'Subscriptions: [Audit.General]',
        `client_id: ${application}`,
        'client_secret: shared',
        'start_time: 2026-11-20T00:00:00Z',
        'tenants:',
        `  - tenant_id: ${contoso}`,
        '    interval: 3m',
        '    api_type: dod',
        '    subscriptions: [DLP.All]',
        '    lookback: 1h',
        '    client_secret: own',
        `  - tenant_id: ${fabrikam}`,
      ].join('\n'),
    );
    expect(tenants).toMatchObject([
      {
        settings: { intervalMs: 180_000, lookbackMs: 3_600_000 },
        scope: 'https://manage.protection.apps.mil/.default',
        subscriptions: ['DLP.All'],
        startTime: undefined,
        credential: { type: 'secret' },
      },
      {
        settings: { intervalMs: 120_000 },
        scope: 'https://manage-gcc.office.com/.default',
        subscriptions: ['Audit.General'],
        startTime: '2026-11-20T00:00:00.000Z',
        credential: { type: 'secret' },
      },
    ]);
  });

  it('gives them one shared destination, and keeps a definition in a tenant to that tenant', async () => {
    const { tenants, destinations } = await load(
      twoTenants(
        '    destinations: [all, { name: own, type: file, path: own }]',
        'destinations:',
        '  - { name: all, type: file, path: all }',
      ),
    );
    expect(tenants.map((tenant) => tenant.destinations)).toEqual([['all'], ['all', `${fabrikam}/own`]]);
    expect(destinations.map(({ key, name }) => [key, name])).toEqual([
      ['all', 'all'],
      [`${fabrikam}/own`, 'own'],
    ]);
  });

  it('leaves out a destination that no tenant names, and says so', async () => {
    const { destinations, warnings } = await load(
      shortForm()
        .replace('tenant_id', 'tenants:\n  - tenant_id')
        .replaceAll(/^(client|subs)/gm, '    $1') +
        '\n    destinations: [a]\ndestinations: [{name: a, type: file, path: a}, {name: b, type: file, path: b}]',
    );
    expect(destinations.map(({ key }) => key)).toEqual(['a']);
    expect(warnings).toEqual(['office365-ingest.yaml:7 destination b is named by no tenant']);
  });
});
