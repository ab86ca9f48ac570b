import { setImmediate as turn } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Destination } from '../../src/destinations/destination.ts';
import { DestinationError } from '../../src/errors.ts';
import {
  aBlob,
  breakingOff,
  handOver,
  handOverStreams,
  hanging,
  nastyRecords,
  outcomesOf,
  type BlobOfTest,
} from './blobs.ts';

/** A fresh destination and a hand on the system behind it. */
export interface DestinationUnderTest {
  readonly destination: Destination;
  /** Every record that the system holds at this moment, in any order, repeats included. */
  stored(): Promise<readonly Uint8Array[]>;
  /** From now on the system refuses everything. */
  breakDown(): Promise<void>;
  /** Ends `breakDown`. */
  mend(): Promise<void>;
  /** From now on the system neither takes nor refuses anything, until the returned function is called. */
  stall(): Promise<() => Promise<void>>;
  /** Closes the destination and removes everything. */
  dispose(): Promise<void>;
}

interface Traits {
  /** A blob that comes again is not stored again. */
  readonly storesOnce: boolean;
  /** How the system holds a record; by default the very bytes. */
  readonly storedForm?: (record: Uint8Array) => Uint8Array;
}

const timeoutMs = 20_000;

/** What `Destination` promises, checked against one implementation. */
export function describeDestinationContract(
  name: string,
  make: () => Promise<DestinationUnderTest>,
  { storesOnce, storedForm = (record) => record }: Traits,
): void {
  describe(`${name} keeps the contract of a destination:`, { timeout: timeoutMs }, () => {
    let system: DestinationUnderTest;
    beforeEach(async () => {
      system = await make();
    });
    afterEach(() => system.dispose());

    async function storedTexts(): Promise<string[]> {
      return (await system.stored()).map(asText).toSorted();
    }

    function textsOf(...blobs: readonly BlobOfTest[]): string[] {
      return blobs.flatMap((blob) => blob.records.map((record) => asText(storedForm(record)))).toSorted();
    }

    it('has stored all records of a blob when it says so', async () => {
      const blobs = numberedBlobs(20);
      const signal = new AbortController().signal;
      for await (const outcome of system.destination.deliver(handOver(blobs), signal)) {
        const blob = blobs.find(({ contentId }) => contentId === outcome.contentId);
        expect(await storedTexts()).toEqual(expect.arrayContaining(textsOf(blob!)));
      }
    });

    it('gives each blob exactly one outcome, with its records and bytes', async () => {
      const blobs = [...numberedBlobs(30), aBlob('empty', { records: [] })];
      const outcomes = await outcomesOf(system.destination, handOver(blobs));
      expect(outcomes).toHaveLength(blobs.length);
      expect(outcomes).toEqual(expect.arrayContaining(blobs.map((blob) => deliveredOnce(blob))));
      expect(await storedTexts()).toEqual(textsOf(...blobs));
    });

    it('stores the bytes of a record as they came', async () => {
      const blob = aBlob('nasty', { records: nastyRecords() });
      await outcomesOf(system.destination, handOver([blob]));
      expect(await storedTexts()).toEqual(textsOf(blob));
    });

    it('takes the same blobs again', async () => {
      const blobs = numberedBlobs(10);
      await outcomesOf(system.destination, handOver(blobs));
      const outcomes = await outcomesOf(system.destination, handOver(blobs));
      expect(outcomes.map(({ status }) => status)).toEqual(blobs.map(() => 'delivered'));
      if (!storesOnce) return;
      expect(outcomes).toEqual(
        expect.arrayContaining(blobs.map((blob) => ({ ...deliveredOnce(blob), bytes: 0, isRepeat: true }))),
      );
      expect(await storedTexts()).toEqual(textsOf(...blobs));
    });

    it('takes the same blobs several times at once', async () => {
      const blobs = numberedBlobs(25);
      const all = await Promise.all(
        [blobs, blobs.toReversed(), blobs].map((same) => outcomesOf(system.destination, handOver(same))),
      );
      for (const outcomes of all) {
        expect(outcomes.map(({ contentId }) => contentId).toSorted()).toEqual(
          blobs.map(({ contentId }) => contentId).toSorted(),
        );
        expect(outcomes.every(({ status }) => status === 'delivered')).toBe(true);
      }
      const stored = await storedTexts();
      expect(storesOnce ? stored : [...new Set(stored)]).toEqual(textsOf(...blobs));
    });

    it('reports a blob whose records break off as failed, holds nothing of it, and stores the others', async () => {
      const error = new Error('the body was truncated');
      const [first, broken, last] = numberedBlobs(3) as [BlobOfTest, BlobOfTest, BlobOfTest];
      async function* blobs() {
        yield* handOver([first]);
        yield { ...broken, records: breakingOff(broken.records, error) };
        yield* handOver([last]);
      }
      const outcomes = await outcomesOf(system.destination, blobs());
      expect(outcomes).toHaveLength(3);
      expect(outcomes).toEqual(
        expect.arrayContaining([
          deliveredOnce(first),
          { contentId: broken.contentId, status: 'failed', error },
          deliveredOnce(last),
        ]),
      );
      expect(await storedTexts()).toEqual(textsOf(first, last));
    });

    it('stores a blob that failed when it comes again', async () => {
      const blob = aBlob('second try');
      const broken = {
        contentId: blob.contentId,
        records: breakingOff(blob.records, new Error('truncated')),
      };
      await outcomesOf(system.destination, handOverStreams([broken]));
      expect(await outcomesOf(system.destination, handOver([blob]))).toEqual([deliveredOnce(blob)]);
      expect(await storedTexts()).toEqual(textsOf(blob));
    });

    it('passes on the error of a source that cannot go on listing blobs', async () => {
      const error = new Error('no more blobs to be had');
      async function* blobs() {
        yield* handOver([aBlob('before')]);
        throw error;
      }
      await expect(outcomesOf(system.destination, blobs())).rejects.toBe(error);
    });

    describe('when it is aborted', () => {
      const reason = new Error('no longer wanted');

      it('throws the reason at once when the signal has aborted before', async () => {
        const signal = AbortSignal.abort(reason);
        await expect(outcomesOf(system.destination, handOver([aBlob('late')]), signal)).rejects.toBe(reason);
        expect(await system.stored()).toEqual([]);
      });

      it('throws the reason while the system takes nothing', async () => {
        const resume = await system.stall();
        const stop = new AbortController();
        const delivery = outcomesOf(system.destination, handOver(numberedBlobs(20)), stop.signal);
        await turn();
        stop.abort(reason);
        await expect(delivery).rejects.toBe(reason);
        await resume();
      });

      it('throws the reason while the records of a blob do not come, and stores nothing of it', async () => {
        const stop = new AbortController();
        const records = hanging([Buffer.from('{}')]);
        const delivery = outcomesOf(
          system.destination,
          handOverStreams([{ contentId: 'hanging', records }]),
          stop.signal,
        );
        await turn();
        stop.abort(reason);
        await expect(delivery).rejects.toBe(reason);
        expect(await system.stored()).toEqual([]);
      });

      it('throws the reason while the next blob does not come', async () => {
        const stop = new AbortController();
        async function* blobs() {
          yield* handOver([aBlob('first')]);
          await new Promise(() => undefined);
        }
        const stopLater = () => setImmediate(() => stop.abort(reason));
        const delivery = outcomesOf(system.destination, blobs(), stop.signal, stopLater);
        await expect(delivery).rejects.toBe(reason);
      });
    });

    it('goes on after somebody stopped taking outcomes', async () => {
      const blobs = numberedBlobs(20);
      for await (const _ of system.destination.deliver(handOver(blobs), new AbortController().signal)) break;
      const outcomes = await outcomesOf(system.destination, handOver(blobs));
      expect(outcomes.every(({ status }) => status === 'delivered')).toBe(true);
      expect([...new Set(await storedTexts())]).toEqual(textsOf(...blobs));
    });

    it('throws a DestinationError without any record in it when the system refuses, and delivers once it is mended', async () => {
      const blobs = [
        aBlob('of the secret service', { records: [Buffer.from('{"UserId":"agent@contoso.com"}')] }),
      ];
      await system.breakDown();
      const error = await outcomesOf(system.destination, handOver(blobs)).catch((thrown: unknown) => thrown);
      expect(error).toBeInstanceOf(DestinationError);
      expect((error as DestinationError).message).not.toContain('agent');
      await system.mend();
      expect(await outcomesOf(system.destination, handOver(blobs))).toEqual(blobs.map(deliveredOnce));
      expect(await storedTexts()).toEqual(textsOf(...blobs));
    });

    describe('when the system takes nothing', () => {
      it('reads only a part of a huge blob', async () => {
        const resume = await system.stall();
        const stop = new AbortController();
        const record = Buffer.alloc(1024, 'x');
        let bytesRead = 0;
        async function* records() {
          for (; bytesRead < 256 * 1024 * 1024; bytesRead += 64 * record.length) {
            yield Array<Uint8Array>(64).fill(record);
          }
        }
        const delivery = outcomesOf(
          system.destination,
          handOverStreams([{ contentId: 'huge', records: records() }]),
          stop.signal,
        );
        await manyTurns();
        expect(bytesRead).toBeGreaterThan(0);
        expect(bytesRead).toBeLessThan(16 * 1024 * 1024);
        stop.abort();
        await expect(delivery).rejects.toBe(stop.signal.reason);
        await resume();
      });

      it('takes only a few blobs', async () => {
        const resume = await system.stall();
        const stop = new AbortController();
        let blobsTaken = 0;
        async function* blobs() {
          for (; blobsTaken < 1000; blobsTaken++) yield* handOver([aBlob(`blob ${blobsTaken}`)]);
        }
        const delivery = outcomesOf(system.destination, blobs(), stop.signal);
        await manyTurns();
        expect(blobsTaken).toBeGreaterThan(0);
        expect(blobsTaken).toBeLessThan(100);
        stop.abort();
        await expect(delivery).rejects.toBe(stop.signal.reason);
        await resume();
      });
    });

    it('passes its check without storing anything', async () => {
      await system.destination.check(new AbortController().signal);
      expect(await system.stored()).toEqual([]);
    });

    it('fails its check with a DestinationError when the system refuses', async () => {
      await system.breakDown();
      await expect(system.destination.check(new AbortController().signal)).rejects.toThrow(DestinationError);
      await system.mend();
    });
  });
}

function numberedBlobs(count: number): BlobOfTest[] {
  return Array.from({ length: count }, (_, index) => aBlob(`blob ${index}$audit$general`));
}

function deliveredOnce({ contentId, records }: BlobOfTest) {
  const bytes = records.reduce((total, record) => total + record.length, 0);
  return { contentId, status: 'delivered', records: records.length, bytes, isRepeat: false };
}

/** One character a byte, so that every difference shows. */
function asText(record: Uint8Array): string {
  return Buffer.from(record).toString('latin1');
}

/** Long enough for a source without brakes to be read to its end. */
async function manyTurns(): Promise<void> {
  for (let count = 0; count < 5000; count++) await turn();
}
