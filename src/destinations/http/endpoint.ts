import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import { request, type Dispatcher } from 'undici';
import { DestinationError } from '../../errors.ts';
import { userAgent } from '../../http/dispatcher.ts';
import { codeOf, networkFailure } from '../../http/network-failure.ts';
import type { DestinationContext } from '../destination.ts';
import type { Answer } from './answer.ts';
import type { HttpOptions } from './config.ts';
import { Connections } from './connections.ts';
import { authorization } from './credentials.ts';

const compress = promisify(gzip);

/** So much of an answer's body is read, to keep the connection; what it says is of no interest. */
const readBodyBytes = 64 * 1024;

/** With these TLS alerts a server refuses the certificate that was shown to it, or that none was. Source: RFC 8446, 6.2. */
const certificateRefused =
  /^ERR_SSL_\w*ALERT_(?:(?:BAD|UNSUPPORTED)_CERTIFICATE|CERTIFICATE_\w+|UNKNOWN_CA|ACCESS_DENIED)$/;

/** So a refused certificate shows with TLS 1.3, where the handshake is over before the server looks at it, and so does much else. */
const closedByServer = /^(?:UND_ERR_SOCKET|ECONNRESET|EPIPE|ERR_SSL_\w*ALERT_HANDSHAKE_FAILURE)$/;

interface Message {
  readonly method: 'POST' | 'PUT' | 'OPTIONS';
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: Uint8Array;
}

/** The server at the configured address: sends single requests with the configured headers and credentials. */
export class Endpoint {
  readonly #name: string;
  readonly #options: HttpOptions;
  readonly #context: DestinationContext;
  readonly #connections: Connections;

  constructor(name: string, options: HttpOptions, context: DestinationContext) {
    this.#name = name;
    this.#options = options;
    this.#context = context;
    this.#connections = new Connections(options, context);
  }

  /**
   * Sends a message once and returns what was answered, whatever it is.
   *
   * @throws DestinationError `unavailable` when nothing was answered in time, `unauthorized` when the server refuses the client
   *   certificate, `misconfigured` for credentials or certificates that cannot be used; and `signal.reason` when it aborts
   */
  async send(message: Message, signal: AbortSignal): Promise<Answer> {
    const { timeout, gzip: isCompressed, url } = this.#options;
    const body =
      message.body !== undefined && isCompressed ? await compress(message.body) : (message.body ?? null);
    const { dispatcher, headers } = await this.#prepare(message);
    if (body !== null && isCompressed) headers['content-encoding'] = 'gzip';
    const timeUp = AbortSignal.timeout(timeout);
    try {
      // The signal bounds the whole request, and so takes the place of the time-outs for its parts.
      const limits = { signal: AbortSignal.any([signal, timeUp]), headersTimeout: 0, bodyTimeout: 0 };
      const response = await request(url, { dispatcher, method: message.method, headers, body, ...limits });
      await discard(response);
      return answerOf(response);
    } catch (error) {
      signal.throwIfAborted();
      throw this.#failure(timeUp.aborted ? timeUp.reason : error);
    }
  }

  close(): Promise<void> {
    return this.#connections.close();
  }

  async #prepare(message: Message) {
    try {
      const authorizationHeader = await authorization(this.#options, this.#context);
      const headers = withoutCase({
        'user-agent': userAgent,
        ...message.headers,
        ...(authorizationHeader !== undefined && { authorization: authorizationHeader }),
      });
      for (const [name, value] of Object.entries(this.#options.headers ?? {})) {
        headers[name.toLowerCase()] = value.reveal();
      }
      return { headers, dispatcher: await this.#connections.dispatcher() };
    } catch (cause) {
      const problem = cause instanceof Error ? cause.message : 'they cannot be read';
      throw new DestinationError(
        'misconfigured',
        `destination ${this.#name}: its credentials or certificates cannot be used: ${problem}.`,
        { cause },
      );
    }
  }

  #failure(cause: unknown): DestinationError {
    const code = codeOf(cause) ?? '';
    const isRefused = certificateRefused.test(code);
    const remedies = [
      isRefused ? 'the server refuses the client certificate' : 'it is tried again',
      ...(isRefused || (closedByServer.test(code) && this.#options.url.startsWith('https:'))
        ? ['if the server wants a client certificate, look at client_certificate_path']
        : []),
    ];
    return new DestinationError(
      isRefused ? 'unauthorized' : 'unavailable',
      `destination ${this.#name}: ${networkFailure(cause)}; ${remedies.join('; ')}.`,
      { cause },
    );
  }
}

/** Reads the body to its end, so that the connection can be used again. The status has said all, even if it breaks off. */
async function discard({ body }: Dispatcher.ResponseData): Promise<void> {
  await body.dump({ limit: readBodyBytes }).catch(() => undefined);
}

function answerOf({ statusCode, headers }: Dispatcher.ResponseData): Answer {
  return {
    status: statusCode,
    contentType: firstOf(headers['content-type']),
    retryAfter: firstOf(headers['retry-after']),
  };
}

function firstOf(header: string | string[] | undefined): string | undefined {
  return typeof header === 'string' ? header : header?.[0];
}

function withoutCase(headers: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));
}
