import { chmod } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { loadConfig } from '../../src/config/load.ts';
import {
  aFolder,
  application,
  contoso,
  load,
  problemsIn,
  problemsOf,
  shortForm,
  twoTenants,
} from './config-folder.ts';

const five = 'Audit.AzureActiveDirectory, Audit.Exchange, Audit.SharePoint, Audit.General, DLP.All';
const aGuid = 'is not a GUID such as 01234567-89ab-cdef-0123-456789abcdef;';
const plainHttp =
  'must start with https://; plain http:// is for this machine only (127.0.0.1, [::1], localhost)';
const originOnly =
  'must be scheme, host and port alone, such as https://manage.office.com; remove what stands behind or before the host';
const aDuration = 'must be a duration with its unit, such as 30s, 5m, 2h30m or 7d';

describe('a key of the short form', () => {
  it.each([
    ['clientid: x', 'clientid: is not a known key; did you mean client_id?'],
    ['Subscription: [DLP.All]', 'Subscription: is not a known key; did you mean subscriptions?'],
    ['Subscriptions: [DLP.All]', 'Subscriptions: is the same as subscriptions; keep one of the two'],
    ['name: ""', 'name: is empty'],
    ['name: 17', 'name: must be text; put it in quotes'],
    ['name:', 'name: has no value; write one or remove the key'],
    ['client_secret_path: .', 'client_secret: is incompatible with client_secret_path; keep one of the two'],
    [
      'managed_identity: true',
      'managed_identity: must be `system`, or the client id of a user-assigned identity such as 01234567',
    ],
    ['managed_identity: system', 'managed_identity: is incompatible with client_secret; keep one of the two'],
    ['proxy_url: proxy:3128', 'proxy_url: must be the address of a proxy, such as http://proxy.example:3128'],
    ['proxy_url: http://proxy/path', 'proxy_url: must be the address of a proxy,'],
    ['ca_path: missing.pem', 'ca_path: names a file that cannot be read: it does not exist'],
    [
      'ca_path: office365-ingest.yaml',
      'ca_path: names a file that does not hold certificates in PEM form alone: write them into it, or name another file',
    ],
    [
      'client_certificate_key_path: office365-ingest.yaml',
      'client_certificate_key_path: belongs to a certificate; name it by client_certificate_path beside this key, or remove this key',
    ],
    ['publisher_id: 123', 'publisher_id: must be text; put it in quotes'],
    ['publisher_id: a-b', `publisher_id: ${aGuid} take the id of your own tenant`],
    ['start_time: 2026-11-22T12:00:01Z', 'start_time: is in the future; name a time that is past'],
    ['start_time: 2026-11-21', 'start_time: must be a time with its zone, such as 2026-11-22T00:00:00Z'],
    [
      'start_time: 2026-11-21T00:00:00',
      'start_time: must be a time with its zone, such as 2026-11-22T00:00:00Z',
    ],
    ['sweep_ages: [1h, 999ms]', 'sweep_ages[1]: must be a duration from 1s to 7d'],
    ['lookback: 8d', 'lookback: must be a duration from 0s to 7d'],
    ['lookback: 7', `lookback: ${aDuration}`],
    ['interval: 1 minute', `interval: ${aDuration}`],
    ['interval: 0s', 'interval: must be a duration from 1ms to 1d'],
    [
      'requests_per_minute: 0',
      'requests_per_minute: must be a whole number from 1, such as 1000, or `unlimited`',
    ],
    [
      'requests_per_minute: some',
      'requests_per_minute: must be a whole number from 1, such as 1000, or `unlimited`',
    ],
    ['api_type: gov', 'api_type: must be one of commercial, gcc, gcc-high, dod, china'],
    ['api_url: manage.office.com', 'api_url: must be an address such as https://manage.office.com'],
    ['api_url: http://manage.office.com', `api_url: ${plainHttp}`],
    ['login_url: http://127.0.0.1.example.com', `login_url: ${plainHttp}`],
    ['api_url: https://manage.office.com/api', `api_url: ${originOnly}`],
    ['api_url: http://localhost?x=1', `api_url: ${originOnly}`],
    ['api_url: https://user:word@host', `api_url: ${originOnly}`],
    [
      'destinations: [archive]',
      'destinations[0]: names archive, but the top level defines no destinations; define it there',
    ],
    ['destinations: [{name: a}]', 'destinations[0].type: is missing; it takes'],
    ['destinations: [{name: a, type: files}]', 'destinations[0].type: must be'],
    [
      'destinations: [{name: a/b, type: file, path: x}]',
      'destinations[0].name: is not a name: up to 63 letters',
    ],
    [
      'destinations: [{name: a, type: file, pth: x, path: x}]',
      'destinations[0].pth: is not a known key; did you mean path?',
    ],
    ['destinations: [{name: a, type: file}]', 'destinations[0].path: is missing'],
    ['destinations: [17]', 'destinations[0]: must be a name or a definition with name and type'],
    ['destinations: []', 'destinations: is empty; name a destination or remove the key'],
    [
      'name: ${NO}',
      'name: needs the environment variable NO, which is not set; set it or write the value here',
    ],
    ['name: ${A-b}', 'name: has a ${…} that is not the name of an environment variable; write ${NAME}'],
    [
      'name: *nobody',
      'name: starts with *, which YAML takes for a reference, and refers to nothing that is complete before it; put the value in quotes',
    ],
    [
      'tenant_id: x',
      'tenant_id: stands here a second time (first in office365-ingest.yaml:1); keep one of them',
    ],
  ])('is refused with its line and the remedy: %s', async (line, problem) => {
    const problems = await problemsIn(shortForm(line));
    expect(problems.map((text) => text.replace(/^\d+ /, '')).join('\n')).toContain(problem);
    expect(problems[0]).toMatch(line.startsWith('client_secret_path') ? /^3 / : /^5 /);
  });

  it.each([
    ['tenant_id', ` tenant_id: is missing; name the directory to collect from`],
    ['client_id', ` client_id: is missing; name the application to sign in as`],
    [
      'client_secret',
      ' client_secret_path: is missing; a tenant needs one of client_secret_path, client_secret, client_certificate_path, federated_token_path, managed_identity',
    ],
    ['subscriptions', ` subscriptions: is missing; list content types; Microsoft documents ${five}`],
  ])('is asked for when it is missing: %s', async (key, problem) => {
    expect(await problemsIn(shortForm().replace(new RegExp(`^${key}:.*$`, 'm'), ''))).toEqual([problem]);
  });

  it.each([
    ['tenant_id', contoso, '<your tenant id>', `1 tenant_id: ${aGuid} copy the "Directory (tenant) ID"`],
    ['client_id', application, '0000-1111', `2 client_id: ${aGuid} copy the "Application (client) ID"`],
    [
      'subscriptions',
      '[Audit.General]',
      '[]',
      `4 subscriptions: names no content type; Microsoft documents ${five}`,
    ],
    [
      'subscriptions',
      'Audit.General',
      '../up',
      `4 subscriptions[0]: is not a content type; Microsoft documents ${five}`,
    ],
    [
      'subscriptions',
      '[Audit.General]',
      'Audit.General',
      '4 subscriptions: must be a list, each entry on a line of its own',
    ],
    ['client_secret', 'squirrel', '""', '3 client_secret: is empty'],
    ['client_secret', 'squirrel', '12345', '3 client_secret: must be text; put it in quotes'],
  ])('is refused when its value is wrong: %s: %s -> %s', async (_key, from, to, problem) => {
    const problems = await problemsIn(shortForm().replace(from, to));
    expect(problems).toHaveLength(1);
    expect(problems[0]).toContain(problem);
  });
});

describe('a managed identity', () => {
  const identity = (...lines: string[]) =>
    shortForm('managed_identity: system', ...lines).replace(/^client_.*\n/gm, '');

  it('needs no client_id', async () => {
    await expect(load(identity())).resolves.toBeDefined();
  });

  it('is not mixed with an application, which it might be thought to sign in as', async () => {
    expect(await problemsIn(identity(`client_id: ${application}`))).toEqual([
      '4 client_id: belongs to an application, but managed_identity signs in as itself; remove this key, or write the client id of a user-assigned identity as the value of managed_identity',
    ]);
  });

  it('leaves an application to the tenants that have one', async () => {
    const yaml = twoTenants().replace('client_secret: squirrel', 'managed_identity: system');
    await expect(load(yaml)).resolves.toBeDefined();
  });
});

describe('what holds for the whole process', () => {
  it('stands at the top level', async () => {
    expect((await problemsIn(twoTenants('    proxy_url: http://proxy:3128')))[0]).toContain(
      '8 tenants[1].proxy_url: is not a known key',
    );
  });

  it('stands in one file', async () => {
    const workingFolder = await aFolder({
      'conf/a.yaml': shortForm('proxy_url: http://one:3128'),
      'conf/b.yaml': 'proxy_url: http://two:3128',
    });
    expect(await problemsOf(loadConfig({ path: 'conf', environment: {}, workingFolder }))).toEqual([
      {
        where: 'conf/b.yaml:1',
        key: 'proxy_url',
        problem: 'stands in conf/a.yaml:5, too; it holds for all tenants, so keep one of the two',
      },
    ]);
  });
});

describe('a secret file', () => {
  it.each([
    ['missing', 'names a file that cannot be read: it does not exist; create it or correct the path'],
    ['.', 'names a file that cannot be read: it is a folder; name the file in it'],
    ['empty', 'names a file that is empty: write the secret into it'],
    ['blank', 'names a file that is empty: write the secret into it'],
  ])('is refused when it is %s', async (name, problem) => {
    const workingFolder = await aFolder({
      'office365-ingest.yaml': shortForm().replace(
        'client_secret: squirrel',
        `client_certificate_path: ${name}`,
      ),
      empty: '',
      blank: ' \n',
    });
    const problems = await problemsOf(loadConfig({ environment: {}, workingFolder }));
    expect(problems).toMatchObject([{ where: 'office365-ingest.yaml:3', key: 'client_certificate_path' }]);
    expect(problems[0]?.problem).toContain(problem);
  });

  it('is refused when it may not be read', async () => {
    const workingFolder = await aFolder({
      'office365-ingest.yaml': shortForm().replace('client_secret: squirrel', 'client_secret_path: closed'),
      closed: 'x',
    });
    await chmod(workingFolder, 0o755);
    await chmod(`${workingFolder}/closed`, 0);
    // Nothing is closed to root, so it steps down for a moment.
    const isRoot = process.geteuid?.() === 0;
    if (isRoot) process.seteuid?.('nobody');
    const [problem] = await problemsOf(loadConfig({ environment: {}, workingFolder })).finally(() => {
      if (isRoot) process.seteuid?.(0);
    });
    expect(problem?.problem).toContain('no permission; let the user of this process read it');
  });
});
