import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { request } from 'undici';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { createHttpDispatcher, userAgent } from '../../src/http/dispatcher.ts';
import { networkFailure } from '../../src/http/network-failure.ts';
import { retryAfterMs } from '../../src/http/retry-after.ts';

const servers: Server[] = [];

async function serve(listener: RequestListener): Promise<{ server: Server; url: string }> {
  const server = createServer(listener);
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { server, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` };
}

afterEach(async () => {
  vi.unstubAllEnvs();
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
});

describe('createHttpDispatcher', () => {
  it('asks through the proxy of the environment, but never for loopback', async () => {
    const target = await serve((_request, response) => response.end('direct'));
    const proxy = await serve((_request, response) => response.end('by proxy'));
    const tunnelled: (string | undefined)[] = [];
    proxy.server.on('connect', (connect, socket) => {
      tunnelled.push(connect.url);
      socket.end('HTTP/1.1 502 Bad Gateway\r\n\r\n');
    });
    for (const name of ['http_proxy', 'https_proxy', 'no_proxy', 'NO_PROXY']) vi.stubEnv(name, undefined);
    vi.stubEnv('HTTPS_PROXY', proxy.url);
    vi.stubEnv('HTTP_PROXY', proxy.url);
    const dispatcher = createHttpDispatcher();
    try {
      const direct = await request(target.url, { dispatcher });
      expect(await direct.body.text()).toBe('direct');
      await expect(request('https://api.example.test/', { dispatcher })).rejects.toThrow();
      expect(tunnelled).toEqual(['api.example.test:443']);
    } finally {
      await dispatcher.destroy();
    }
  });

  it('leaves out the proxy for hosts in NO_PROXY', async () => {
    const proxy = await serve((_request, response) => response.end('by proxy'));
    let asked = 0;
    proxy.server.on('connect', (_connect, socket) => {
      asked++;
      socket.destroy();
    });
    for (const name of ['http_proxy', 'https_proxy', 'no_proxy']) vi.stubEnv(name, undefined);
    vi.stubEnv('HTTPS_PROXY', proxy.url);
    vi.stubEnv('HTTP_PROXY', proxy.url);
    for (const excluded of ['*', 'other.test,127.0.0.2']) {
      vi.stubEnv('NO_PROXY', excluded);
      const dispatcher = createHttpDispatcher();
      await expect(request('https://127.0.0.2:1/', { dispatcher })).rejects.toThrow();
      await dispatcher.destroy();
    }
    expect(asked).toBe(0);
  });

  it('names the service and its version', () => {
    expect(userAgent).toMatch(/^office365-ingest\/\d+\.\d+\.\d+/);
  });
});

describe('networkFailure', () => {
  it('says in words why a connection failed, without the address', async () => {
    const { server, url } = await serve((_request, response) => response.socket?.destroy());
    const dispatcher = createHttpDispatcher();
    try {
      const reset = await request(`${url}/secret`, { dispatcher }).catch((error: unknown) => error);
      expect(networkFailure(reset)).toMatch(/closed in the middle|reset/);
      await new Promise((resolve) => server.close(resolve));
      const refused = await request(`${url}/secret`, { dispatcher }).catch((error: unknown) => error);
      expect(networkFailure(refused)).toBe('the connection was refused (ECONNREFUSED)');
    } finally {
      await dispatcher.destroy();
    }
  });

  it('knows a time-out and finds codes among causes', () => {
    expect(networkFailure(new DOMException('x', 'TimeoutError'))).toBe('no answer came in time');
    const certificate = Object.assign(new Error('x'), { code: 'CERT_HAS_EXPIRED' });
    expect(networkFailure(new TypeError('failed', { cause: certificate }))).toContain('has expired');
    expect(networkFailure('odd')).toBe('the connection failed');
  });
});

describe('retryAfterMs', () => {
  const nowMs = Date.parse('2026-11-22T12:00:00Z');
  it.each([
    ['120', 120_000],
    ['0.5', 500],
    ['Sun, 22 Nov 2026 12:00:30 GMT', 30_000],
    ['Sun, 22 Nov 2026 11:00:00 GMT', 0],
    ['soon', undefined],
    [undefined, undefined],
  ])('reads %s', (header, expected) => {
    expect(retryAfterMs(header, nowMs)).toBe(expected);
  });
});
