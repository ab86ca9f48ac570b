import type { BlobReference, ContentBlob } from '../domain/content-blob.ts';
import { endOfHour, hourOf, startOfHour } from '../domain/hour.ts';
import { planOwedListing } from '../domain/time-window.ts';
import type { RequestOptions } from '../office365/client.ts';
import { serverNowMs, type Tenant } from './dependencies.ts';

/** Finds blobs in fresh listings of the hours they were created in; each hour is listed once. */
export class ContentLookup {
  readonly #tenant: Tenant;
  readonly #contentType: string;
  readonly #options: RequestOptions;
  readonly #hours = new Map<string, Promise<ReadonlyMap<string, ContentBlob>>>();

  constructor(tenant: Tenant, contentType: string, options: RequestOptions) {
    this.#tenant = tenant;
    this.#contentType = contentType;
    this.#options = options;
  }

  /** The blob as it is listed now; undefined when it is not. Throws ManagementApiError. */
  async find({ contentId, contentCreated }: BlobReference): Promise<ContentBlob | undefined> {
    const hour = hourOf(contentCreated);
    const listing = this.#hours.get(hour) ?? this.#list(hour);
    this.#hours.set(hour, listing);
    return (await listing).get(contentId);
  }

  async #list(hour: string): Promise<ReadonlyMap<string, ContentBlob>> {
    const { client } = this.#tenant;
    const window = { startTime: startOfHour(hour), endTime: endOfHour(hour) };
    const plan = planOwedListing({ window, nowMs: serverNowMs(this.#tenant) });
    const blobs = new Map<string, ContentBlob>();
    if (plan === undefined) return blobs;
    for await (const page of client.listAvailableContent(this.#contentType, plan.requested, this.#options)) {
      for (const blob of page) blobs.set(blob.contentId, blob);
    }
    return blobs;
  }
}
