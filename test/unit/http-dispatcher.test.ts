import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { rootCertificates } from 'node:tls';
import { request, type Dispatcher } from 'undici';
import { beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { createHttpDispatcher, userAgent, type NetworkOptions } from '../../src/http/dispatcher.ts';
import { networkFailure } from '../../src/http/network-failure.ts';
import { trustedAuthorities } from '../../src/http/trusted-authorities.ts';
import { aFolder } from './config-folder.ts';
import { proxyTo, serve, serveTls } from './http-servers.ts';
import { issueFor, makeAuthority, type TestCertificate } from './make-certificate.ts';

/** Resolves nowhere, so that only a proxy can reach it. */
const host = 'api.example.test';

beforeEach(() => {
  for (const name of ['http_proxy', 'https_proxy', 'no_proxy', 'HTTP_PROXY', 'HTTPS_PROXY', 'NO_PROXY']) {
    vi.stubEnv(name, undefined);
  }
  onTestFinished(() => void vi.unstubAllEnvs());
});

function aDispatcher(network: NetworkOptions = {}): Dispatcher {
  const dispatcher = createHttpDispatcher(network);
  onTestFinished(() => dispatcher.destroy());
  return dispatcher;
}

async function textOf(url: string, dispatcher: Dispatcher): Promise<string> {
  return (await request(url, { dispatcher })).body.text();
}

async function failureOf(url: string, dispatcher: Dispatcher): Promise<string> {
  return networkFailure(await textOf(url, dispatcher).catch((error: unknown) => error));
}

async function fileWith(authority: TestCertificate): Promise<string> {
  const path = join(await aFolder({}), 'ca.pem');
  await writeFile(path, authority.certificatePem);
  return path;
}

describe('the proxy', () => {
  it.each([
    ['of the environment', (url: string) => (vi.stubEnv('HTTPS_PROXY', url), {})],
    ['of the configuration', (proxyUrl: string) => ({ proxyUrl })],
    [
      'of the configuration rather than that of the environment',
      (proxyUrl: string) => (vi.stubEnv('HTTPS_PROXY', 'http://127.0.0.1:1'), { proxyUrl }),
    ],
  ])('%s tunnels requests to the end', async (_which, networkFor) => {
    const authority = makeAuthority();
    const target = await serveTls(issueFor([host], authority), (_request, response) => response.end('there'));
    const proxy = await proxyTo(target.port);
    const dispatcher = aDispatcher({ ...networkFor(proxy.url), caPath: await fileWith(authority) });
    expect(await textOf(`https://${host}/`, dispatcher)).toBe('there');
    expect(proxy.tunnels).toEqual([`${host}:443`]);
  });

  it('may be reached by TLS itself, and is given its password and nobody else', async () => {
    const authority = makeAuthority();
    let seen: string | undefined;
    const target = await serveTls(issueFor([host], authority), (received, response) => {
      seen = received.headers['proxy-authorization'];
      response.end('there');
    });
    const proxy = await proxyTo(target.port, (listener) =>
      serveTls(issueFor(['localhost'], authority), listener),
    );
    const proxyUrl = proxy.url.replace('//127.0.0.1', '//user:pass%20word@localhost');
    const dispatcher = aDispatcher({ proxyUrl, caPath: await fileWith(authority) });
    expect(await textOf(`https://${host}/`, dispatcher)).toBe('there');
    expect(proxy.authorization()).toBe(`Basic ${Buffer.from('user:pass word').toString('base64')}`);
    expect(seen).toBeUndefined();
  });

  it('is left out for loopback', async () => {
    const target = await serve((_request, response) => response.end('direct'));
    const proxy = await proxyTo(target.port);
    expect(await textOf(target.url, aDispatcher({ proxyUrl: proxy.url }))).toBe('direct');
    expect(proxy.tunnels).toEqual([]);
  });

  it.each(['*', 'other.test,127.0.0.2', '127.0.0.2'])(
    'is left out for the hosts of NO_PROXY, configured or not: %s',
    async (noProxy) => {
      const proxy = await proxyTo(1);
      vi.stubEnv('NO_PROXY', noProxy);
      vi.stubEnv('HTTPS_PROXY', proxy.url);
      for (const network of [{}, { proxyUrl: proxy.url }]) {
        expect(await failureOf('https://127.0.0.2:1/', aDispatcher(network))).toContain('refused');
      }
      expect(proxy.tunnels).toEqual([]);
    },
  );

  it('that refuses a tunnel is named with its status', async () => {
    const proxy = await serve(() => undefined);
    proxy.server.on('connect', (_request, socket) =>
      socket.end('HTTP/1.1 407 Proxy Authentication Required\r\n\r\n'),
    );
    expect(await failureOf(`https://${host}/`, aDispatcher({ proxyUrl: proxy.url }))).toBe(
      'the proxy opened no tunnel; look at proxy_url and the password in it (HTTP 407)',
    );
  });
});

describe('ca_path', () => {
  it('adds an authority, without which its servers are not trusted', async () => {
    const authority = makeAuthority();
    const target = await serveTls(issueFor(['localhost'], authority), (_request, response) =>
      response.end('trusted'),
    );
    const url = `https://localhost:${target.port}/`;
    expect(await textOf(url, aDispatcher({ caPath: await fileWith(authority) }))).toBe('trusted');
    const stranger = await fileWith(makeAuthority('Another CA'));
    for (const caPath of [undefined, stranger]) {
      expect(await failureOf(url, aDispatcher({ caPath }))).toMatch(/not trusted.*ca_path/);
    }
  });

  it('takes nothing away from what Node trusts', async () => {
    const authority = makeAuthority();
    const trusted = new Set(trustedAuthorities(await fileWith(authority)));
    expect(trusted.has(authority.certificatePem)).toBe(true);
    expect(rootCertificates.filter((certificate) => !trusted.has(certificate))).toEqual([]);
  });

  it('does not let a certificate pass for another host', async () => {
    const authority = makeAuthority();
    const target = await serveTls(issueFor([host], authority), (_request, response) => response.end());
    const dispatcher = aDispatcher({ caPath: await fileWith(authority) });
    expect(await failureOf(`https://localhost:${target.port}/`, dispatcher)).toContain('for another host');
  });
});

describe('networkFailure', () => {
  it('says in words why a connection failed, without the address', async () => {
    const { server, url } = await serve((_request, response) => response.socket?.destroy());
    const dispatcher = aDispatcher();
    expect(await failureOf(`${url}/secret`, dispatcher)).toMatch(/closed in the middle|reset/);
    await new Promise((resolve) => server.close(resolve));
    expect(await failureOf(`${url}/secret`, dispatcher)).toBe('the connection was refused (ECONNREFUSED)');
  });

  it('knows a time-out and finds codes among causes', () => {
    expect(networkFailure(new DOMException('x', 'TimeoutError'))).toBe('no answer came in time');
    const certificate = Object.assign(new Error('x'), { code: 'CERT_HAS_EXPIRED' });
    expect(networkFailure(new TypeError('failed', { cause: certificate }))).toContain('has expired');
    expect(networkFailure('odd')).toBe('the connection failed');
  });
});

it('names the service and its version as the user agent', () => {
  expect(userAgent).toMatch(/^office365-ingest\/\d+\.\d+\.\d+/);
});
