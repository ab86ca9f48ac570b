import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import type { WorkflowHandle } from '@temporalio/client';
import { historyToJSON } from '@temporalio/common/lib/proto-utils.js';

const target = fileURLToPath(new URL('../test/replay/histories', import.meta.url));

/** Writes the history of one run, without what names the machine. */
export async function keepHistory(
  handle: WorkflowHandle,
  name: string,
  workflowType = 'ingestSubscription',
): Promise<void> {
  const history = historyToJSON(await handle.fetchHistory())
    .replace(/"identity":\s*"[^"]*"/g, '"identity": "worker"')
    .replace(/[^" ]*\/office365-ingest-histories-\w+\/stage-\w+/g, '/data');
  const folder = path.join(target, workflowType);
  await mkdir(folder, { recursive: true });
  await writeFile(path.join(folder, `${name}.json`), `${JSON.stringify(JSON.parse(history), null, 1)}\n`);
  process.stdout.write(`${name}\n`);
}

export async function currentRun(handle: WorkflowHandle): Promise<string> {
  return (await handle.describe()).runId;
}
