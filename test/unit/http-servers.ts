import { createServer, type RequestListener, type Server } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { connect, type AddressInfo, type Server as SocketServer } from 'node:net';
import { onTestFinished } from 'vitest';
import type { TestCertificate } from './make-certificate.ts';

/** A server on loopback that ends with the test. */
export interface TestServer {
  readonly server: Server;
  readonly port: number;
  readonly url: string;
}

export async function serve(listener: RequestListener): Promise<TestServer> {
  const server = createServer(listener);
  const port = await listen(server);
  return { server, port, url: `http://127.0.0.1:${port}` };
}

export async function serveTls(
  { certificatePem: cert, keyPem: key }: TestCertificate,
  listener: RequestListener,
): Promise<TestServer> {
  const server = createTlsServer({ cert, key }, listener);
  const port = await listen(server);
  return { server, port, url: `https://127.0.0.1:${port}` };
}

/** A proxy that tunnels everything to one port on loopback, whatever host was asked for. */
export interface TestProxy {
  readonly url: string;
  /** What was asked for, as `host:port`. */
  readonly tunnels: (string | undefined)[];
  /** The last `Proxy-Authorization`. */
  readonly authorization: () => string | undefined;
}

export async function proxyTo(
  port: number,
  start: (listener: RequestListener) => Promise<TestServer> = serve,
): Promise<TestProxy> {
  const tunnels: (string | undefined)[] = [];
  let authorization: string | undefined;
  const { server, url } = await start((_request, response) => response.writeHead(400).end());
  server.on('connect', (request, client) => {
    tunnels.push(request.url);
    authorization = request.headers['proxy-authorization'];
    const target = connect(port, '127.0.0.1', () => {
      client.write('HTTP/1.1 200 Connection established\r\n\r\n');
      client.pipe(target).pipe(client);
    });
    for (const [one, other] of [
      [client, target],
      [target, client],
    ] as const) {
      one.on('error', () => other.destroy()).on('close', () => other.destroy());
    }
  });
  return { url, tunnels, authorization: () => authorization };
}

async function listen(server: Server & SocketServer): Promise<number> {
  const sockets = new Set<{ destroy(): void }>();
  server.on('connection', (socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(async () => {
    for (const socket of sockets) socket.destroy();
    await new Promise((resolve) => server.close(resolve));
  });
  return (server.address() as AddressInfo).port;
}
