import { createSecureContext } from 'node:tls';
import { Agent, EnvHttpProxyAgent, Pool, type Dispatcher } from 'undici';
import { packageVersion } from '../package-version.ts';
import { trustedAuthorities } from './trusted-authorities.ts';

/** Says honestly who asks: `office365-ingest/<version>`. Goes with every request. */
export const userAgent = `office365-ingest/${packageVersion()}`;

/** How this process reaches the outside. */
export interface NetworkOptions {
  /** `http://` or `https://`, with user and password if the proxy asks for them; wins over the environment. */
  readonly proxyUrl?: string | undefined;
  /** PEM file of authorities that are trusted beside those of the system. */
  readonly caPath?: string | undefined;
}

/** TLS with the servers of one dispatcher, and no other; each a PEM text. */
export interface ServerTls {
  /** Authorities that are trusted, too. */
  readonly ca?: string | undefined;
  /** What this service shows of itself (mutual TLS). */
  readonly cert?: string | undefined;
  readonly key?: string | undefined;
}

/** Long enough for a slow proxy or a lost SYN packet, short enough to try another time soon. */
const connectTimeoutMs = 10_000;

/** Listings of busy tenants take longer than a minute; other collectors failed with 30 s and settled at 60 to 100 s. */
const headersTimeoutMs = 100_000;

/** Longest pause between two pieces of a body. A body of any length may take its time as long as it moves. */
const bodyTimeoutMs = 60_000;

/** Outlives the pause between two requests of a working tenant, and stays below what load balancers cut by themselves. */
const keepAliveTimeoutMs = 30_000;

/** Per origin, as one process serves many tenants from the one host of their cloud. */
const maxConnectionsPerOrigin = 256;

/**
 * The connection pool that all HTTP of one process shares. Goes through `proxyUrl`, else through `HTTPS_PROXY` and
 * `HTTP_PROXY`, unless `NO_PROXY` excludes the host; loopback is never proxied. Follows no redirects and retries nothing.
 * The caller closes it.
 *
 * @throws Error when the file at `caPath` cannot be read or a PEM text cannot be used
 */
export function createHttpDispatcher(
  { proxyUrl, caPath }: NetworkOptions = {},
  serverTls: ServerTls = {},
): Dispatcher {
  const connect = connectOptions(caPath, serverTls);
  return new EnvHttpProxyAgent({
    connect,
    requestTls: connect,
    proxyTls: connectOptions(caPath, {}),
    headersTimeout: headersTimeoutMs,
    bodyTimeout: bodyTimeoutMs,
    keepAliveTimeout: keepAliveTimeoutMs,
    connections: maxConnectionsPerOrigin,
    ...(proxyUrl !== undefined && { httpProxy: proxyUrl, httpsProxy: proxyUrl }),
    noProxy: hostsWithoutProxy(process.env['no_proxy'] ?? process.env['NO_PROXY'] ?? ''),
    // A proxy that takes the connection but never opens the tunnel counts as one that cannot be reached.
    clientFactory: (origin, options) => new Pool(origin, { ...options, headersTimeout: connectTimeoutMs }),
  });
}

/** For services of the machine itself, such as the metadata service of an Azure VM, which no proxy can reach. */
export function createDirectDispatcher(): Dispatcher {
  return new Agent({ connect: { timeout: connectTimeoutMs } });
}

function connectOptions(caPath: string | undefined, { ca, cert, key }: ServerTls) {
  if (caPath === undefined && ca === undefined && cert === undefined) return { timeout: connectTimeoutMs };
  const authorities = [...trustedAuthorities(caPath), ...(ca === undefined ? [] : [ca])];
  // Made once, as parsing all the authorities takes a while.
  return { timeout: connectTimeoutMs, secureContext: createSecureContext({ ca: authorities, cert, key }) };
}

function hostsWithoutProxy(configured: string): string {
  return configured.trim() === '*' ? '*' : `${configured},localhost,127.0.0.1,[::1]`;
}
