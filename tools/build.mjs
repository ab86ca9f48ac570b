/**
 * Builds `dist/`: the compiled program, the workflow bundle and the simulator's events. It builds aside and renames, so
 * that a program that runs meanwhile never sees half a build, and does nothing when all is current.
 */
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chmod, cp, mkdtemp, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const root = fileURLToPath(new URL('..', import.meta.url));
const target = path.join(root, 'dist');

const stamp = await hashOfSources();
if ((await readFile(path.join(target, '.stamp'), 'utf8').catch(() => '')) !== stamp) await build();

async function build() {
  const aside = await mkdtemp(path.join(root, 'dist.'));
  try {
    // mkdtemp keeps others out; a program that root installed has to be readable by whoever runs it.
    await chmod(aside, 0o755);
    await compile(aside);
    await cp(path.join(root, 'src/simulator/events'), path.join(aside, 'simulator/events'), {
      recursive: true,
    });
    await bundleWorkflows(aside);
    await writeFile(path.join(aside, '.stamp'), stamp);
    await replaceTarget(aside);
  } finally {
    await rm(aside, { recursive: true, force: true });
  }
}

async function compile(folder) {
  const args = [compilerPath(), '-p', 'tsconfig.build.json', '--outDir', folder];
  try {
    await promisify(execFile)(process.execPath, args, { cwd: root });
  } catch (error) {
    process.stderr.write(error.stdout ?? '');
    throw new Error('the program does not compile', { cause: error });
  }
}

function compilerPath() {
  try {
    return fileURLToPath(new URL('bin/tsc', import.meta.resolve('typescript/package.json')));
  } catch (error) {
    throw new Error('building needs the development dependencies: run `npm ci` without --omit=dev', {
      cause: error,
    });
  }
}

async function bundleWorkflows(folder) {
  const { writeWorkflowBundle } = await import(path.join(folder, 'worker/bundle.js'));
  await writeWorkflowBundle(path.join(folder, 'workflow-bundle.js'));
}

async function replaceTarget(aside) {
  const old = `${aside}.old`;
  await rename(target, old).catch((error) => {
    if (error.code !== 'ENOENT') throw error;
  });
  await rename(aside, target).catch((error) => {
    // Another build of the same tree put its result there in between.
    if (error.code !== 'ENOTEMPTY' && error.code !== 'EEXIST') throw error;
  });
  await rm(old, { recursive: true, force: true });
}

/** Everything the build depends on: sources, settings and the exact versions of the packages. */
async function hashOfSources() {
  const hash = createHash('sha256').update(process.version.split('.')[0]);
  const files = await readdir(path.join(root, 'src'), { recursive: true, withFileTypes: true });
  const names = files.filter((file) => file.isFile()).map((file) => path.join(file.parentPath, file.name));
  const settings = [
    'package.json',
    'package-lock.json',
    'tsconfig.json',
    'tsconfig.build.json',
    'tools/build.mjs',
  ];
  for (const name of [...names.toSorted(), ...settings.map((setting) => path.join(root, setting))]) {
    hash
      .update(path.relative(root, name))
      .update('\0')
      .update(await readFile(name).catch(() => ''));
  }
  return hash.digest('hex');
}
