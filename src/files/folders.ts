import { mkdir, open } from 'node:fs/promises';
import { dirname } from 'node:path';

/** Creates the folder and those above it that are missing, and makes their names durable. */
export async function createFolder(folder: string): Promise<void> {
  const firstCreated = await mkdir(folder, { recursive: true });
  if (firstCreated === undefined) return;
  for (let created = folder; created.length >= firstCreated.length; created = dirname(created)) {
    await syncFolder(dirname(created));
  }
}

/** A new file or folder survives a loss of power only when the folder that names it is synced, too. */
export async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
