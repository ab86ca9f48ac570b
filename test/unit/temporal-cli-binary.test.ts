import { chmod, mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ConfigError } from '../../src/errors.ts';
import { buildTemporalCli } from '../../src/temporal/build.ts';
import { findTemporalCli, TemporalCliNotFoundError } from '../../src/temporal/cli-binary.ts';
import { cachedCliPath, installCli } from '../../src/temporal/cli-cache.ts';
import { temporalCliVersion } from '../../src/temporal/cli-version.ts';

const goodAnswer = 'temporal version 1.8.2 (Server 1.31.2, UI 2.50.1)';
const oldAnswer = 'temporal version 1.0.0 (Server 1.24.2, UI 2.28.0)';

let folder: string;
let environment: NodeJS.ProcessEnv;
let progress: string[];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'temporal-cli-'));
  environment = { XDG_CACHE_HOME: join(folder, 'cache'), PATH: join(folder, 'bin'), HOME: folder };
  progress = [];
});

afterEach(async () => {
  await chmod(join(folder, 'cache'), 0o755).catch(() => undefined);
  await rm(folder, { recursive: true });
});

/** A shell script at the path; `body` may use the shell's own commands only, unless it names them by path. */
async function aScript(path: string, body: string): Promise<string> {
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, `#!/bin/sh\n${body}\n`, { mode: 0o755 });
  return path;
}

const aCli = (path: string, answer = goodAnswer) => aScript(path, `echo '${answer}'`);

const refuse = (reason: string) => (): Promise<string> => Promise.reject(new Error(reason));
const make = (options: { folder: string }): Promise<string> => aCli(join(options.folder, 'made'));

type Ways = Parameters<typeof findTemporalCli>[1];

function find(ways: Ways = { download: refuse('no network'), build: refuse('no go') }, signal?: AbortSignal) {
  return findTemporalCli({ environment, onProgress: (line) => progress.push(line), signal }, ways);
}

describe('the search for a Temporal CLI', () => {
  it('takes the first of: path given, PATH, cache, download, build', async () => {
    const given = await aCli(join(folder, 'given'));
    const onPath = await aCli(join(folder, 'bin', 'temporal'));
    const cached = await aCli(cachedCliPath(environment));
    environment['TEMPORAL_CLI_PATH'] = given;
    expect(await find()).toEqual({ path: given, source: 'TEMPORAL_CLI_PATH' });
    delete environment['TEMPORAL_CLI_PATH'];
    expect(await find()).toEqual({ path: onPath, source: 'PATH' });
    await rm(onPath);
    expect(await find()).toEqual({ path: cached, source: 'cache' });
    await rm(cached);
    expect(await find({ download: make, build: make })).toEqual({ path: cached, source: 'download' });
    await rm(cached);
    expect(await find({ download: refuse('no network'), build: make })).toEqual({
      path: cached,
      source: 'build',
    });
    expect(await find()).toEqual({ path: cached, source: 'cache' });
  });

  it.each([
    ['does not exist', () => join(folder, 'nowhere')],
    ['does not answer --version as the Temporal CLI does', () => aCli(join(folder, 'other'), 'tctl 1.18')],
    ['is too old: it holds server 1.24.2', () => aCli(join(folder, 'old'), oldAnswer)],
  ])('refuses a given path at once when it %s', async (reason, makePath) => {
    const path = await makePath();
    environment['TEMPORAL_CLI_PATH'] = path;
    await aCli(join(folder, 'bin', 'temporal'));
    const error = await find().catch((caught: unknown) => caught);
    expect(error).toBeInstanceOf(ConfigError);
    expect((error as Error).message).toContain(`TEMPORAL_CLI_PATH cannot be used: ${path} ${reason}`);
  });

  it('goes on when the one on the PATH cannot be used', async () => {
    await aCli(join(folder, 'bin', 'temporal'), oldAnswer);
    const cached = await aCli(cachedCliPath(environment));
    expect(await find()).toEqual({ path: cached, source: 'cache' });
  });

  it('replaces a cached one that cannot be used', async () => {
    const cached = await aCli(cachedCliPath(environment), 'half a binary');
    expect(await find({ download: refuse('no network'), build: make })).toEqual({
      path: cached,
      source: 'build',
    });
    expect(await find()).toEqual({ path: cached, source: 'cache' });
  });

  it('lists every way with its reason, and what to install, when none works', async () => {
    await aCli(join(folder, 'bin', 'temporal'), oldAnswer);
    const error = await find().catch((caught: unknown) => caught);
    expect(error).toBeInstanceOf(TemporalCliNotFoundError);
    const lines = (error as Error).message.split('\n').map((line) => line.trim());
    expect(lines.slice(1, 6)).toEqual([
      'TEMPORAL_CLI_PATH: not set',
      expect.stringMatching(/^PATH: .*too old/),
      expect.stringMatching(/^cache: .*does not exist/),
      'download: no network',
      'build: no go',
    ]);
    expect(lines[6]).toMatch(/docs\.temporal\.io\/cli.*TEMPORAL_CLI_PATH.*go\.dev\/dl/);
  });

  it('ends with the reason of its signal', async () => {
    const reason = new Error('not wanted any more');
    const download = async () => {
      giveUp.abort(reason);
      throw new Error('interrupted');
    };
    const giveUp = new AbortController();
    await expect(find({ download, build: make }, giveUp.signal)).rejects.toBe(reason);
  });
});

describe('the cache', () => {
  it('shows a binary only when it is whole, executable and tried', async () => {
    const cached = cachedCliPath(environment);
    await installCli(cached, async (newFolder) => {
      expect(dirname(newFolder)).toBe(dirname(cached));
      const binary = await make({ folder: newFolder });
      await chmod(binary, 0o600);
      await expect(stat(cached)).rejects.toThrow('ENOENT');
      return binary;
    });
    expect((await stat(cached)).mode & 0o777).toBe(0o755);
    expect(await readdir(dirname(cached))).toEqual(['temporal']);
  });

  it('keeps what it has when a new binary is no good', async () => {
    const cached = await aCli(cachedCliPath(environment));
    const broken = ({ folder: newFolder }: { folder: string }) => aCli(join(newFolder, 'made'), 'nonsense');
    await expect(installCli(cached, (newFolder) => broken({ folder: newFolder }))).rejects.toThrow(
      '--version',
    );
    expect(await readFile(cached, 'utf8')).toContain(goodAnswer);
    expect(await readdir(dirname(cached))).toEqual(['temporal']);
  });

  it('takes two binaries at once without harm', async () => {
    const both = { arrived: 0, release: () => {} };
    const bothArrived = new Promise<void>((resolve) => (both.release = resolve));
    const together = async (newFolder: string) => {
      both.arrived += 1;
      if (both.arrived === 2) both.release();
      await bothArrived;
      return make({ folder: newFolder });
    };
    const cached = cachedCliPath(environment);
    await Promise.all([installCli(cached, together), installCli(cached, together)]);
    expect(await readdir(dirname(cached))).toEqual(['temporal']);
    expect(await find()).toEqual({ path: cached, source: 'cache' });
  });
});

describe('the build', () => {
  /** A `go` that answers like the real one; `build` is what it does for `go build`, where `$7` is the output. */
  const aGo = ({ version = '1.26.4', goCache = folder, build = '' } = {}) =>
    aScript(
      join(folder, 'bin', 'go'),
      `case "$1" in
         version) echo 'go version go${version} linux/amd64' ;;
         env) echo '${goCache}'; echo '${folder}' ;;
         build) ${build || ':'} ;;
       esac`,
    );

  const build = (signal?: AbortSignal) =>
    findTemporalCli(
      { environment, onProgress: (line) => progress.push(line), signal },
      { download: refuse('no network'), build: buildTemporalCli },
    );

  it('runs go build on a copy of the module that requires the same version', async () => {
    await aGo({
      build: `echo "$@" > ${folder}/args
        echo "$CGO_ENABLED $GOWORK" > ${folder}/environment
        while read -r line; do echo "$line"; done < go.mod > ${folder}/go.mod
        echo 'go: downloading x v1' >&2; echo some/package >&2
        while [ "$1" != -o ]; do shift; done
        echo '#!/bin/sh' > "$2"; echo "echo '${goodAnswer}'" >> "$2"`,
    });
    expect(await build()).toEqual({ path: cachedCliPath(environment), source: 'build' });
    expect(await readFile(join(folder, 'args'), 'utf8')).toMatch(
      /^build -v -trimpath -ldflags -s -w -X \S+\.Version=1\.8\.2 -o \S+ github\.com\/temporalio\/cli\/cmd\/temporal\n$/,
    );
    expect(await readFile(join(folder, 'environment'), 'utf8')).toBe('0 off\n');
    expect(await readFile(join(folder, 'go.mod'), 'utf8')).toContain(
      `github.com/temporalio/cli v${temporalCliVersion}`,
    );
    expect(progress[0]).toMatch(/^Building the Temporal CLI 1\.8\.2 .*: 0 s, 0 modules/);
  });

  it.each(['1.21.13', '1.26', '1.26.3'])(
    'names the version needed and the one found when Go is %s',
    async (version) => {
      await aGo({ version });
      await expect(build()).rejects.toThrow(`build: Go 1.26.4 or newer is needed, found is ${version} `);
    },
  );

  it.each(['1.26.8', '1.27rc1', '2.0'])('accepts Go %s', async (version) => {
    await aGo({ version, build: 'echo reached >&2; exit 1' });
    await expect(build()).rejects.toThrow('reached');
  });

  it('names the version found when Go wants to fetch a newer one and cannot', async () => {
    await aScript(
      join(folder, 'bin', 'go'),
      'if [ "$GOTOOLCHAIN" = local ]; then echo go version go1.22.1 linux/amd64; else exit 1; fi',
    );
    await expect(build()).rejects.toThrow('Go 1.26.4 or newer is needed, found is 1.22.1');
  });

  it('says so when there is no Go', async () => {
    await expect(build()).rejects.toThrow('build: there is no go on the PATH; Go 1.26.4 or newer is needed');
  });

  it('names the room it needs and the room there is', async () => {
    const fullFolder = process.platform === 'linux' ? '/proc' : '/dev';
    await aGo({ goCache: fullFolder });
    await expect(build()).rejects.toThrow(`needs about 2.4 GB free for ${fullFolder}, free are 0.0 GB`);
  });

  it('shows the last lines of a failed build without the password of a proxy', async () => {
    await aGo({ build: `echo 'dial https://user:hunter2@proxy.example.com: refused' >&2; exit 3` });
    const error = await build().catch((caught: unknown) => caught as Error);
    expect((error as Error).message).toMatch(
      /build: go ended with 3\n\s+dial https:\/\/\[secret\]@proxy\.example\.com/,
    );
  });

  it('interrupts Go when it is given up', async () => {
    const trace = join(folder, 'trace');
    await aGo({
      build: `trap 'echo interrupted >> ${trace}; exit 1' INT
        echo started > ${trace}; while :; do /bin/sleep 0.05; done`,
    });
    const reason = new Error('not wanted any more');
    const giveUp = new AbortController();
    const building = build(giveUp.signal);
    const readTrace = () => readFile(trace, 'utf8').catch(() => '');
    await expect.poll(readTrace).toBe('started\n');
    giveUp.abort(reason);
    await expect(building).rejects.toBe(reason);
    expect(await readTrace()).toBe('started\ninterrupted\n');
    expect(await readdir(dirname(cachedCliPath(environment)))).toEqual([]);
  });
});
