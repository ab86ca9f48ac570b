import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Dispatcher } from 'undici';
import { afterEach, beforeEach } from 'vitest';
import type { ContentBlob } from '../../src/domain/content-blob.ts';
import { createHttpDispatcher } from '../../src/http/dispatcher.ts';
import { createManagementApiClient, type ManagementApiClient } from '../../src/office365/client.ts';
import type { AccessToken } from '../../src/office365/access-token.ts';
import type { TokenProvider } from '../../src/office365/token-provider.ts';

export const tenantId = '0873ee4d-d342-44f2-8961-74c442a2fad2';
export const publisherIdentifier = 'c0ffee00-1111-4222-8333-444455556666';
export const feedPath = `/api/v1.0/${tenantId}/activity/feed`;
export const contentId =
  '20200705152230936019353$20200705152411486034089$audit_sharepoint$Audit_SharePoint$emea0036';
export const exchange = 'Audit.Exchange';
export const never = new AbortController().signal;
export const live = { signal: never, priority: 'live' } as const;

export type Step = (request: IncomingMessage, response: ServerResponse) => void;

/** A scripted Management Activity API on loopback. */
export interface FakeApi {
  readonly server: Server;
  readonly origin: string;
  received: IncomingMessage[];
  /** Answers the requests one after the other; the last step answers all that follow. */
  script: Step[];
  /** Paths with queries of what was received. */
  paths(): (string | undefined)[];
  close(): Promise<void>;
}

async function startFakeApi(): Promise<FakeApi> {
  const server = createServer((request, response) => {
    api.received.push(request);
    const step = api.script.length > 1 ? api.script.shift() : api.script[0];
    step?.(request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const api: FakeApi = {
    server,
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    received: [],
    script: [],
    paths: () => api.received.map(({ url }) => url),
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  return api;
}

/** Issues token-1, token-2, ... with the roles it is given. */
export interface TokenIssuer extends TokenProvider {
  roles: readonly string[] | undefined;
  invalidateAll(): void;
}

function createTokenIssuer(): TokenIssuer {
  let issued = 0;
  let current: AccessToken | undefined;
  return {
    roles: ['ActivityFeed.Read', 'ActivityFeed.ReadDlp'],
    async getToken() {
      current ??= { value: `token-${++issued}`, roles: this.roles };
      return current;
    },
    invalidate(token) {
      if (token === current) current = undefined;
    },
    invalidateAll() {
      current = undefined;
    },
  };
}

export function aClient(
  api: FakeApi,
  dispatcher: Dispatcher,
  tokens: TokenProvider = createTokenIssuer(),
): ManagementApiClient {
  return createManagementApiClient({
    tenantId,
    publisherIdentifier,
    apiUrl: api.origin,
    tokens,
    dispatcher,
    requestsPerMinute: Infinity,
  });
}

export function reply(
  body: unknown,
  { status = 200, headers = {} }: { status?: number; headers?: object } = {},
): Step {
  const text = typeof body === 'string' || Buffer.isBuffer(body) ? body : JSON.stringify(body);
  return (_request, response) => response.writeHead(status, { ...headers }).end(text);
}

export function refuse(code: string, status = 400, message = 'text'): Step {
  return reply({ error: { code, message } }, { status });
}

/** An entry of a listing. */
export function entry(api: FakeApi, id: string, more: object = {}): object {
  return {
    contentType: exchange,
    contentId: id,
    contentUri: `${api.origin}${feedPath}/audit/${id}`,
    contentCreated: '2026-11-22T10:30:00.000Z',
    contentExpiration: '2026-11-29T10:30:00.000Z',
    ...more,
  };
}

export function page(api: FakeApi, ids: readonly string[], nextPageUri?: string): Step {
  const next = nextPageUri === undefined ? {} : { NextPageUri: nextPageUri, 'X-AspNet-Version': '4.0.30319' };
  return reply(
    ids.map((id) => entry(api, id)),
    { headers: next },
  );
}

/** A page link as the service writes it. */
export function nextPage(api: FakeApi, position: string, host = api.origin): string {
  return `${host}${feedPath}/subscriptions/content?contenttype=Audit.Exchange&endtime=2026-11-22T11:00:00.0000000Z&starttime=2026-11-22T10:00:00.0000000Z&nextpage=${position}$20261122100000000000000$na0022`;
}

/** What a test of the client works with. */
interface FakeApiParts {
  readonly api: FakeApi;
  readonly dispatcher: Dispatcher;
  readonly issuer: TokenIssuer;
  readonly client: ManagementApiClient;
}

/** Gives each test of the file parts of its own, and ends them after it. */
export function useFakeApi(assign: (parts: FakeApiParts) => void): void {
  let end: () => Promise<void>;
  beforeEach(async () => {
    const api = await startFakeApi();
    const dispatcher = createHttpDispatcher();
    const issuer = createTokenIssuer();
    assign({ api, dispatcher, issuer, client: aClient(api, dispatcher, issuer) });
    end = async () => {
      await dispatcher.destroy();
      await api.close();
    };
  });
  afterEach(() => end());
}

/** The hour that listings ask for where it does not matter which. */
export const anHour = { startTime: '2026-11-22T10:00:00.000Z', endTime: '2026-11-22T11:00:00.000Z' };

/** All blobs of a listing, over its pages. */
export async function listBlobs(
  client: ManagementApiClient,
  window = anHour,
  contentType = exchange,
): Promise<ContentBlob[]> {
  const blobs: ContentBlob[] = [];
  for await (const some of client.listAvailableContent(contentType, window, live)) blobs.push(...some);
  return blobs;
}
