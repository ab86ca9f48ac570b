import { describe, expect, it } from 'vitest';
import { loadConfig } from '../../src/config/load.ts';
import {
  aFolder,
  application,
  contoso,
  fabrikam,
  load,
  problemsIn,
  problemsOf,
  shortForm,
  twoTenants,
} from './config-folder.ts';

describe('several tenants', () => {
  it('are not mixed with the short form', async () => {
    expect(await problemsIn(twoTenants(`tenant_id: ${application}`, 'name: x'))).toEqual([
      '8 tenant_id: cannot stand beside tenants; move it into an entry of tenants, or remove tenants',
      '9 name: cannot stand beside tenants; move it into an entry of tenants, or remove tenants',
    ]);
  });

  it('have an id and a name of their own', async () => {
    const yaml = twoTenants('    name: same')
      .replace(fabrikam, contoso.toUpperCase())
      .replace('squirrel', 'squirrel\n    name: same');
    expect(await problemsIn(yaml)).toEqual([
      '7 tenants[1].tenant_id: stands in office365-ingest.yaml:4, too; remove one of the two',
      '9 tenants[1].name: stands in office365-ingest.yaml:6, too; give each tenant a name of its own',
    ]);
  });

  it('name their destinations where there is more than one, lest one gets what is for another', async () => {
    const destinations = ['{name: a, type: file, path: a}', '{name: b, type: file, path: b}'];
    const yaml = twoTenants('    destinations: [a]', `destinations: [${destinations.join(', ')}]`);
    expect(await problemsIn(yaml)).toEqual([
      "4 tenants[0].destinations: is missing, and it is not plain which of a, b this tenant's events may go to; list the names of its own",
    ]);
    await expect(load(yaml.replace('squirrel', 'squirrel\n    destinations: [b]'))).resolves.toBeDefined();
  });

  it('name destinations that exist, each once', async () => {
    const yaml = twoTenants(
      '    destinations: [archve, archive, archive, { name: archive, type: file, path: a }, splunk]',
      'destinations:',
      '  - { name: archive, type: file, path: a }',
      '  - { name: archive, type: file, path: b }',
      '  - other',
    ).replace('squirrel', 'squirrel\n    destinations: [archive]');
    expect(await problemsIn(yaml)).toEqual([
      '9 tenants[1].destinations[0]: names archve, which is not defined at the top level; did you mean archive?',
      '9 tenants[1].destinations[2]: stands for archive, which is in this list already; remove or rename one of the two',
      '9 tenants[1].destinations[3]: stands for archive, which is in this list already; remove or rename one of the two',
      '9 tenants[1].destinations[4]: names splunk, which is not defined at the top level; defined are archive, archive',
      '12 destinations[1].name: stands in office365-ingest.yaml:11, too; give each destination a name of its own',
      '13 destinations[2]: is a name, but destinations are defined here: write name, type and the options of the type',
    ]);
  });

  it('are at least one', async () => {
    expect(await problemsIn('# nothing')).toEqual([' : names no tenant; add tenant_id, client_id, …']);
    expect(await problemsIn('tenants: []')).toEqual([
      '1 tenants: names no tenant; add one with its tenant_id',
    ]);
  });
});

describe('a folder', () => {
  it('names both places of what stands in two files', async () => {
    const workingFolder = await aFolder({
      'conf/a.yaml': shortForm('destinations: [{ name: d, type: file, path: d }]'),
      'conf/b.yaml': shortForm('destinations: [{ name: d, type: file, path: d }]'),
    });
    const problems = await problemsOf(loadConfig({ path: 'conf', environment: {}, workingFolder }));
    expect(problems).toEqual([
      {
        where: 'conf/b.yaml:1',
        key: 'tenant_id',
        problem: 'stands in conf/a.yaml:1, too; remove one of the two',
      },
      {
        where: 'conf/b.yaml:5',
        key: 'destinations[0].name',
        problem: 'stands in conf/a.yaml:5, too; give each destination a name of its own',
      },
    ]);
  });

  it("does not give a tenant what stands in another tenant's short form, unless by name", async () => {
    const other = shortForm().replace(contoso, fabrikam);
    const files = {
      'conf/a.yaml': shortForm('destinations: [{ name: d, type: file, path: d }]'),
      'conf/b.yaml': other,
    };
    const loading = loadConfig({ path: 'conf', environment: {}, workingFolder: await aFolder(files) });
    expect(await problemsOf(loading)).toMatchObject([{ where: 'conf/b.yaml', key: 'destinations' }]);
    const named = { ...files, 'conf/b.yaml': `${other}\ndestinations: [d]` };
    const config = await loadConfig({ path: 'conf', environment: {}, workingFolder: await aFolder(named) });
    expect(config.tenants[1]?.destinations).toEqual(['d']);
  });

  it('tells what is wrong in one file although another is no YAML', async () => {
    const workingFolder = await aFolder({
      'conf/a.yaml': 'destinations:\n\t- archive',
      'conf/b.yaml': shortForm('destinations: [archive]', 'nam: x'),
    });
    const problems = await problemsOf(loadConfig({ path: 'conf', environment: {}, workingFolder }));
    expect(problems.map(({ where, key }) => [where, key])).toEqual([
      ['conf/a.yaml:2', ''],
      ['conf/b.yaml:6', 'nam'],
    ]);
  });

  it('and a file have to exist', async () => {
    const workingFolder = await aFolder({ 'conf/readme.md': '' });
    const remedy = 'or name another by --config or OFFICE365_INGEST_CONFIG';
    expect(await problemsOf(loadConfig({ environment: {}, workingFolder }))).toEqual([
      {
        where: 'office365-ingest.yaml',
        key: '',
        problem: `cannot be read: it does not exist; create it or correct the path, ${remedy}`,
      },
    ]);
    expect(await problemsOf(loadConfig({ path: 'conf', environment: {}, workingFolder }))).toEqual([
      { where: 'conf', key: '', problem: 'is a folder without .yaml files; put at least one into it' },
    ]);
  });
});

describe('text that is not YAML', () => {
  it.each([
    ['a:\n\t- b', '2 : is indented by a tab; use spaces'],
    ['a: 1\n b: 2', '1 : does not fit the lines around it'],
    ['a: !secret', '1 : has a value that starts with "!"; put it in quotes'],
    ['\na: @secret', '2 : has a value that starts with a character that YAML reserves; put it in quotes'],
    ['a: "\\q"', '1 : has a backslash in double quotes; use single quotes'],
    ["a: 'b", '1 : misses the end of a quote'],
    ['a: b\n---\na: b', '2 : starts a second document with "---"'],
    ['a: 1\n}', '2 : is not valid YAML (UNEXPECTED_TOKEN); compare it with config/example.yaml'],
  ])('is refused with its line: %j', async (yaml, problem) => {
    expect((await problemsIn(yaml))[0]).toContain(problem);
  });

  it.each(['- a', 'just text'])('is refused when it is no map: %j', async (yaml) => {
    expect(await problemsIn(yaml)).toEqual([' : must be a map of keys and values']);
  });

  it('is refused when it refers to itself', async () => {
    expect((await problemsIn(shortForm('destinations: &d [*d]')))[0]).toContain(
      '5 destinations[0][0]: starts with *',
    );
  });
});

it('reports everything at once, in the order of the lines', async () => {
  const problems = await problemsIn(`
interval: 5
zzz: 1
client_secret: a
tenants:
  - tenant_id: nonsense
    client_id: \${MISSING}
    start_time: 2027-01-01T00:00:00Z
    destinations: [nowhere]
  - client_secret_path: missing
    client_secret: b
    api_url: http://example.com
`);
  expect(problems.map((text) => text.split(':')[0])).toEqual([
    '2 interval',
    '3 zzz',
    '6 tenants[0].tenant_id',
    '6 tenants[0].subscriptions',
    '7 tenants[0].client_id',
    '8 tenants[0].start_time',
    '9 tenants[0].destinations[0]',
    '10 tenants[1].client_secret_path',
    '10 tenants[1].tenant_id',
    '10 tenants[1].client_id',
    '10 tenants[1].subscriptions',
    '11 tenants[1].client_secret',
    '12 tenants[1].api_url',
  ]);
});
