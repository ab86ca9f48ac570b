import { afterEach, describe, expect, it } from 'vitest';
import { SharedBlobs } from '../../src/activities/shared-blobs.ts';
import { StallWatchdog } from '../../src/activities/stall-watchdog.ts';
import type { RecordsOfBlob } from '../../src/destinations/destination.ts';
import { aBlob } from '../contract/blobs.ts';

/** Two readers of shared blobs, without destinations around them. */
const patience = { stallMs: 60, finishMs: 120 };
let watchdog: StallWatchdog;

afterEach(() => watchdog.stop());

describe('two that wait for each other', () => {
  it('lose one of them, and the other reads on to the end', async () => {
    const { readers, cutOff } = watched(['first', 'second']);
    const [ofFirst, ofSecond] = await Promise.all(readers.map(takeTwo));
    // Each reads another blob first, and waits for the other one there.
    const reading = [readAll(ofFirst![0]), readAll(ofSecond![1])].map((result, place) =>
      Promise.race([result, rejected(cutOff[place]!)]),
    );
    const results = await Promise.allSettled(reading);
    expect(results.filter(({ status }) => status === 'rejected')).toHaveLength(1);
    expect(results.find(({ status }) => status === 'fulfilled')).toMatchObject({ value: ['1', '2', '3'] });
  });
});

describe('three, of which two wait for each other', () => {
  it('lose one of them, and the two that are left go on', async () => {
    // The first that is cut off lets go of what it reads only after a while.
    const { readers, cutOff } = watched(['first', 'second', 'third'], { leavesAfterMs: 25 });
    const [ofFirst, ofSecond, ofThird] = await Promise.all(readers.map(takeTwo));
    const isCutOff = cutOff.map((signal) => rejected(signal).catch((error: unknown) => error));
    const results = Promise.allSettled([
      Promise.race([readAll(ofFirst![0]), isCutOff[0]]),
      Promise.race([readAll(ofSecond![1]), isCutOff[1]]).then(() => readAll(ofSecond![0])),
      Promise.all([readAll(ofThird![0]), readAll(ofThird![1])]),
    ]);
    await results;
    expect(cutOff.map(({ aborted }) => aborted)).toEqual([true, false, false]);
  });
});

describe('a reader that waits for the source', () => {
  it('is not cut off, although others wait for it elsewhere', async () => {
    const { readers, cutOff, release } = watched(['first', 'second'], { isStuck: true });
    const [ofFirst, ofSecond] = await Promise.all(readers.map(takeTwo));
    const reading = [readAll(ofFirst![0]), readAll(ofSecond![0]), readAll(ofSecond![1])];
    await later(4 * patience.stallMs);
    release();
    await Promise.all(reading.slice(0, 2));
    expect(cutOff.map(({ aborted }) => aborted)).toEqual([false, false]);
    await ofFirst![1]!.records[Symbol.asyncIterator]().return?.();
    expect(await reading[2]).toEqual(['1', '2', '3']);
  });
});

describe('a reader that is cut off', () => {
  it('gets nothing more, whatever it asks for', async () => {
    const { readers, cutOff } = watched(['lazy', 'eager']);
    const [lazy, eager] = readers.map((blobs) => blobs[Symbol.asyncIterator]());
    const [first] = await Promise.all([lazy!.next(), eager!.next()]);
    void eager!.next();
    await expect(rejected(cutOff[0]!)).rejects.toMatchObject({ kind: 'unavailable' });
    const { records } = first.value as RecordsOfBlob;
    await expect(readAll({ records })).rejects.toThrow('destination lazy took nothing for 0.06 s');
  });
});

describe('a reader that is busy', () => {
  it('is not cut off when the one that could wait for it has failed', async () => {
    const { readers, cutOff } = watched(['well', 'broken']);
    const [well, broken] = readers.map((blobs) => blobs[Symbol.asyncIterator]());
    await Promise.all([well!.next(), broken!.next()]);
    watchdog.ended(1, 'failed');
    await broken!.return?.();
    await expect(Promise.race([rejected(cutOff[0]!), later(4 * patience.finishMs)])).resolves.toBe('later');
  });

  it('is not cut off after the others finished while it acknowledges', async () => {
    const { cutOff } = watched(['slow', 'quick']);
    watchdog.ended(1, 'finished');
    const acknowledging = setInterval(() => watchdog.moved(0), patience.finishMs / 4);
    const outcome = Promise.race([rejected(cutOff[0]!), later(3 * patience.finishMs)]);
    await expect(outcome.finally(() => clearInterval(acknowledging))).resolves.toBe('later');
    await expect(rejected(cutOff[0]!)).rejects.toThrow('acknowledged nothing for 0.12 s after others');
  });
});

interface Conditions {
  /** The records of the first blob come only after `release`. */
  readonly isStuck?: boolean;
  readonly leavesAfterMs?: number;
}

function watched(names: readonly string[], { isStuck = false, leavesAfterMs = 0 }: Conditions = {}) {
  let release = () => {};
  const released = new Promise<void>((resolve) => {
    release = resolve;
  });
  async function* source() {
    yield { ...aBlob('a'), records: records(isStuck ? released : undefined) };
    for (const id of ['b', 'c']) yield { ...aBlob(id), records: records() };
  }
  const shared = new SharedBlobs(source(), names.length);
  watchdog = new StallWatchdog(names, patience);
  const cutOff = names.map((_, place) => watchdog.cutOff(place));
  for (const [place, signal] of cutOff.entries()) {
    signal.addEventListener('abort', () => setTimeout(() => void shared.leave(place), leavesAfterMs));
  }
  return { readers: names.map((_, place) => watchdog.watch(place, shared.of(place))), cutOff, release };
}

async function* records(start?: Promise<void>) {
  await start;
  for (const record of ['1', '2', '3']) yield [Buffer.from(record)];
}

async function takeTwo(blobs: AsyncIterable<RecordsOfBlob>): Promise<RecordsOfBlob[]> {
  const iterator = blobs[Symbol.asyncIterator]();
  return [await iterator.next(), await iterator.next()].map(({ value }) => value as RecordsOfBlob);
}

async function readAll(blob: Pick<RecordsOfBlob, 'records'> | undefined): Promise<string[]> {
  const read: string[] = [];
  for await (const batch of blob!.records) read.push(...batch.map(String));
  return read;
}

function rejected(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    if (signal.aborted) reject(signal.reason as Error);
    signal.addEventListener('abort', () => reject(signal.reason as Error));
  });
}

function later(ms: number): Promise<string> {
  return new Promise((resolve) => setTimeout(() => resolve('later'), ms));
}
