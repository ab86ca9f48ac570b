import { describe, expect, it } from 'vitest';
import { fetchAhead, type Fetched } from '../../src/activities/fetch-ahead.ts';
import { aBlob } from '../contract/blobs.ts';

const origins = (count: number) => Array.from({ length: count }, (_, index) => aBlob(`${index}`));
const mebibyte = Buffer.alloc(1024 * 1024);

/** A blob of so many MiB; tells when its stream is ended. */
async function* aBody(mebibytes: number, onEnd: () => void = () => undefined) {
  try {
    for (let index = 0; index < mebibytes; index++) yield [mebibyte];
  } finally {
    onEnd();
  }
}

async function collect(fetched: AsyncIterable<Fetched>): Promise<Fetched[]> {
  const all: Fetched[] = [];
  for await (const one of fetched) all.push(one);
  return all;
}

describe('fetchAhead', () => {
  it('fetches no more than the limit at once', async () => {
    let running = 0;
    let most = 0;
    const all = await collect(
      fetchAhead(origins(20), 3, async () => {
        most = Math.max(most, ++running);
        await new Promise((resolve) => setImmediate(resolve));
        running--;
        return aBody(1);
      }),
    );
    expect(all).toHaveLength(20);
    expect(most).toBe(3);
  });

  it('hands a blob on only when it is whole, so that a cut body never shows', async () => {
    const [fetched] = await collect(
      fetchAhead(origins(1), 1, async () =>
        (async function* () {
          yield [mebibyte];
          throw new Error('cut off');
        })(),
      ),
    );
    expect(fetched).toMatchObject({ origin: { contentId: '0' }, error: new Error('cut off') });
  });

  it('hands a large blob on while the rest of it is still to come', async () => {
    let isEnded = false;
    const [fetched] = await collect(fetchAhead(origins(1), 1, async () => aBody(9, () => (isEnded = true))));
    expect(isEnded).toBe(false);
    let bytes = 0;
    for await (const batch of (fetched as Extract<Fetched, { blob: unknown }>).blob.records) {
      for (const record of batch) bytes += record.length;
    }
    expect(bytes).toBe(9 * mebibyte.length);
    expect(isEnded).toBe(true);
  });

  it('ends the stream of a large blob that nobody reads', async () => {
    let ended = 0;
    const fetched = fetchAhead(origins(3), 3, async () => aBody(9, () => ended++));
    for await (const one of fetched) {
      await (one as Extract<Fetched, { blob: unknown }>).blob.records[Symbol.asyncIterator]().return?.();
      break;
    }
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(ended).toBe(3);
  });

  it('yields what could not be fetched with its error, and goes on', async () => {
    const all = await collect(
      fetchAhead(origins(3), 1, async ({ contentId }) => {
        if (contentId === '1') throw new Error('refused');
        return aBody(1);
      }),
    );
    expect(all.map((one) => ('error' in one ? 'error' : one.blob.contentId))).toEqual(['0', 'error', '2']);
  });
});
