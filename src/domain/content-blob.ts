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
}
