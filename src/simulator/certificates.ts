import { isIP } from 'node:net';

/** For `https.createServer`. */
export interface ServerCertificate {
  readonly key: string;
  readonly cert: string;
}

const monthMs = 30 * 24 * 3_600_000;

/** A certificate for this machine and the authority that has signed it; the authority's key is forgotten. All as PEM. */
export async function makeCertificates(
  host: string,
): Promise<{ readonly server: ServerCertificate; readonly authority: string }> {
  // Loaded where it is needed: it is large.
  const { generate } = await import('selfsigned');
  const common = {
    keyType: 'ec',
    algorithm: 'sha256',
    // An hour back, for clients whose clock is behind.
    notBeforeDate: new Date(Date.now() - 3_600_000),
    notAfterDate: new Date(Date.now() + monthMs),
  } as const;
  const authority = await generate([{ name: 'commonName', value: 'office365-ingest simulator' }], {
    ...common,
    extensions: [
      { name: 'basicConstraints', cA: true, critical: true },
      { name: 'keyUsage', keyCertSign: true, cRLSign: true, critical: true },
    ],
  });
  const names = [...new Set(['localhost', '127.0.0.1', '::1', host])];
  const server = await generate([{ name: 'commonName', value: 'localhost' }], {
    ...common,
    ca: { key: authority.private, cert: authority.cert },
    extensions: [
      { name: 'basicConstraints', cA: false },
      { name: 'keyUsage', digitalSignature: true, critical: true },
      { name: 'extKeyUsage', serverAuth: true },
      {
        name: 'subjectAltName',
        altNames: names.map((name) => (isIP(name) ? { type: 7, ip: name } : { type: 2, value: name })),
      },
    ],
  });
  return { server: { key: server.private, cert: server.cert }, authority: authority.cert };
}
