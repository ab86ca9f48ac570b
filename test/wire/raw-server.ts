import { createServer, type Socket } from 'node:net';
import type { AddressInfo } from 'node:net';
import { gzipSync } from 'node:zlib';
import { headerOf, type WireMessage, type WireRequest, type WireResponse } from './transcript.ts';

/** A server that knows no HTTP beyond where a message ends: it sends what it is told, byte for byte. */
export interface RawServer {
  readonly origin: string;
  close(): Promise<void>;
}

/** Each request is answered by `answer`; a body shorter than its Content-Length ends the connection. */
export async function startRawServer(answer: (request: WireRequest) => WireResponse): Promise<RawServer> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    let received = Buffer.alloc(0);
    socket.on('error', () => socket.destroy());
    socket.on('close', () => sockets.delete(socket));
    socket.on('data', (chunk: Buffer) => {
      received = Buffer.concat([received, chunk]);
      for (let request = takeRequest(); request !== undefined; request = takeRequest()) send(answer(request));
    });

    function takeRequest(): WireRequest | undefined {
      const headEnd = received.indexOf('\r\n\r\n');
      if (headEnd === -1) return undefined;
      const [line = '', ...headerLines] = received.subarray(0, headEnd).toString('latin1').split('\r\n');
      const [method = '', target = ''] = line.split(' ');
      const headers = headerLines.map((header) => {
        const colon = header.indexOf(':');
        return [header.slice(0, colon), header.slice(colon + 1).trim()] as const;
      });
      const bodyStart = headEnd + 4;
      const bodyEnd = bodyStart + Number(headerOf({ headers, body: '' }, 'content-length') ?? 0);
      if (received.length < bodyEnd) return undefined;
      const body = received.subarray(bodyStart, bodyEnd).toString('utf8');
      received = received.subarray(bodyEnd);
      return { method, target, headers, body };
    }

    function send(response: WireResponse): void {
      const { bytes, isWhole } = encode(response);
      if (isWhole) socket.write(bytes);
      else socket.end(bytes);
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async close() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** Head as written, with a Content-Length where it has none. */
function encode(response: WireResponse): { readonly bytes: Buffer; readonly isWhole: boolean } {
  const body = bodyOnTheWire(response);
  const stated = headerOf(response, 'Content-Length');
  const lines = [
    `HTTP/1.1 ${response.status} ${response.reason}`,
    ...response.headers.map(([name, value]) => `${name}: ${value}`),
    ...(stated === undefined && response.status !== 204 ? [`Content-Length: ${body.length}`] : []),
  ];
  return {
    bytes: Buffer.concat([Buffer.from(`${lines.join('\r\n')}\r\n\r\n`), body]),
    isWhole: stated === undefined || Number(stated) === body.length,
  };
}

function bodyOnTheWire(message: WireMessage): Buffer {
  const body = Buffer.from(message.body);
  return headerOf(message, 'Content-Encoding') === 'gzip' ? gzipSync(body) : body;
}
