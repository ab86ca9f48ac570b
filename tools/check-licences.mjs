/**
 * Checks that everything a user of the program installs is under a licence that we accept; prints each package that is not
 * and ends with 1. It reads package-lock.json and the package.json files below node_modules.
 */
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

/** Permissive licences, by their SPDX identifiers: they ask for a notice at most. */
const accepted = new Set([
  '0BSD',
  'Apache-2.0',
  'BlueOak-1.0.0',
  'BSD-2-Clause',
  'BSD-3-Clause',
  'CC0-1.0',
  'ISC',
  'MIT',
  'Unlicense',
]);

/** Packages whose package.json does not settle it, with what a person found. */
const examined = {
  // Data of browsers' features, used unchanged; attribution is in its own LICENSE.
  'caniuse-lite': 'CC-BY-4.0',
  // No licence in package.json; its LICENSE is the text of the Unlicense.
  unionfs: undefined,
};

const root = fileURLToPath(new URL('..', import.meta.url));
const { packages } = JSON.parse(await readFile(path.join(root, 'package-lock.json'), 'utf8'));
const installedByUsers = Object.entries(packages).filter(([folder, { dev }]) => folder !== '' && !dev);

const problems = [];
for (const [folder, locked] of installedByUsers) {
  const problem = await problemOf(folder, locked);
  if (problem !== undefined) problems.push(`${nameOf(folder)}: ${problem}`);
}
process.stdout.write(`${installedByUsers.length} packages, ${problems.length} with a licence to look at\n`);
for (const problem of problems) process.stderr.write(`${problem}\n`);
if (problems.length > 0) process.exitCode = 1;

/** @returns what is wrong, in words */
async function problemOf(folder, locked) {
  const installed = await readManifest(folder);
  // What is built for another system is not installed here; the lockfile says its licence, too.
  if (installed === undefined && !locked.optional && !locked.devOptional)
    return 'not installed; run `npm ci` first';
  const { name, license } = installed ?? { name: nameOf(folder), ...locked };
  if (Object.hasOwn(examined, name) && examined[name] === license) return undefined;
  if (license === undefined) return 'no licence stated';
  if (!isAccepted(license)) return `${JSON.stringify(license)} is not among the accepted licences`;
  return undefined;
}

function nameOf(folder) {
  return folder.replace(/^.*node_modules\//, '');
}

async function readManifest(folder) {
  try {
    return JSON.parse(await readFile(path.join(root, folder, 'package.json'), 'utf8'));
  } catch (error) {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  }
}

/** Of an SPDX expression one alternative of each OR has to be accepted, and all parts of each AND. No nesting. */
function isAccepted(expression) {
  const alternatives = String(expression)
    .replace(/^\(([^()]*)\)$/, '$1')
    .split(' OR ');
  return alternatives.some((alternative) => alternative.split(' AND ').every((name) => accepted.has(name)));
}
