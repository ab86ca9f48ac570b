import { X509Certificate } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { reasonOf } from './reason-of.ts';

/** What keeps a PEM file of certificates from being used, without its path. */
export async function problemOfCertificateFile(path: string): Promise<string | undefined> {
  try {
    if (holdsCertificates(await readFile(path, 'utf8'))) return undefined;
    return 'does not hold certificates in PEM form alone: write them into it, or name another file';
  } catch (cause) {
    return `cannot be read: ${reasonOf(cause)}`;
  }
}

function holdsCertificates(pem: string): boolean {
  const blocks = pem.match(/-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g) ?? [];
  return blocks.length > 0 && blocks.every(isCertificate);
}

function isCertificate(block: string): boolean {
  try {
    return new X509Certificate(block).raw.length > 0;
  } catch {
    return false;
  }
}
