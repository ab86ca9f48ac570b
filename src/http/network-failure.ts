/** What the codes of Node and undici mean, for people. */
const meanings: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'the connection was refused',
  ECONNRESET: 'the connection was reset',
  EPIPE: 'the connection was reset',
  ENOTFOUND: 'the host name does not resolve; look at DNS and the configured host',
  EAI_AGAIN: 'the host name could not be resolved for the moment',
  EHOSTUNREACH: 'there is no route to the host',
  ENETUNREACH: 'there is no route to the network',
  ETIMEDOUT: 'the connection timed out',
  UND_ERR_CONNECT_TIMEOUT: 'no connection came about in time',
  UND_ERR_HEADERS_TIMEOUT: 'no answer came in time',
  UND_ERR_BODY_TIMEOUT: 'the answer stopped in the middle',
  UND_ERR_SOCKET: 'the connection was closed in the middle',
  UND_ERR_RES_CONTENT_LENGTH_MISMATCH: 'the answer ended early',
  UND_ERR_PRX_TLS: 'TLS with the proxy failed',
  UND_ERR_ABORTED: 'the proxy opened no tunnel; look at proxy_url and the password in it',
  BODY_DRIPS: 'the answer came in too slowly',
  Z_BUF_ERROR: 'the compressed answer ended early',
  Z_DATA_ERROR: 'the compressed answer is damaged',
  ERR_TLS_CERT_ALTNAME_INVALID: 'the certificate of the server is for another host',
  CERT_HAS_EXPIRED: 'the certificate of the server has expired',
  SELF_SIGNED_CERT_IN_CHAIN: 'the certificate is not trusted; a proxy that opens TLS needs its CA in ca_path',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'the certificate is self-signed; name it in ca_path',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'the certificate is not trusted; name its CA in ca_path',
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: 'the certificate is not trusted; name its CA in ca_path',
};

/** Why a request failed below HTTP, in words with the code. Quotes nothing of the error's own text, which may hold a URL. */
export function networkFailure(error: unknown): string {
  if (error instanceof Error && error.name === 'TimeoutError') return 'no answer came in time';
  const code = codeOf(error);
  if (code === undefined) return 'the connection failed';
  const meaning = meanings[code] ?? 'the connection failed';
  return `${meaning} (${refusedTunnel(error) ?? code})`;
}

/** The status with which a proxy refused to connect, for example 407; undici tells it in its text only. */
function refusedTunnel(error: unknown): string | undefined {
  const status = error instanceof Error && /^Proxy response \((\d{3})\)/.exec(error.message)?.[1];
  return status ? `HTTP ${status}` : undefined;
}

/** The first code in the chain of causes; of several attempts (IPv6 and IPv4) the first. */
export function codeOf(error: unknown): string | undefined {
  if (!(error instanceof Error)) return undefined;
  if ('code' in error && typeof error.code === 'string') return error.code;
  return codeOf(error instanceof AggregateError ? error.errors[0] : error.cause);
}
