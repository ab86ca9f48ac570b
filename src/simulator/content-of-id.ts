import type { ApiParts } from './api-parts.ts';
import { findBlob } from './blobs.ts';
import { wholeBlob } from './cut-blobs.ts';

/** What stands under a contentId. */
export interface ContentDescription {
  readonly contentId: string;
  readonly tenantId: string;
  readonly contentType: string;
  readonly contentCreated: string;
  /** Of the whole blob; the same id where this one is whole. */
  readonly blobContentId: string;
  readonly blobRecords: number;
  /** Numbers of the blob's records that stand here: the first, and the one behind the last. */
  readonly records: readonly [number, number];
  readonly order: 'as written' | 'reversed';
}

/** For an id that the population has or that some listing has cut; `undefined` for any other. */
export function contentOf(
  contentId: string,
  { population, cutBlobs }: Pick<ApiParts, 'population' | 'cutBlobs'>,
): ContentDescription | undefined {
  for (const subscription of population.tenants.flatMap((tenant) => tenant.subscriptions)) {
    const blob = findBlob(subscription, contentId);
    const listed = cutBlobs.find(subscription, contentId) ?? (blob && wholeBlob(blob));
    if (listed === undefined) continue;
    return {
      contentId,
      tenantId: subscription.tenantId,
      contentType: subscription.contentType,
      contentCreated: new Date(listed.createdMs).toISOString(),
      blobContentId: listed.blob.contentId,
      blobRecords: listed.blob.recordCount,
      records: listed.records,
      order: listed.isReversed ? 'reversed' : 'as written',
    };
  }
  return undefined;
}
