import { constants, createHash, verify, X509Certificate } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { createServer as createTlsServer } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Dispatcher } from 'undici';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Secret, type Credential } from '../../src/config/config.ts';
import { createHttpDispatcher } from '../../src/http/dispatcher.ts';
import { createTokenProvider } from '../../src/office365/token-provider.ts';
import { issueFor, makeApplicationCertificate, makeAuthority } from './make-certificate.ts';
import {
  clientId,
  jwt,
  never,
  scope,
  startFakeTokenEndpoint,
  tenantId,
  type FakeTokenEndpoint,
} from './office365-fake-token-endpoint.ts';

let folder: string;
let endpoint: FakeTokenEndpoint;
let dispatcher: Dispatcher;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'credential-'));
  endpoint = await startFakeTokenEndpoint();
  dispatcher = createHttpDispatcher();
});

afterEach(async () => {
  await dispatcher.destroy();
  await endpoint.close();
  rmSync(folder, { recursive: true });
});

const aSecret: Credential = { type: 'secret', secret: new Secret('s') };

function provider(credential: Credential, loginUrl = endpoint.loginUrl, by: Dispatcher = dispatcher) {
  return createTokenProvider(
    { tenantId, clientId, credential, loginUrl, scope },
    { dispatcher: by, readSecretFile: async (path) => (await readFile(path, 'utf8')).trimEnd() },
  );
}

describe('a credential', () => {
  it('reads the secret file anew for each token', async () => {
    const path = join(folder, 'secret');
    writeFileSync(path, 'old\n');
    const tokens = provider({ type: 'secretFile', path });
    tokens.invalidate(await tokens.getToken(never));
    writeFileSync(path, 'new\n');
    await tokens.getToken(never);
    expect(endpoint.received.map(({ form }) => form.get('client_secret'))).toEqual(['old', 'new']);
  });

  it('says which file it cannot read, and recovers once it is there', async () => {
    const path = join(folder, 'absent');
    const tokens = provider({ type: 'secretFile', path });
    await expect(tokens.getToken(never)).rejects.toMatchObject({
      kind: 'unauthorized',
      message: expect.stringContaining(path),
    });
    expect(endpoint.received).toHaveLength(0);
    writeFileSync(path, 'now');
    await tokens.getToken(never);
  });

  it('sends a federated token as it stands in its file, which is read anew for each token', async () => {
    const path = join(folder, 'token');
    const assertion = jwt({ iss: 'cluster' });
    writeFileSync(path, assertion);
    const tokens = provider({ type: 'federatedToken', path });
    tokens.invalidate(await tokens.getToken(never));
    const renewed = jwt({ iss: 'cluster', iat: 2 });
    writeFileSync(path, renewed);
    await tokens.getToken(never);
    expect(endpoint.received.map(({ form }) => form.get('client_assertion'))).toEqual([assertion, renewed]);
    expect(endpoint.received[0]?.form.get('client_assertion_type')).toContain('jwt-bearer');
  });

  it('signs an assertion with a certificate and its encrypted key', async () => {
    const { certificatePem, key: privateKey } = makeApplicationCertificate();
    const credential = {
      type: 'certificate' as const,
      path: join(folder, 'certificate.pem'),
      keyPath: join(folder, 'key.pem'),
      passwordPath: join(folder, 'password'),
    };
    const encryption = { cipher: 'aes-256-cbc', passphrase: 'pass word' };
    writeFileSync(credential.path, certificatePem);
    writeFileSync(credential.keyPath, privateKey.export({ type: 'pkcs8', format: 'pem', ...encryption }));
    writeFileSync(credential.passwordPath, encryption.passphrase);
    await provider(credential).getToken(never);
    const [header = '', payload = '', signature = ''] = (
      endpoint.received[0]?.form.get('client_assertion') ?? ''
    ).split('.');
    const certificate = new X509Certificate(certificatePem);
    const thumbprint = createHash('sha256').update(certificate.raw).digest('base64url');
    expect(decode(header)).toMatchObject({ alg: 'PS256', 'x5t#S256': thumbprint });
    expect(decode(payload)).toMatchObject({
      iss: clientId,
      sub: clientId,
      aud: `${endpoint.loginUrl}/${tenantId}/oauth2/v2.0/token`,
    });
    const key = { key: certificate.publicKey, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: 32 };
    const signed = Buffer.from(`${header}.${payload}`);
    expect(verify('sha256', signed, key, Buffer.from(signature, 'base64url'))).toBe(true);
  });

  it('asks an own https address at its port, without looking anywhere else', async () => {
    const authority = makeAuthority();
    const caPath = join(folder, 'ca.pem');
    writeFileSync(caPath, authority.certificatePem);
    const { certificatePem: cert, keyPem: key } = issueFor(['localhost'], authority);
    const tls = await startFakeTokenEndpoint('https', (listener) => createTlsServer({ cert, key }, listener));
    const loginUrl = tls.loginUrl.replace('127.0.0.1', 'localhost');
    const trusting = createHttpDispatcher({ caPath });
    try {
      await provider(aSecret, loginUrl, trusting).getToken(never);
      expect(tls.received.map(({ path }) => path)).toEqual([`/${tenantId}/oauth2/v2.0/token`]);
      await expect(provider(aSecret, loginUrl).getToken(never)).rejects.toMatchObject({
        kind: 'unavailable',
        message: expect.stringContaining('ca_path'),
      });
    } finally {
      await trusting.destroy();
      await tls.close();
    }
  });
});

function decode(part: string): unknown {
  return JSON.parse(Buffer.from(part, 'base64url').toString('utf8'));
}
