import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import fc from 'fast-check';
import {
  checkReading,
  cutPositions,
  damagedBody,
  recordLimit,
  validBody,
} from '../test/unit/splitter-oracle.ts';

/**
 * Holds the record reader against `JSON.parse` with random bodies until the time is over. Prints seed and count of runs;
 * ends with 1 at the first body that is read wrongly, after it was made as small as possible, and for one that never ends.
 *
 *     npm run fuzz -- --seconds 60 --seed 1
 */

const runsPerRound = 2_000;

/** A round takes seconds; one that takes longer than this hangs. */
const hangMs = 60_000;

interface Round {
  readonly seed: number;
  readonly runs: number;
  readonly failure: string | undefined;
}

if (process.send === undefined) fuzz();
else await runRounds(Number(process.argv[2]));

function fuzz(): void {
  const { values } = parseArgs({ options: { seconds: { type: 'string' }, seed: { type: 'string' } } });
  const seconds = Number(values.seconds ?? 60);
  const firstSeed = Number(values.seed ?? Date.now() % 2 ** 31);
  if (!(seconds > 0) || !Number.isSafeInteger(firstSeed)) {
    process.stderr.write('--seconds must be a number above 0 and --seed a whole number\n');
    process.exit(2);
  }
  process.stdout.write(`seed ${firstSeed}, ${seconds} s\n`);

  // In a process of its own, so that a hang can be seen.
  const rounds = fork(fileURLToPath(import.meta.url), [String(firstSeed)]);
  const endMs = Date.now() + seconds * 1000;
  let runs = 0;
  let seed = firstSeed;
  const end = (status: number, message: string): void => {
    process.stdout.write(`${message}\n`);
    rounds.removeAllListeners().kill('SIGKILL');
    process.exit(status);
  };
  const startWatch = () => setTimeout(() => end(1, `seed ${seed}: hangs`), hangMs);
  let watch = startWatch();
  rounds.on('exit', (status) => end(1, `seed ${seed}: crashed with status ${status}`));
  rounds.on('message', (round: Round) => {
    clearTimeout(watch);
    watch = startWatch();
    runs += round.runs;
    seed = round.seed + 1;
    if (round.failure !== undefined) end(1, `seed ${round.seed}: ${round.failure}`);
    else if (Date.now() >= endMs) end(0, `${runs} runs: nothing lost, invented, altered or left hanging`);
  });
}

/** Without end: the other process ends it. */
async function runRounds(firstSeed: number): Promise<void> {
  const body = fc.oneof(
    validBody.map((text) => Buffer.from(text)),
    damagedBody,
    fc.uint8Array({ maxLength: 60 }),
  );
  const property = fc.asyncProperty(body, cutPositions, recordLimit, async (bytes, cuts, limit) => {
    await checkReading(bytes, cuts, limit);
  });
  for (let seed = firstSeed; ; seed++) {
    const result = await fc.check(property, { seed, numRuns: runsPerRound });
    const failure = result.failed ? fc.defaultReportMessage(result) : undefined;
    process.send?.({ seed, runs: result.numRuns, failure } satisfies Round);
  }
}
