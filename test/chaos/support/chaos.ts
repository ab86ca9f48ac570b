import path from 'node:path';
import type { UpdateDefinition } from '@temporalio/common';
import { randomFrom, randomKey } from '../../../src/simulator/random.ts';
import { test as base, type Stand, type StandOptions } from '../../e2e/support/stand.ts';
import { diceOf, type Dice } from '../../unit/checkpoint-model/dice.ts';
import { judge, settle } from './judgement.ts';
import { startRecordingSiem, workerHeader, type RecordingSiem } from './recording-siem.ts';
import { sendUpdate } from './send-update.ts';
import { WorkerCrew, workerName, type Disturbance } from './worker-crew.ts';

export { contentType, exactly } from '../../e2e/support/stand.ts';

export interface ChaosOptions extends Pick<StandOptions, 'simulator' | 'settings' | 'address'> {
  /** Default: that of the suite, mixed with the name of the test. */
  readonly seed?: string;
}

/** One subscription with a file destination (`archive`) and an http destination (`siem`) that counts every repeat. */
export class Chaos {
  readonly stand: Stand;
  readonly siem: RecordingSiem;
  readonly dice: Dice;
  readonly crew: WorkerCrew;
  /** What was done beside kills that may leave acknowledgements unknown. */
  readonly disturbances: Disturbance[] = [];
  /** Printed when the test ends. */
  readonly counts: Record<string, number | string> = {};

  constructor(stand: Stand, siem: RecordingSiem, dice: Dice) {
    this.stand = stand;
    this.siem = siem;
    this.dice = dice;
    this.crew = new WorkerCrew(stand, dice);
  }

  count(what: string, by = 1): void {
    this.counts[what] = Number(this.counts[what] ?? 0) + by;
  }

  /** Removes faults of the simulator; without ids all. */
  heal(faultIds?: readonly string[]): void {
    const { simulator } = this.stand;
    for (const { id, answered } of simulator.faults()) {
      if (faultIds?.includes(id) === false) continue;
      this.count('spoilt answers', answered);
      simulator.removeFault(id);
    }
  }

  /** Sends an update to the subscription and returns its answer. */
  update<Result, Argument>(
    definition: UpdateDefinition<Result, [Argument]>,
    argument: Argument,
  ): Promise<Result> {
    return sendUpdate(this, definition, argument);
  }

  /** Ends all faults and the arrival of new content, and waits until every destination has everything. */
  settle(): Promise<void> {
    return settle(this);
  }

  /** Expects that nothing is missing, altered or lost, files are exact, and repeats at the SIEM explained by disturbances. */
  judge(): Promise<void> {
    return judge(this);
  }
}

/** `raise` makes a subscription with two destinations; what became of it is printed when the test ends. */
export const test = base.extend<{ raise: (options?: ChaosOptions) => Promise<Chaos> }>({
  raise: async ({ setUp, task }, use) => {
    const raised: Chaos[] = [];
    const seed = `${process.env['CHAOS_SEED'] ?? ''} ${task.name}`;
    await use(async (options = {}) => {
      const chaos = await raise(setUp, { seed, ...options });
      raised.push(chaos);
      return chaos;
    });
    for (const { counts, siem } of raised) {
      const listed = Object.entries(counts).map(([what, count]) => `\n  ${what}: ${count}`);
      process.stderr.write(`CHAOS_SEED=${process.env['CHAOS_SEED'] ?? ''} ${task.name}${listed.join('')}\n`);
      await siem.close();
    }
  },
});

async function raise(
  setUp: (options: StandOptions) => Promise<Stand>,
  { seed, simulator, settings, address }: ChaosOptions & { readonly seed: string },
): Promise<Chaos> {
  const small = { historyHours: 4, blobsPerHour: 20, recordsPerBlob: [1, 4], liveEveryMs: 500 } as const;
  const stand = await setUp({
    simulator: { seed, ...small, ...simulator },
    settings: { max_interval: '1s', listing_heartbeat: '10s', ...settings },
    ...(address !== undefined && { address }),
  });
  const siem = await startRecordingSiem(path.join(stand.folder, 'siem'));
  await stand.configure({
    destinations: [
      { name: 'archive', type: 'file', path: './events' },
      {
        name: 'siem',
        type: 'http',
        url: siem.siem.url,
        headers: { [workerHeader]: workerName },
        timeout: '5s',
        // No blob is cut into several requests, one of which could arrive without the others.
        max_batch_size: '32MiB',
        max_batch_age: '100ms',
      },
    ],
  });
  return new Chaos(stand, siem, diceOf(randomFrom(randomKey(seed))()));
}
