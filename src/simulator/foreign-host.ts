import type { RequestListener } from 'node:http';
import type { Ledger } from './ledger.ts';

/** A host that is none of Microsoft's: forged links point to it, and it notes who follows them, and who brings a token. */
export function foreignListener(ledger: Ledger): RequestListener {
  return (request, response) => {
    const { method = 'GET', url: target = '/' } = request;
    const hasToken = request.headers.authorization !== undefined;
    ledger.violated(hasToken ? 'sentTokenToForeignHost' : 'followedForeignLink', { method, target });
    response.writeHead(200, { 'Content-Type': 'application/json; charset=utf-8' }).end('[]');
  };
}

/** Another name of this machine, and another port. */
export function foreignOriginOf(scheme: string, hostname: string, port: number): string {
  return `${scheme}://${hostname === 'localhost' ? '127.0.0.1' : 'localhost'}:${port}`;
}
