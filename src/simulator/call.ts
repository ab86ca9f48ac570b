import type { IncomingMessage } from 'node:http';
import { TLSSocket } from 'node:tls';

export const operations = [
  'discovery',
  'token',
  'start',
  'stop',
  'list',
  'content',
  'nextPage',
  'blob',
  'notifications',
  'friendlyNames',
  'unknown',
] as const;
export type Operation = (typeof operations)[number];

/** A request to one of Microsoft's endpoints, taken apart. */
export interface Call {
  readonly operation: Operation;
  readonly method: string;
  /** As it stands in the path, in lower case; empty for an unknown path, and for the token endpoint a domain as well. */
  readonly tenantId: string;
  /** As the client wrote it, for a blob as its contentId says; `undefined` when there is none. */
  readonly contentType: string | undefined;
  /** Decoded once. */
  readonly contentId: string | undefined;
  /** Names in lower case: they are case-insensitive on the wire. */
  readonly parameters: ReadonlyMap<string, string>;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
  /** Scheme, host and port as the client addressed it: links in answers start with it. */
  readonly origin: string;
  /** Path and query, for examples in the report. */
  readonly target: string;
}

type Place = Pick<Call, 'operation' | 'tenantId' | 'contentId'>;

const feedPath = /^\/api\/v1(?:\.0)?\/([^/]*)\/activity\/feed\/(.+)$/i;
const tokenPath = /^\/([^/]+)\/oauth2\/(?:v2\.0\/)?token$/i;
const discoveryPath = /^\/([^/]+)\/(?:v2\.0\/)?\.well-known\/openid-configuration$/i;

/** Reads the request wholly; none of these has a large body. */
export async function readCall(request: IncomingMessage): Promise<Call> {
  const scheme = request.socket instanceof TLSSocket ? 'https' : 'http';
  const origin = `${scheme}://${request.headers.host ?? 'localhost'}`;
  const url = new URL(request.url ?? '/', origin);
  const parameters = new Map([...url.searchParams].map(([name, value]) => [name.toLowerCase(), value]));
  const place = placeOf(url.pathname, parameters);
  return {
    ...place,
    method: request.method ?? 'GET',
    contentType: parameters.get('contenttype') ?? contentTypeOf(place.contentId),
    parameters,
    headers: request.headers,
    body: await readText(request),
    origin,
    target: url.pathname + url.search,
  };
}

/** Throws when the body is above 1 MiB. */
export async function readText(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > 1024 * 1024) throw new Error('The request body is above 1 MiB.');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

function placeOf(path: string, parameters: ReadonlyMap<string, string>): Place {
  const feed = feedPath.exec(path);
  if (feed) return { tenantId: (feed[1] ?? '').toLowerCase(), ...placeInFeed(feed[2] ?? '', parameters) };
  const token = tokenPath.exec(path);
  if (token) return { operation: 'token', tenantId: (token[1] ?? '').toLowerCase(), contentId: undefined };
  const discovery = discoveryPath.exec(path);
  if (discovery)
    return { operation: 'discovery', tenantId: (discovery[1] ?? '').toLowerCase(), contentId: undefined };
  return { operation: 'unknown', tenantId: '', contentId: undefined };
}

function placeInFeed(rest: string, parameters: ReadonlyMap<string, string>): Omit<Place, 'tenantId'> {
  switch (rest.toLowerCase()) {
    case 'subscriptions/start':
      return { operation: 'start', contentId: undefined };
    case 'subscriptions/stop':
      return { operation: 'stop', contentId: undefined };
    case 'subscriptions/list':
      return { operation: 'list', contentId: undefined };
    case 'subscriptions/content':
      return { operation: parameters.has('nextpage') ? 'nextPage' : 'content', contentId: undefined };
    case 'subscriptions/notifications':
      return { operation: 'notifications', contentId: undefined };
    case 'resources/dlpsensitivetypes':
      return { operation: 'friendlyNames', contentId: undefined };
  }
  const blob = /^audit\/([^/]+)$/i.exec(rest);
  return blob
    ? { operation: 'blob', contentId: decoded(blob[1] ?? '') }
    : { operation: 'unknown', contentId: undefined };
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** The fourth part of a contentId is the content type, with `_` for its dot. */
function contentTypeOf(contentId: string | undefined): string | undefined {
  return contentId?.split('$')[3]?.replace('_', '.');
}
