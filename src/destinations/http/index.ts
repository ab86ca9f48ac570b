import type { Batch } from '../batching.ts';
import { deliverInBatches } from '../deliver-in-batches.ts';
import type { Destination, DestinationContext } from '../destination.ts';
import { failureOf } from './answer.ts';
import type { HttpOptions } from './config.ts';
import { encodeBody, idempotencyKey, limitsFor, mediaTypes } from './encode.ts';
import { Endpoint } from './endpoint.ts';

/**
 * Any server that takes records by HTTP and says by a status whether it has stored them. At least once: an answer that is lost
 * makes a repeat, which the server can know by its `Idempotency-Key`. Records are cut into requests the same way each time, as
 * far as requests hold records of one blob.
 */
export function createHttpDestination(
  name: string,
  options: HttpOptions,
  context: DestinationContext,
): Destination {
  const endpoint = new Endpoint(name, options, context);
  const { body: form, method, idempotency_key: keyHeader } = options;

  async function send(batch: Batch, signal: AbortSignal): Promise<void> {
    const body = encodeBody(form, batch);
    const headers = {
      'content-type': mediaTypes[form],
      ...(keyHeader !== false && { [keyHeader]: idempotencyKey(batch, body) }),
    };
    const answer = await endpoint.send({ method, headers, body }, signal);
    const isDelivered = options.delivered_statuses.some(
      ({ from, to }) => from <= answer.status && answer.status <= to,
    );
    if (!isDelivered) throw failureOf(name, answer, Date.now());
  }

  return {
    name,
    deliver: deliverInBatches({
      name,
      limits: limitsFor(form, { maxRecords: options.max_batch_records, maxBytes: options.max_batch_size }),
      maxAgeMs: options.max_batch_age,
      concurrency: options.concurrency,
      deadLetter: context.deadLetter,
      send,
    }),
    check: (signal) => check(name, endpoint, signal),
    close: () => endpoint.close(),
  };
}

/**
 * Asks with OPTIONS, which changes nothing and carries no records. A server that answers is well: many know OPTIONS not at all
 * or for other purposes, so that only 401, 403 and 404 say that a delivery could not work.
 */
async function check(name: string, endpoint: Endpoint, signal: AbortSignal): Promise<void> {
  const answer = await endpoint.send({ method: 'OPTIONS', headers: {} }, signal);
  if ([401, 403, 404].includes(answer.status)) throw failureOf(name, answer, Date.now());
}
