import { connect } from 'node:net';
import { gunzipSync } from 'node:zlib';
import { headerOf, type WireRequest, type WireResponse } from './transcript.ts';

/** An answer as it came, and whether all of it came. */
export interface RawAnswer extends WireResponse {
  readonly isWhole: boolean;
}

/** Sends a request byte for byte, with nothing added but `Host`, `Connection: close` and the length of a body. */
export async function sendRaw(origin: string, request: WireRequest): Promise<RawAnswer> {
  const { hostname, port, host } = new URL(origin);
  const isLengthMissing = request.body !== '' && headerOf(request, 'Content-Length') === undefined;
  const lines = [
    `${request.method} ${request.target} HTTP/1.1`,
    `Host: ${host}`,
    'Connection: close',
    ...request.headers.map(([name, value]) => `${name}: ${value}`),
    ...(isLengthMissing ? [`Content-Length: ${Buffer.byteLength(request.body)}`] : []),
  ];
  const socket = connect(Number(port), hostname);
  socket.write(`${lines.join('\r\n')}\r\n\r\n${request.body}`);
  const chunks: Buffer[] = [];
  try {
    for await (const chunk of socket) chunks.push(chunk as Buffer);
  } catch {
    // A reset: what came before it is the answer.
  }
  return parseAnswer(Buffer.concat(chunks));
}

function parseAnswer(bytes: Buffer): RawAnswer {
  const headEnd = bytes.indexOf('\r\n\r\n');
  const [line = '', ...headerLines] = bytes.subarray(0, headEnd).toString('latin1').split('\r\n');
  const [, status, reason = ''] = /^HTTP\/1\.1 (\d{3}) ?(.*)$/.exec(line) ?? [];
  const headers = headerLines.map((header) => {
    const colon = header.indexOf(':');
    return [header.slice(0, colon), header.slice(colon + 1).trim()] as const;
  });
  const message = { headers, body: '' };
  const sent = bytes.subarray(headEnd + 4);
  const isChunked = headerOf(message, 'Transfer-Encoding') === 'chunked';
  const { body, isWhole } = isChunked
    ? joinChunks(sent)
    : { body: sent, isWhole: sent.length === Number(headerOf(message, 'Content-Length') ?? sent.length) };
  const isZipped = isWhole && headerOf(message, 'Content-Encoding') === 'gzip';
  return {
    status: Number(status),
    reason,
    headers,
    body: (isZipped ? gunzipSync(body) : body).toString(),
    isWhole,
  };
}

/** A body in chunked coding is whole when its last chunk is empty. */
function joinChunks(bytes: Buffer): { readonly body: Buffer; readonly isWhole: boolean } {
  const parts: Buffer[] = [];
  for (let at = 0; ;) {
    const lineEnd = bytes.indexOf('\r\n', at);
    if (lineEnd === -1) return { body: Buffer.concat(parts), isWhole: false };
    const length = parseInt(bytes.subarray(at, lineEnd).toString('latin1'), 16);
    if (length === 0) return { body: Buffer.concat(parts), isWhole: true };
    parts.push(bytes.subarray(lineEnd + 2, lineEnd + 2 + length));
    at = lineEnd + 2 + length + 2;
  }
}
