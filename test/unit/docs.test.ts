import { execFile } from 'node:child_process';
import { access, readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { failureTypes } from '../../src/activities/failures.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const docs = (await readdir(path.join(root, 'docs'))).filter((name) => name.endsWith('.md'));
const pages = ['README.md', ...docs.map((name) => `docs/${name}`)];

describe('the runbook', () => {
  it('has one row for each failure type, and no other', async () => {
    const [, section = ''] = (await readPage('docs/runbook.md')).split(/^## Failure types$/m);
    const table = section.split(/^## /m)[0]!;
    const rows = [...table.matchAll(/^\| `([^`]+)`/gm)].map(([, type]) => type);
    expect(rows).toEqual(failureTypes);
  });
});

describe('the README', () => {
  it('names every command that --help lists', async () => {
    const readme = await readPage('README.md');
    const commands = await listedCommands();
    expect(commands).toContain('status');
    for (const command of commands) expect(readme).toContain(`\`office365-ingest ${command}\``);
  });
});

describe.each(pages)('the relative links of %s', (page) => {
  it('lead to files that exist, and to headings in them', async () => {
    expect(await deadLinks(page)).toEqual([]);
  });
});

function readPage(page: string): Promise<string> {
  return readFile(path.join(root, page), 'utf8');
}

async function listedCommands(): Promise<readonly string[]> {
  const main = new URL('../../src/cli/main.ts', import.meta.url).href;
  const program = `const { main } = await import(${JSON.stringify(main)}); await main(['--help']);`;
  const args = ['--import', import.meta.resolve('tsx'), '--input-type=module', '--eval', program];
  const { stdout } = await promisify(execFile)(process.execPath, args);
  const [, section = ''] = stdout.split('Commands:\n');
  const commands = [...section.matchAll(/^ {2}([a-z]+)/gm)].map(([, command]) => command!);
  return commands.filter((command) => command !== 'help');
}

async function deadLinks(page: string): Promise<readonly string[]> {
  const text = withoutCode(await readPage(page));
  const targets = [...text.matchAll(/\]\(([^)\s]+)\)/g)].map(([, target]) => target!);
  const relative = targets.filter((target) => !/^[a-z]+:/i.test(target));
  const isDead = await Promise.all(relative.map(async (target) => !(await leadsSomewhere(page, target))));
  return relative.filter((_, index) => isDead[index]);
}

async function leadsSomewhere(page: string, target: string): Promise<boolean> {
  const [file = '', anchor] = target.split('#');
  const linked = file === '' ? page : path.join(path.dirname(page), file);
  try {
    await access(path.join(root, linked));
  } catch {
    return false;
  }
  return anchor === undefined || (await anchorsOf(linked)).includes(anchor);
}

/** Headings as GitHub names them in links. */
async function anchorsOf(page: string): Promise<readonly string[]> {
  const headings = withoutCode(await readPage(page)).matchAll(/^#+ (.+)$/gm);
  return [...headings].map(([, heading]) =>
    heading!
      .toLowerCase()
      .replace(/[^\p{L}\p{N}\s_-]/gu, '')
      .replaceAll(' ', '-'),
  );
}

function withoutCode(text: string): string {
  return text.replace(/^ *```.*?^ *```$/gms, '').replace(/`[^`\n]*`/g, '');
}
