import { writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { bundleWorkflowCode } from '@temporalio/worker';

/** The bundle that `npm run build` made, beside the compiled program. */
export const workflowBundlePath = fileURLToPath(new URL('../workflow-bundle.js', import.meta.url));

/** Bundles the workflows of this program into one file for the sandbox. */
export async function writeWorkflowBundle(path: string): Promise<void> {
  const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'js';
  const workflowsPath = fileURLToPath(new URL(`../workflows/index.${extension}`, import.meta.url));
  const { code } = await bundleWorkflowCode({
    workflowsPath,
    logger: silent,
  });
  await writeFile(path, code);
}

const silence = () => undefined;
const silent = { log: silence, trace: silence, debug: silence, info: silence, warn: silence, error: silence };
