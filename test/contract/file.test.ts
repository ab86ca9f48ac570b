import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createFileDestination } from '../../src/destinations/file/index.ts';
import { takeLock } from '../../src/destinations/file/lock.ts';
import { describeDestinationContract, type DestinationUnderTest } from './destination-contract.ts';
import { linesBelow } from './file-system.ts';

async function makeFileSystem(): Promise<DestinationUnderTest> {
  const folder = await mkdtemp(join(tmpdir(), 'file-contract-'));
  const path = join(folder, 'events');
  const destination = createFileDestination('archive', { path });
  return {
    destination,
    stored: () => linesBelow(path),
    breakDown: async () => {
      await rename(path, `${path}.away`).catch(() => undefined);
      await writeFile(path, 'a file is in the way');
    },
    mend: async () => {
      await rm(path);
      await rename(`${path}.away`, path).catch(() => undefined);
    },
    stall: async () => (await takeLock(path, new AbortController().signal)).release,
    dispose: async () => {
      await destination.close();
      await rm(folder, { recursive: true });
    },
  };
}

describeDestinationContract('file', makeFileSystem, {
  storesOnce: true,
  storedForm: (record) => record.map((byte) => (byte === 0x0a || byte === 0x0d ? 0x20 : byte)),
});
