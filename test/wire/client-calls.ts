import { expect } from 'vitest';
import type { ContentBlob } from '../../src/domain/content-blob.ts';
import type { ManagementApiClient } from '../../src/office365/client.ts';
import { splitRecords } from '../../src/office365/record-reader.ts';
import type { WireResponse } from './transcript.ts';

const options = { signal: new AbortController().signal, priority: 'live' } as const;

/** What a request is for, by its path. */
export function operationOf(target: string): string {
  return /\/activity\/feed\/(?:audit(?=\/)|[\w/]+)/.exec(target)?.[0].split('/feed/')[1] ?? 'token';
}

/**
 * Makes the client do what sends a request to this path and query: the call's result, for a blob its records as text. Throws an `Error` for a
 * request that no call of the client stands for: then the transcript should say that it never asks.
 */
export async function callFor(target: string, client: ManagementApiClient): Promise<unknown> {
  const { pathname, searchParams } = new URL(target, 'http://service');
  const contentType = searchParams.get('contentType') ?? '';
  const operation = operationOf(target);
  switch (operation) {
    case 'subscriptions/start':
      return client.startSubscription(contentType, options.signal);
    case 'subscriptions/stop':
      return client.stopSubscription(contentType, options.signal);
    case 'token':
    case 'subscriptions/list':
      return client.listSubscriptions(options.signal);
    case 'subscriptions/content':
      return listAll(
        client,
        contentType,
        `${searchParams.get('startTime')}Z`,
        `${searchParams.get('endTime')}Z`,
      );
    case 'audit':
      return retrieveRecords(client, pathname.split('/audit/')[1] ?? '');
    default:
      throw new Error(`no call of the client asks for ${operation}`);
  }
}

async function listAll(
  client: ManagementApiClient,
  contentType: string,
  startTime: string,
  endTime: string,
): Promise<readonly ContentBlob[]> {
  const blobs: ContentBlob[] = [];
  for await (const page of client.listAvailableContent(contentType, { startTime, endTime }, options))
    blobs.push(...page);
  return blobs;
}

async function retrieveRecords(client: ManagementApiClient, contentId: string): Promise<readonly string[]> {
  const body = await client.retrieveContent({ contentId }, 'Audit.SharePoint', options);
  const noTranscriptHasIt = () => Promise.reject(new Error('no transcript has a record of this size'));
  const batches = splitRecords(body, {
    maxRecordBytes: 1 << 20,
    onOversized: noTranscriptHasIt,
    largeRecordBytes: 1 << 20,
    reserveLargeRecord: noTranscriptHasIt,
  });
  const records: string[] = [];
  for await (const batch of batches)
    records.push(...batch.map((bytes) => Buffer.from(bytes).toString('utf8')));
  return records;
}

/** Expects that a result is all that the answers say and nothing more. */
export function expectResult(operation: string, answers: readonly WireResponse[], result: unknown): void {
  const bodies = answers.map(({ body }) => body.replace('\ufeff', ''));
  const items = bodies.filter(Boolean).flatMap((body) => JSON.parse(body) as Record<string, unknown>[]);
  switch (operation) {
    case 'subscriptions/start':
      return expect(result).toBe('error' in (items[0] ?? {}) ? 'alreadyEnabled' : 'started');
    case 'subscriptions/list':
      return expect(result).toEqual(
        items.map(({ contentType, status = 'unknown' }) => ({ contentType, status })),
      );
    case 'subscriptions/content':
      return expect(result).toEqual(
        items.map(
          ({ contentId, contentUri, contentCreated, contentExpiration }) =>
            expect.objectContaining({ contentId, contentUri, contentCreated, contentExpiration }) as unknown,
        ),
      );
    case 'audit': {
      const records = result as readonly string[];
      expect(records.map((record) => JSON.parse(record) as unknown)).toEqual(items);
      // Byte for byte: parsing alone would not tell an escaped slash, or a number beyond 2^53.
      return expect(records.every((record) => bodies.some((body) => body.includes(record)))).toBe(true);
    }
    default:
      return;
  }
}
