import { packageVersion } from '../package-version.ts';
import { EnvHttpProxyAgent, type Dispatcher } from 'undici';

/** Says honestly who asks: `office365-ingest/<version>`. Goes with every request. */
export const userAgent = `office365-ingest/${packageVersion()}`;

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
 * The connection pool that all HTTP of one process shares. Goes through `HTTPS_PROXY` and `HTTP_PROXY` unless `NO_PROXY`
 * excludes the host; loopback is never proxied. Follows no redirects and retries nothing. The caller closes it.
 */
export function createHttpDispatcher(): Dispatcher {
  return new EnvHttpProxyAgent({
    connect: { timeout: connectTimeoutMs },
    headersTimeout: headersTimeoutMs,
    bodyTimeout: bodyTimeoutMs,
    keepAliveTimeout: keepAliveTimeoutMs,
    connections: maxConnectionsPerOrigin,
    noProxy: hostsWithoutProxy(process.env['no_proxy'] ?? process.env['NO_PROXY'] ?? ''),
  });
}

function hostsWithoutProxy(configured: string): string {
  return configured.trim() === '*' ? '*' : `${configured},localhost,127.0.0.1,[::1]`;
}
