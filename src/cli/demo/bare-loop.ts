import { mkdir, open, rm } from 'node:fs/promises';
import path from 'node:path';
import { request, type Dispatcher } from 'undici';

/**
 * The least a collector has to do, as the yardstick of the bulk part: ask for a token, list, fetch with eight connections, cut
 * the array into records, append them as lines, sync after each batch. No state, no retries, no deduplication.
 */
export async function runBareLoop(options: {
  readonly url: string;
  readonly tenantId: string;
  readonly contentType: string;
  readonly clientId: string;
  readonly clientSecret: string;
  /** Under 24 hours; ISO without zone. */
  readonly window: { readonly startTime: string; readonly endTime: string };
  readonly folder: string;
}): Promise<{ readonly records: number; readonly ms: number }> {
  await mkdir(options.folder, { recursive: true });
  const file = await open(path.join(options.folder, 'bare-loop.out'), 'w');
  const startedMs = performance.now();
  const headers = { authorization: `Bearer ${await requestToken(options)}` };
  const uris = await listAll(options, headers);
  let records = 0;
  let unsynced = 0;
  const lane = async () => {
    for (let uri = uris.shift(); uri !== undefined; uri = uris.shift()) {
      const answer = await request(uri, { headers });
      const lines = toLines(Buffer.from(await answer.body.arrayBuffer()));
      records += lines.count;
      await file.write(lines.bytes);
      if (++unsynced % 50 === 0) await file.datasync();
    }
  };
  await Promise.all(Array.from({ length: 8 }, lane));
  await file.datasync();
  const ms = performance.now() - startedMs;
  await file.close();
  await rm(path.join(options.folder, 'bare-loop.out'));
  return { records, ms };
}

async function requestToken(options: {
  readonly url: string;
  readonly tenantId: string;
  readonly clientId: string;
  readonly clientSecret: string;
}): Promise<string> {
  const answer = await request(`${options.url}/${options.tenantId}/oauth2/v2.0/token`, {
    method: 'POST',
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    body: new URLSearchParams({
      grant_type: 'client_credentials',
      client_id: options.clientId,
      client_secret: options.clientSecret,
      scope: 'https://manage.office.com/.default',
    }).toString(),
  });
  return ((await answer.body.json()) as { access_token: string }).access_token;
}

async function listAll(
  { url, tenantId, contentType, window }: Parameters<typeof runBareLoop>[0],
  headers: Readonly<Record<string, string>>,
): Promise<string[]> {
  const uris: string[] = [];
  const query = new URLSearchParams({ contentType, ...window, PublisherIdentifier: tenantId }).toString();
  let next: string | undefined = `${url}/api/v1.0/${tenantId}/activity/feed/subscriptions/content?${query}`;
  while (next !== undefined) {
    const answer: Dispatcher.ResponseData = await request(next, { headers });
    for (const { contentUri } of (await answer.body.json()) as { contentUri: string }[])
      uris.push(contentUri);
    const link = answer.headers['nextpageuri'];
    next = typeof link === 'string' ? `${link}&PublisherIdentifier=${tenantId}` : undefined;
  }
  return uris;
}

/** Elements of the array at depth one, each as a line. */
function toLines(body: Buffer): { readonly bytes: Buffer; readonly count: number } {
  const lines: Buffer[] = [];
  const newline = Buffer.from('\n');
  let depth = 0;
  let start = 0;
  let isInString = false;
  for (let at = 0; at < body.length; at++) {
    const byte = body[at];
    if (isInString) {
      if (byte === 0x5c) at++;
      else if (byte === 0x22) isInString = false;
    } else if (byte === 0x22) isInString = true;
    else if (byte === 0x7b || byte === 0x5b) {
      if (++depth === 2) start = at;
    } else if (byte === 0x7d || byte === 0x5d) {
      if (--depth === 1) lines.push(body.subarray(start, at + 1), newline);
    }
  }
  return { bytes: Buffer.concat(lines), count: lines.length / 2 };
}
