import { cancellationSignal, log } from '@temporalio/activity';
import { expiresInDays, type BlobReference, type ContentBlob } from '../domain/content-blob.ts';
import {
  boundListing,
  isAccepted,
  parseTime,
  type ListingPlan,
  type TimeWindow,
} from '../domain/time-window.ts';
import type { RequestOptions } from '../office365/client.ts';
import { isDerivableContentUri } from '../office365/content-urls.ts';
import type { Tenant } from './dependencies.ts';

/**
 * What one result holds at most. A blob costs some 320 bytes of history in all, so that a whole listing fits into a run of
 * 512 KB; a result above 2 MiB would be retried for ever, however few and long its ids.
 */
const resultBounds = { blobs: 1_200, bytes: 400_000 };

export interface ListedWindow {
  /** The span that the blobs are complete for. */
  readonly window: TimeWindow;
  /** Oldest first. */
  readonly blobs: readonly BlobReference[];
  /** How many blobs of the span were listed beside these and need not come back. */
  readonly known: number;
}

interface WindowListing {
  readonly contentType: string;
  readonly plan: ListingPlan;
  readonly priority: RequestOptions['priority'];
  /** Whether a blob need not come back. */
  readonly isKnown: (blob: ContentBlob) => boolean;
  readonly onPage: () => void;
}

/** Lists one window, all pages, and cuts it to what a result may hold. */
export async function listWindow(
  { client, config }: Tenant,
  { contentType, plan, priority, isKnown, onPage }: WindowListing,
): Promise<ListedWindow> {
  const wanted = new Map<string, BlobReference>();
  const known = new Map<string, string>();
  const options = { signal: cancellationSignal(), priority };
  for await (const page of client.listAvailableContent(contentType, plan.requested, options)) {
    for (const blob of page) {
      if (!isAccepted(blob.contentCreated, plan)) continue;
      if (isKnown(blob)) known.set(blob.contentId, blob.contentCreated);
      else wanted.set(blob.contentId, referenceTo(blob, config));
    }
    onPage();
  }
  const { blobs, completeUntil } = boundListing([...wanted.values()], plan.accepted, resultBounds);
  log.debug('Listed content', { contentType, blobs: blobs.length, ...plan.accepted });
  const endMs = parseTime(completeUntil);
  return {
    window: { startTime: plan.accepted.startTime, endTime: completeUntil },
    blobs,
    known: [...known.values()].filter((contentCreated) => parseTime(contentCreated) < endMs).length,
  };
}

/** The contentUri would treble history, so it is carried only where it cannot be derived. */
function referenceTo(blob: ContentBlob, config: Tenant['config']): BlobReference {
  const { contentId, contentCreated, contentUri } = blob;
  const days = expiresInDays(blob);
  return {
    contentId,
    contentCreated,
    ...(!isDerivableContentUri(contentUri, contentId, config) && { contentUri }),
    ...(days !== undefined && { expiresInDays: days }),
  };
}
