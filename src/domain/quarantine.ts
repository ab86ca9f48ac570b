/**
 * Quarantine: blobs that are set aside because they failed by themselves, so that newer ones go on. Each is tried again with
 * growing pauses until it is delivered, lost, or discarded by an operator.
 */

import type { BlobReference } from './content-blob.ts';
import { isoTime, parseTime } from './time-window.ts';

export interface QuarantinedBlob extends BlobReference {
  /** The destinations that do not have it. */
  readonly destinations: readonly string[];
  /** They had it before: it is sent again, and counts in no coverage. */
  readonly isResend?: true;
  /** How often it failed. */
  readonly attempts: number;
  readonly failureType: string;
  readonly message: string;
  /** When it failed first. ISO. */
  readonly since: string;
  /** Not tried before. ISO. */
  readonly nextAttempt: string;
  /** The totals count the blob already, or will for another entry of it. */
  readonly isCounted?: true;
}

/** Attempts before a blob counts as quarantined; until then it is pending, and tried again within seconds. */
const attemptsBeforeQuarantine = 3;

/** Pauses after the first failures: three attempts within some 15 s. */
const firstPausesMs = [3_000, 10_000];

const minuteMs = 60_000;
const longestPauseMs = 60 * minuteMs;

/** Blobs in quarantine beyond which nothing more is set aside: the position waits instead. 300 KB of the state at most. */
export const maxQuarantined = 1_000;

/** An attempt that began less than this ago may have been cut off before it came to anything: it does not count. */
const attemptMs = 5_000;

/** Characters of a failure's message that are kept. */
const keptMessage = 160;

/** How long a blob rests after it failed so often, in milliseconds: seconds at first, then a minute, doubling to an hour. */
export function quarantinePauseMs(attempts: number): number {
  const first = firstPausesMs[attempts - 1];
  if (first !== undefined) return first;
  if (attempts < 1) return 0;
  return Math.min(longestPauseMs, minuteMs * 2 ** Math.min(attempts - attemptsBeforeQuarantine, 10));
}

/** A blob that was set aside at a time (ms) after its first failure, or (`attempts` 0) before it was tried at all. */
export function setAside(
  blob: BlobReference,
  destinations: readonly string[],
  failure: { readonly failureType: string; readonly message: string; readonly attempts: number },
  nowMs: number,
): QuarantinedBlob {
  return {
    ...blob,
    destinations,
    attempts: failure.attempts,
    failureType: failure.failureType,
    message: failure.message.slice(0, keptMessage),
    since: isoTime(nowMs),
    nextAttempt: isoTime(nowMs + quarantinePauseMs(failure.attempts)),
  };
}

/** The same blob after it failed again. */
export function failedAgain(
  blob: QuarantinedBlob,
  failure: { readonly failureType: string; readonly message: string },
  nowMs: number,
): QuarantinedBlob {
  const attempts = blob.attempts + 1;
  return {
    ...blob,
    attempts,
    failureType: failure.failureType,
    message: failure.message.slice(0, keptMessage),
    nextAttempt: isoTime(nowMs + quarantinePauseMs(attempts)),
  };
}

export function isQuarantined({ attempts }: QuarantinedBlob): boolean {
  return attempts >= attemptsBeforeQuarantine;
}

/**
 * The same blob after an activity tried it from one time (ms) to another by itself, with the pauses of
 * {@link quarantinePauseMs}, and was cancelled between two attempts.
 */
export function triedMeanwhile(blob: QuarantinedBlob, startMs: number, endMs: number): QuarantinedBlob {
  let { attempts } = blob;
  let nextMs = Math.max(startMs, parseTime(blob.nextAttempt));
  while (nextMs + attemptMs <= endMs) {
    attempts++;
    nextMs += Math.max(1_000, quarantinePauseMs(attempts));
  }
  return attempts === blob.attempts ? blob : { ...blob, attempts, nextAttempt: isoTime(nextMs) };
}

/** The quarantine as it is by now: the workflow learns of attempts that failed only when an activity ends. */
export function quarantineBy(
  quarantine: readonly QuarantinedBlob[],
  nowMs: number,
): readonly QuarantinedBlob[] {
  return quarantine.map((blob) => triedMeanwhile(blob, 0, nowMs));
}
