import type { RecordingSiem, Stored } from './recording-siem.ts';
import type { Disturbance } from './worker-crew.ts';

/**
 * Acknowledgements reach the server with heartbeats, which pass once in 0.8 of the time-out of `forwardContent` (20 s): what is
 * younger is not known to the next attempt. Two seconds for a heartbeat on its way on a busy machine.
 */
const heartbeatGapMs = 16_000 + 2_000;

/** A request that was on its way when its worker was killed may be stored a little later. */
const inTransitMs = 1_000;

export interface Repeats {
  /** Records stored once more. */
  readonly count: number;
  /** Records that a disturbance may have left unknown to the server: there may be no more repeats than these. */
  readonly bound: number;
  /** Repeats that no disturbance explains. */
  readonly unexplained: number;
}

/** Judges each repeat by what was done to the workers, and to the server, soon after the record was acknowledged. */
export function judgeRepeats({ stored }: RecordingSiem, disturbances: readonly Disturbance[]): Repeats {
  const occurrences = [...stored.values()];
  const repeated = occurrences.flatMap((times) => times.slice(0, -1));
  const mayRepeat = (one: Stored) => disturbances.some((disturbance) => concerns(disturbance, one));
  return {
    count: repeated.length,
    bound: occurrences.flat().filter(mayRepeat).length,
    unexplained: repeated.filter((one) => !mayRepeat(one)).length,
  };
}

function concerns({ fromMs, toMs, worker }: Disturbance, stored: Stored): boolean {
  if (worker !== undefined && worker !== stored.worker) return false;
  return stored.atMs >= fromMs - heartbeatGapMs && stored.atMs <= toMs + inTransitMs;
}
