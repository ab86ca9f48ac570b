import { once } from 'node:events';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { expect, it, describe } from 'vitest';
import { downloadTemporalCli } from '../../src/temporal/download.ts';

const progress: string[] = [];

function download(site: string): Promise<string> {
  const onProgress = (line: string) => progress.push(line);
  return downloadTemporalCli({ folder: tmpdir(), environment: process.env, onProgress }, site);
}

/** Runs `use` with the address of a download site that answers by `listener`. */
async function withSite(listener: RequestListener, use: (site: string) => Promise<void>): Promise<void> {
  const server = createServer(listener).listen(0, '127.0.0.1');
  await once(server, 'listening');
  try {
    await use(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  } finally {
    server.closeAllConnections();
    server.close();
  }
}

describe('the download of the Temporal CLI', () => {
  it('is not tried when the site cannot be reached', async () => {
    await expect(download('http://127.0.0.1:1')).rejects.toThrow('http://127.0.0.1:1 cannot be used: ');
    expect(progress).toEqual([]);
  });

  it('is not tried when the site refuses', async () => {
    await withSite(
      (_, response) => response.writeHead(403).end(),
      async (site) => {
        await expect(download(site)).rejects.toThrow(`${site} cannot be used: it answers with status 403`);
      },
    );
    expect(progress).toEqual([]);
  });

  it('is given up when the site does not answer within 4 s', { timeout: 20_000 }, async () => {
    await withSite(
      () => undefined,
      async (site) => {
        await expect(download(site)).rejects.toThrow(`${site} cannot be used: no answer within 4 s`);
      },
    );
  });
});
