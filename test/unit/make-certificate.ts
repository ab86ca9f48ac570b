import { createPublicKey, generateKeyPairSync, randomBytes, sign, type KeyObject } from 'node:crypto';

/**
 * Certificates made on the spot, since Node can sign but not issue them: the few fields of X.509 (RFC 5280) in DER that TLS
 * looks at.
 */
export interface TestCertificate {
  readonly certificatePem: string;
  readonly keyPem: string;
  readonly name: string;
  readonly key: KeyObject;
}

/** An authority, valid for a day. */
export function makeAuthority(name = 'Test CA'): TestCertificate {
  return makeCertificate({ name, extensions: [extension('551d13', sequence(Buffer.from('0101ff', 'hex')))] });
}

/** A server's certificate for these host names, issued by the authority. */
export function issueFor(hosts: readonly string[], authority: TestCertificate): TestCertificate {
  const names = hosts.map((host) => der(0x82, Buffer.from(host)));
  const extensions = [extension('551d11', sequence(...names))];
  return makeCertificate({ name: hosts[0] ?? 'server', issuer: authority, extensions });
}

/** The credential of an application; Microsoft Entra takes RSA keys only. */
export function makeApplicationCertificate(): TestCertificate {
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  return makeCertificate({ name: 'application', key: privateKey, extensions: [] });
}

function makeCertificate(options: {
  readonly name: string;
  readonly key?: KeyObject;
  readonly issuer?: TestCertificate;
  readonly extensions: readonly Buffer[];
}): TestCertificate {
  const { name, key = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey, extensions } = options;
  const issuer = options.issuer ?? { name, key };
  const algorithm = sequence(issuer.key.asymmetricKeyType === 'rsa' ? sha256WithRsa : ecdsaWithSha256);
  const nowMs = Date.now();
  const body = sequence(
    der(0xa0, der(0x02, Buffer.from([2]))),
    der(0x02, Buffer.concat([Buffer.from([1]), randomBytes(8)])),
    algorithm,
    distinguishedName(issuer.name),
    sequence(utcTime(nowMs - 3_600_000), utcTime(nowMs + 86_400_000)),
    distinguishedName(name),
    createPublicKey(key).export({ type: 'spki', format: 'der' }),
    ...(extensions.length > 0 ? [der(0xa3, sequence(...extensions))] : []),
  );
  const certificate = sequence(body, algorithm, bits(sign('sha256', body, issuer.key)));
  return {
    name,
    key,
    keyPem: key.export({ type: 'pkcs8', format: 'pem' }).toString(),
    certificatePem: pem(certificate),
  };
}

function pem(certificate: Buffer): string {
  const lines = certificate.toString('base64').replace(/.{64}/g, '$&\n').trimEnd();
  return `-----BEGIN CERTIFICATE-----\n${lines}\n-----END CERTIFICATE-----\n`;
}

/** Tag, length, value. */
function der(tag: number, value: Buffer): Buffer {
  const { length } = value;
  const head = length < 0x80 ? [tag, length] : [tag, 0x82, length >> 8, length & 0xff];
  return Buffer.concat([Buffer.from(head), value]);
}

function sequence(...parts: readonly Buffer[]): Buffer {
  return der(0x30, Buffer.concat(parts));
}

function oid(hex: string): Buffer {
  return der(0x06, Buffer.from(hex, 'hex'));
}

function bits(value: Buffer): Buffer {
  return der(0x03, Buffer.concat([Buffer.from([0]), value]));
}

function utcTime(ms: number): Buffer {
  const text = new Date(ms).toISOString().replace(/[-:T]/g, '').slice(2, 14);
  return der(0x17, Buffer.from(`${text}Z`));
}

/** With a common name alone. */
function distinguishedName(name: string): Buffer {
  return sequence(der(0x31, sequence(oid('550403'), der(0x0c, Buffer.from(name)))));
}

function extension(id: string, value: Buffer): Buffer {
  return sequence(oid(id), der(0x04, value));
}

const sha256WithRsa = Buffer.concat([oid('2a864886f70d01010b'), Buffer.from('0500', 'hex')]);
const ecdsaWithSha256 = oid('2a8648ce3d040302');
