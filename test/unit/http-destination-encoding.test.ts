import { describe, expect, it } from 'vitest';
import { encodeBody, idempotencyKey } from '../../src/destinations/http/encode.ts';
import type { Slice } from '../../src/destinations/batching.ts';
import { userAgent } from '../../src/http/dispatcher.ts';
import { aBlob, handOver, outcomesOf } from '../contract/blobs.ts';
import { aStand } from './http-destination-stand.ts';

const blob = aBlob('blob', {
  records: ['{"Id":"1"}', '{"Id":\r\n"ü"}', '[2]'].map((text) => Buffer.from(text)),
});

describe('a request', () => {
  it.each([
    ['ndjson', 'application/x-ndjson', ['{"Id":"1"}\n{"Id":  "ü"}\n[2]\n']],
    ['array', 'application/json', ['[{"Id":"1"},{"Id":\r\n"ü"},[2]]']],
    ['single', 'application/json', ['{"Id":"1"}', '{"Id":\r\n"ü"}', '[2]']],
  ] as const)('of the form %s holds the bytes as they came', async (body, type, expected) => {
    const { destination, requests } = await aStand(
      { body, concurrency: 1 },
      { recordsOf: (received) => [received] },
    );
    await outcomesOf(destination, handOver([blob]));
    expect(requests.map((request) => request.body.toString())).toEqual(expected);
    expect(requests.map(({ headers }) => headers['content-type'])).toEqual(expected.map(() => type));
    expect(requests.map(({ method }) => method)).toEqual(expected.map(() => 'POST'));
  });

  it('carries the configured method and headers, and says who sends it', async () => {
    const headers = { 'X-Source': 'office365', 'Content-Type': 'text/plain' };
    const { destination, requests } = await aStand({ method: 'PUT', headers });
    await outcomesOf(destination, handOver([blob]));
    expect(requests[0]?.method).toBe('PUT');
    expect(requests[0]?.headers).toMatchObject({
      'x-source': 'office365',
      'content-type': 'text/plain',
      'user-agent': userAgent,
    });
    expect(requests[0]?.headers['content-encoding']).toBeUndefined();
  });

  it('is compressed when gzip is configured, to the same bytes each time', async () => {
    const { destination, requests, siem } = await aStand({ gzip: true });
    await outcomesOf(destination, handOver([blob]));
    await outcomesOf(destination, handOver([blob]));
    expect(requests.map(({ headers }) => headers['content-encoding'])).toEqual(['gzip', 'gzip']);
    expect(requests[0]?.headers['content-length']).toBe(requests[1]?.headers['content-length']);
    expect(requests[0]?.body.toString()).toBe('{"Id":"1"}\n{"Id":  "ü"}\n[2]\n');
    expect(siem.report).toEqual({ records: 3, repeats: 3 });
  });
});

describe('the idempotency key', () => {
  const slice: Slice = { origin: aBlob('blob'), start: 3, records: [Buffer.from('{}'), Buffer.from('[]')] };
  const keyOf = (...batch: Slice[]) => idempotencyKey(batch, encodeBody('ndjson', batch));

  it('is the same for the same records', () => {
    expect(keyOf(slice)).toMatch(/^[0-9a-f]{64}$/);
    expect(keyOf({ ...slice, origin: aBlob('blob') })).toBe(keyOf(slice));
  });

  it.each<[string, Slice[]]>([
    ['tenant', [{ ...slice, origin: aBlob('blob', { tenantId: 'another' }) }]],
    ['content type', [{ ...slice, origin: aBlob('blob', { contentType: 'DLP.All' }) }]],
    ['blob', [{ ...slice, origin: aBlob('another') }]],
    ['position', [{ ...slice, start: 2 }]],
    ['number of records', [{ ...slice, records: slice.records.slice(1) }]],
    ['body under the same contentId', [{ ...slice, records: [Buffer.from('[]'), Buffer.from('{}')] }]],
    ['further blob', [slice, { ...slice, origin: aBlob('another') }]],
  ])('is another one for another %s', (_what, batch) => {
    expect(keyOf(...batch)).not.toBe(keyOf(slice));
  });

  it('goes with each request under the configured name, or not at all', async () => {
    for (const [idempotency_key, name] of [
      [undefined, 'idempotency-key'],
      ['X-Request-Id', 'x-request-id'],
    ] as const) {
      const { destination, requests } = await aStand({ idempotency_key });
      await outcomesOf(destination, handOver([blob]));
      expect(requests[0]?.headers[name]).toMatch(/^[0-9a-f]{64}$/);
    }
    const { destination, requests } = await aStand({ idempotency_key: false });
    await outcomesOf(destination, handOver([blob]));
    expect(Object.keys(requests[0]?.headers ?? {}).filter((name) => /key|id$/.test(name))).toEqual([]);
  });
});
