import { createHash } from 'node:crypto';
import { countRecords, recordsOf, type Batch, type BatchLimits } from '../batching.ts';
import { encodeLines } from '../ndjson.ts';
import type { HttpOptions } from './config.ts';

export type BodyForm = HttpOptions['body'];

export const mediaTypes: Readonly<Record<BodyForm, string>> = {
  ndjson: 'application/x-ndjson',
  array: 'application/json',
  single: 'application/json',
};

/** The limits of a batch, so that its body is not above `maxBytes`. */
export function limitsFor(form: BodyForm, { maxRecords, maxBytes }: BatchLimits): BatchLimits {
  switch (form) {
    case 'ndjson':
      return { maxRecords, maxBytes };
    case 'array':
      // Two brackets, and a comma less than there are records.
      return { maxRecords, maxBytes: maxBytes - 1 };
    case 'single':
      return { maxRecords: 1, maxBytes };
  }
}

/** The records as they stand in a request: the bytes as they came, but that lines of `ndjson` hold no line ends. */
export function encodeBody(form: BodyForm, batch: Batch): Buffer {
  const records = recordsOf(batch);
  switch (form) {
    case 'ndjson':
      return encodeLines(records);
    case 'array':
      return Buffer.concat([openBracket, ...records.flatMap(withComma), closeBracket]);
    case 'single':
      return Buffer.concat(records);
  }
}

const openBracket = Buffer.from('[');
const closeBracket = Buffer.from(']');
const comma = Buffer.from(',');

function withComma(record: Uint8Array, index: number): readonly Uint8Array[] {
  return index === 0 ? [record] : [comma, record];
}

/**
 * The same for the same records of the same blobs, whenever and by whomever they are sent. Their bytes are part of it: should a
 * blob ever come with other ones, the server must not take them for a repeat.
 */
export function idempotencyKey(batch: Batch, body: Uint8Array): string {
  const hash = createHash('sha256');
  for (const slice of batch) {
    const { tenantId, contentType, contentId } = slice.origin;
    const end = slice.start + countRecords([slice]);
    hash.update(`${JSON.stringify([tenantId, contentType, contentId, slice.start, end])}\n`);
  }
  return hash.update(body).digest('hex');
}
