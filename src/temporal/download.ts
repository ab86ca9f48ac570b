import { stat } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { EnvHttpProxyAgent, request } from 'undici';
import { temporalCliVersion } from './cli-version.ts';
import { type OnProgress, withProgress } from './progress.ts';
import { runTool } from './run-tool.ts';

/** From where the SDK takes the CLI (`ephemeral_server` in its core). */
const downloadSite = 'https://temporal.download';
const siteTimeoutMs = 4_000;

/**
 * Runs in a process of its own, because the SDK's download can be stopped only together with its process, and because
 * it creates the SDK's runtime, which a worker of ours wants to create with its own options.
 */
const sdkDownload = `
  const [packagePath, downloadDir, version] = process.argv.slice(1);
  const executable = { type: 'cached-download', downloadDir, version };
  require(packagePath).TestWorkflowEnvironment.createLocal({ server: { executable } })
    .then((environment) => environment.teardown())
    .catch((error) => { process.stderr.write(error.message + '\\n'); process.exitCode = 1; });
`;

export interface DownloadOptions {
  /** The binary is put here. */
  readonly folder: string;
  readonly environment: NodeJS.ProcessEnv;
  readonly onProgress: OnProgress;
  readonly signal?: AbortSignal | undefined;
}

/** Lets the Temporal SDK download its CLI. Gives up after 4 s if the download site does not answer. */
export async function downloadTemporalCli(options: DownloadOptions, site = downloadSite): Promise<string> {
  await assertSiteAnswers(site, options.signal);
  const { folder, environment, onProgress, signal } = options;
  const version = `v${temporalCliVersion}`;
  const binary = join(folder, `temporal-${version}`);
  let megabytes = 0;
  const measure = async () => {
    const { size } = await stat(`${binary}.downloading`).catch(() => ({ size: 0 }));
    megabytes = Math.max(megabytes, Math.round(size / 1e6));
  };
  const timer = setInterval(() => void measure(), 1_000);
  try {
    await withProgress(
      { onProgress, title: `Downloading the Temporal CLI ${version}`, detail: () => `${megabytes} MB` },
      () =>
        runTool({
          command: process.execPath,
          args: ['-e', sdkDownload, testingPackage(), folder, version],
          cwd: folder,
          environment,
          signal,
        }),
    );
  } finally {
    clearInterval(timer);
  }
  return binary;
}

async function assertSiteAnswers(site: string, signal: AbortSignal | undefined): Promise<void> {
  const timeout = AbortSignal.timeout(siteTimeoutMs);
  const dispatcher = new EnvHttpProxyAgent();
  try {
    const { statusCode, body } = await request(`${site}/cli/v${temporalCliVersion}`, {
      query: {
        arch: process.arch === 'x64' ? 'amd64' : process.arch,
        platform: process.platform,
        format: 'tar.gz',
      },
      dispatcher,
      signal: signal ? AbortSignal.any([signal, timeout]) : timeout,
    });
    await body.dump();
    if (statusCode >= 400) throw new Error(`it answers with status ${statusCode}`);
  } catch (error) {
    signal?.throwIfAborted();
    const reason = timeout.aborted ? `no answer within ${siteTimeoutMs / 1000} s` : (error as Error).message;
    throw new Error(`${site} cannot be used: ${reason}`, { cause: error });
  } finally {
    await dispatcher.destroy();
  }
}

function testingPackage(): string {
  try {
    return createRequire(import.meta.url).resolve('@temporalio/testing');
  } catch (error) {
    throw new Error('the package @temporalio/testing is not installed', { cause: error });
  }
}
