import type { Dispatcher } from 'undici';
import type { ContentBlob } from '../domain/content-blob.ts';
import { canonicalContentType } from '../domain/content-type.ts';
import { parseTime, type TimeWindow } from '../domain/time-window.ts';
import { ManagementApiError } from '../errors.ts';
import { createApiCaller, type SuccessfulAnswer } from './api-caller.ts';
import { derivedContentUri, feedUrl, isOnFeed } from './content-urls.ts';
import { firstHeader } from './errors.ts';
import { joinedPages } from './joined-pages.ts';
import { readJson, readNothing } from './json-answer.ts';
import { createRequestBudget, type RequestOptions } from './request-budget.ts';
import { contentPage, startedSubscription, subscriptionList } from './schemas.ts';
import type { TokenProvider } from './token-provider.ts';

export type { RequestOptions };

/** The Management Activity API for one tenant. Each operation is tried once; failures are ManagementApiErrors. */
export interface ManagementApiClient {
  /** `status` as Microsoft says it (`enabled`, `disabled`), `unknown` where it says none. Never started ones are absent. */
  listSubscriptions(
    signal: AbortSignal,
  ): Promise<readonly { readonly contentType: string; readonly status: string }[]>;
  /** AF20024, the undocumented answer for a running subscription, is a success. Not more than once in 15 minutes. */
  startSubscription(contentType: string, signal: AbortSignal): Promise<'started' | 'alreadyEnabled'>;
  /** Content between a stop and a later start can never be had. */
  stopSubscription(contentType: string, signal: AbortSignal): Promise<void>;
  /**
   * All pages of the window, as they come, empty ones included. Where a page link is dead or leads elsewhere the window
   * is listed anew, so that a blob may be yielded twice. The window is widened to whole seconds.
   */
  listAvailableContent(
    contentType: string,
    window: TimeWindow,
    options: RequestOptions,
  ): AsyncIterable<readonly ContentBlob[]>;
  /**
   * The body of a blob as it arrives, without its gzip coding; resolves with the answer's head. It has to be iterated, and
   * only `splitRecords` says whether it is complete. A `contentUri` that leads away from the tenant's feed is not followed.
   * A blob that comes in several pages, which no documentation speaks of, is one JSON array here.
   */
  retrieveContent(
    blob: { readonly contentId: string; readonly contentUri?: string },
    contentType: string,
    options: RequestOptions,
  ): Promise<AsyncIterable<Uint8Array>>;
  /** The service's clock minus the local one in milliseconds; 0 before the first answer and where they agree within 2 s. */
  readonly clockOffsetMs: number;
}

/** Pages of one listing or blob. The service has been seen to link in circles; each real page of a listing holds some 200 blobs. */
const maxPages = 5_000;

/** How often one window is listed from its start because a page link was of no use. */
const maxListings = 3;

/** One client per tenant and process, as it holds the tenant's request budget. */
export function createManagementApiClient(options: {
  readonly tenantId: string;
  readonly publisherIdentifier: string;
  /** Origin without a slash at the end. */
  readonly apiUrl: string;
  readonly tokens: TokenProvider;
  readonly dispatcher: Dispatcher;
  /** Where the adaptive budget starts; `Infinity` for no limit. */
  readonly requestsPerMinute: number;
}): ManagementApiClient {
  const budget = createRequestBudget(options.requestsPerMinute);
  const api = createApiCaller({ ...options, budget });

  /** Yields the pages of one listing; returns whether it got to the end. */
  async function* listOnce(
    contentType: string,
    window: TimeWindow,
    requestOptions: RequestOptions,
  ): AsyncGenerator<readonly ContentBlob[], boolean> {
    const operation = `listAvailableContent ${contentType}`;
    const visited = new Set<string>();
    let url: string | undefined = contentListUrl(options, contentType, window);
    while (url !== undefined) {
      visited.add(url);
      const answer = await api.call({ operation, contentType, url }, requestOptions);
      if (!answer.isSuccess) {
        // A link dies with the start time in it (AF20055), or is no longer known (AF20031).
        if (answer.failure.error.kind === 'windowRefused' && visited.size > 1) return false;
        throw answer.failure.error;
      }
      const page = await readJson(operation, answer, contentPage);
      yield page.map((entry) => ({
        ...entry,
        contentUri: entry.contentUri ?? derivedContentUri(options, entry.contentId),
      }));
      url = nextPageUri(answer);
      if (url === undefined) return true;
      if (!isOnFeed(url, options, 'subscriptions/content') || visited.has(url)) return false;
      if (visited.size === maxPages) throw noWayOn(contentType, `did not end within ${maxPages} pages`);
    }
    return true;
  }

  /** The bodies of a blob that names a next page. The service has not been seen to do that. */
  async function* pagesOfBlob(
    call: { readonly operation: string; readonly contentType: string },
    first: SuccessfulAnswer,
    requestOptions: RequestOptions,
  ): AsyncGenerator<AsyncIterable<Uint8Array>> {
    const visited = new Set<string>();
    yield first.body;
    for (let url = nextPageUri(first); url !== undefined;) {
      if (!isOnFeed(url, options, 'audit/') || visited.has(url) || visited.size === maxPages) {
        throw restOutOfReach(call.operation);
      }
      visited.add(url);
      const answer = await api.call({ ...call, url }, requestOptions);
      if (!answer.isSuccess) throw answer.failure.error;
      yield answer.body;
      url = nextPageUri(answer);
    }
  }

  return {
    async listSubscriptions(signal) {
      const operation = 'listSubscriptions';
      const answer = await api.call(
        { operation, url: feedUrl(options, 'subscriptions/list') },
        { signal, priority: 'live' },
      );
      if (!answer.isSuccess) throw answer.failure.error;
      const subscriptions = await readJson(operation, answer, subscriptionList);
      return subscriptions.map(({ contentType, status }) => ({
        contentType: canonicalContentType(contentType),
        status: status ?? 'unknown',
      }));
    },

    async startSubscription(contentType, signal) {
      const operation = `startSubscription ${contentType}`;
      const url = `${feedUrl(options, 'subscriptions/start')}?contentType=${encodeURIComponent(contentType)}`;
      const answer = await api.call(
        { operation, contentType, method: 'POST', url },
        { signal, priority: 'live' },
      );
      if (answer.isSuccess) {
        await readJson(operation, answer, startedSubscription);
        return 'started';
      }
      if (answer.failure.code === 'AF20024') return 'alreadyEnabled';
      throw answer.failure.error;
    },

    async stopSubscription(contentType, signal) {
      const operation = `stopSubscription ${contentType}`;
      const url = `${feedUrl(options, 'subscriptions/stop')}?contentType=${encodeURIComponent(contentType)}`;
      const call = { operation, contentType, method: 'POST', url } as const;
      const answer = await api.call(call, { signal, priority: 'live' });
      if (!answer.isSuccess) throw answer.failure.error;
      await readNothing(operation, answer);
    },

    async *listAvailableContent(contentType, window, requestOptions) {
      for (let listing = 1; listing <= maxListings; listing++) {
        const isComplete = yield* listOnce(contentType, window, requestOptions);
        if (isComplete) return;
      }
      throw noWayOn(
        contentType,
        `led in a circle, elsewhere or nowhere in ${maxListings} listings of the window`,
      );
    },

    async retrieveContent({ contentId, contentUri }, contentType, requestOptions) {
      const isFollowed = contentUri !== undefined && isOnFeed(contentUri, options, 'audit/');
      const url = isFollowed ? contentUri : derivedContentUri(options, contentId);
      const call = { operation: `retrieveContent ${contentType}`, contentType };
      const answer = await api.call({ ...call, url }, requestOptions);
      if (!answer.isSuccess) throw answer.failure.error;
      if (nextPageUri(answer) === undefined) return answer.body;
      return joinedPages(call.operation, pagesOfBlob(call, answer, requestOptions));
    },

    get clockOffsetMs() {
      return api.clockOffsetMs;
    },
  };
}

/** Never `NextPageUrl`, as the documentation has it in places. Undici gives names in lower case. */
function nextPageUri({ headers }: SuccessfulAnswer): string | undefined {
  return firstHeader(headers['nextpageuri']) || undefined;
}

function restOutOfReach(operation: string): ManagementApiError {
  return new ManagementApiError(
    'unexpectedResponse',
    `${operation}: the link to the rest of the blob leads elsewhere, in a circle or nowhere; it is tried again. Please report this.`,
  );
}

function noWayOn(contentType: string, problem: string): ManagementApiError {
  return new ManagementApiError(
    'windowRefused',
    `listAvailableContent ${contentType}: the links to further pages ${problem}; it is listed anew later.`,
  );
}

function contentListUrl(
  feed: { readonly apiUrl: string; readonly tenantId: string },
  contentType: string,
  { startTime, endTime }: TimeWindow,
): string {
  const start = wireTime(Math.floor(parseTime(startTime) / 1000));
  const end = wireTime(Math.ceil(parseTime(endTime) / 1000));
  const type = encodeURIComponent(contentType);
  return `${feedUrl(feed, 'subscriptions/content')}?contentType=${type}&startTime=${start}&endTime=${end}`;
}

/** UTC as `YYYY-MM-DDTHH:MM:SS`, without a zone: of all forms the one that is documented and carries the seconds. */
function wireTime(seconds: number): string {
  return new Date(seconds * 1000).toISOString().slice(0, 19);
}
