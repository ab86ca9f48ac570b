/** Where one tenant's feed lives, and which links of the service may be followed with the tenant's token. */
interface FeedAddress {
  /** Origin without a slash at the end. */
  readonly apiUrl: string;
  readonly tenantId: string;
}

/** URL of an operation of the feed, for example `subscriptions/list`. */
export function feedUrl({ apiUrl, tenantId }: FeedAddress, path: string): string {
  return `${apiUrl}/api/v1.0/${tenantId}/activity/feed/${path}`;
}

/** URL of a blob, as the service itself builds it: the contentId keeps its `$`. */
export function derivedContentUri(feed: FeedAddress, contentId: string): string {
  return feedUrl(feed, `audit/${encodeURIComponent(contentId).replaceAll('%24', '$')}`);
}

/**
 * Whether a blob is fetched by its contentId alone, so that its uri need not be kept: the uri is the one that would be
 * derived, or one that is not followed because it leads away from the tenant's own feed.
 */
export function isDerivableContentUri(contentUri: string, contentId: string, feed: FeedAddress): boolean {
  return contentUri === derivedContentUri(feed, contentId) || !isOnFeed(contentUri, feed, 'audit/');
}

/**
 * Whether a URL that came from the service leads to the tenant's own host and feed, so that it may see the token. Both
 * `/api/v1.0/` and the documented `/api/v1/` are the service's own; host and path are compared without letter case.
 */
export function isOnFeed(url: string, feed: FeedAddress, path: string): boolean {
  if (!URL.canParse(url)) return false;
  const { origin, pathname, username } = new URL(url);
  const ownPaths = ['v1.0', 'v1'].map((version) => `/api/${version}/${feed.tenantId}/activity/feed/${path}`);
  return (
    origin === new URL(feed.apiUrl).origin &&
    username === '' &&
    ownPaths.some((own) => pathname.toLowerCase().startsWith(own.toLowerCase()))
  );
}

/**
 * Appends `PublisherIdentifier`, which the service leaves out of its links and counts requests by. The rest of the link is
 * taken as bytes. Source: Management Activity API troubleshooting page, "Requests are throttled".
 */
export function withPublisher(url: string, publisherIdentifier: string): string {
  if (/[?&]publisheridentifier=/i.test(url)) return url;
  return `${url}${url.includes('?') ? '&' : '?'}PublisherIdentifier=${encodeURIComponent(publisherIdentifier)}`;
}
