import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import { verifyDelivery, type Verification } from '../../../src/simulator/verify.ts';
import type { Simulator } from '../../../src/simulator/start.ts';
import { linesOf, startSiem, type Siem } from '../../fakes/siem.ts';

/** The header by which a worker says who it is. */
export const workerHeader = 'X-Worker';

/** A record that was stored, once or again. */
export interface Stored {
  readonly atMs: number;
  /** Name of the worker that sent it. */
  readonly worker: string;
}

/** A SIEM that remembers of each record when it was stored and who sent it, and keeps all it was sent in a file. */
export interface RecordingSiem {
  readonly siem: Siem;
  /** Of each record, by its hash, each time it was stored, in order. */
  readonly stored: ReadonlyMap<string, readonly Stored[]>;
  /** Compares what was stored with what the simulator has made available: each repeat counts as doubled. */
  verify(simulator: Simulator): Promise<Verification>;
  close(): Promise<void>;
}

/** Starts one that writes to `received.ndjson` in a folder. */
export async function startRecordingSiem(folder: string): Promise<RecordingSiem> {
  await mkdir(folder, { recursive: true });
  const file = path.join(folder, 'received.ndjson');
  const received = createWriteStream(file);
  await once(received, 'open');
  const stored = new Map<string, Stored[]>();
  const senders = new WeakMap<Buffer, string>();
  let sender = '';
  const siem = await startSiem({
    onRequest: ({ headers, body }) => {
      senders.set(body, String(headers[workerHeader.toLowerCase()]));
      return undefined;
    },
    // A body is cut into records right before they are stored.
    recordsOf: (body) => {
      sender = senders.get(body) ?? '';
      return linesOf(body);
    },
    onStored: (record) => {
      const hash = createHash('sha256').update(record).digest('base64url');
      stored.set(hash, [...(stored.get(hash) ?? []), { atMs: Date.now(), worker: sender }]);
      received.write(record);
      received.write('\n');
    },
  });
  return {
    siem,
    stored,
    verify: async (simulator) => {
      await new Promise((written) => received.write('', written));
      return verifyDelivery({ population: simulator.snapshot(), paths: [file] });
    },
    close: async () => {
      await siem.close();
      received.end();
      await once(received, 'close');
    },
  };
}
