import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';

/** Returns `wanted` if it can be listened on, else any port that can. 0 means any. */
export async function chooseFreePort(host: string, wanted: number): Promise<number> {
  if (wanted > 65_535) return chooseFreePort(host, 0);
  const server = createServer();
  try {
    server.listen(wanted, host);
    await once(server, 'listening');
    return (server.address() as AddressInfo).port;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (wanted !== 0 && (code === 'EADDRINUSE' || code === 'EACCES')) return chooseFreePort(host, 0);
    throw error;
  } finally {
    server.close();
  }
}
