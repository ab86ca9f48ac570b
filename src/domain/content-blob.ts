import { isoTime, parseTime, retentionMs } from './time-window.ts';

/** One entry of a listing, in Microsoft's words. Times are ISO 8601 with `Z`. */
export interface ContentBlob {
  /** Opaque; equality only. Contains `$`. */
  readonly contentId: string;
  readonly contentUri: string;
  /** When the blob became available: the only time the listing filter understands. */
  readonly contentCreated: string;
  readonly contentExpiration: string;
}

/** What a workflow remembers of a blob: enough to fetch it. Everything in history is this small on purpose. */
export interface BlobReference {
  readonly contentId: string;
  readonly contentCreated: string;
  /** Only when it cannot be derived from the contentId (it would treble the size of history). */
  readonly contentUri?: string;
  /** Whole days from contentCreated to contentExpiration as the wire says; left out where it is the documented 7. */
  readonly expiresInDays?: number;
}

const dayMs = 24 * 3_600_000;

/** Expirations from 6 to 7.1 days count as the documented seven: the service rounds, and is off by minutes. In days. */
const documentedDays = { least: 6, most: 7.1 } as const;

/** When the service stops serving a blob, as far as it said so. ISO. @throws RangeError when contentCreated is no time. */
export function expirationOf({ contentCreated, expiresInDays }: BlobReference): string {
  const lifeMs = expiresInDays === undefined ? retentionMs : expiresInDays * dayMs;
  return isoTime(parseTime(contentCreated) + lifeMs);
}

/**
 * Whole days that a listed blob is served, undefined for the documented seven. Rounded up, and never less than one: a blob
 * that is taken for expired too early is given up too early. The wire has been seen at about 20 days.
 *
 * @throws RangeError when one of the two is no time.
 */
export function expiresInDays({ contentCreated, contentExpiration }: ContentBlob): number | undefined {
  const days = (parseTime(contentExpiration) - parseTime(contentCreated)) / dayMs;
  if (days >= documentedDays.least && days <= documentedDays.most) return undefined;
  return Math.max(1, Math.ceil(days));
}

/** What is needed to fetch a blob again, of something that knows more. */
export function referenceOf({
  contentId,
  contentCreated,
  contentUri,
  expiresInDays: days,
}: BlobReference): BlobReference {
  return {
    contentId,
    contentCreated,
    ...(contentUri !== undefined && { contentUri }),
    ...(days !== undefined && { expiresInDays: days }),
  };
}

/** Where a blob comes from: enough for a name, a key or an envelope. */
export interface BlobOrigin {
  readonly tenantId: string;
  readonly contentType: string;
  readonly contentId: string;
  /** ISO 8601 with `Z`. */
  readonly contentCreated: string;
}
