import { execFileSync } from 'node:child_process';
import { constants, createHash, verify, X509Certificate } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { createServer as createTlsServer } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Agent, type Dispatcher } from 'undici';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Secret, type Credential } from '../../src/config/config.ts';
import { createHttpDispatcher } from '../../src/http/dispatcher.ts';
import { createTokenProvider } from '../../src/office365/token-provider.ts';
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

  it('sends a federated token as it stands in its file', async () => {
    const path = join(folder, 'token');
    const assertion = jwt({ iss: 'cluster' });
    writeFileSync(path, assertion);
    await provider({ type: 'federatedToken', path }).getToken(never);
    expect(endpoint.received[0]?.form.get('client_assertion')).toBe(assertion);
    expect(endpoint.received[0]?.form.get('client_assertion_type')).toContain('jwt-bearer');
  });

  it('signs an assertion with a certificate and its encrypted key', async () => {
    const { certificatePath, keyPath, passwordPath } = makeCertificate();
    await provider({ type: 'certificate', path: certificatePath, keyPath, passwordPath }).getToken(never);
    const [header = '', payload = '', signature = ''] = (
      endpoint.received[0]?.form.get('client_assertion') ?? ''
    ).split('.');
    const certificate = new X509Certificate(readFileSync(certificatePath));
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
    const { certificatePath, plainKeyPath } = makeCertificate();
    const ca = readFileSync(certificatePath);
    const key = readFileSync(plainKeyPath);
    const tls = await startFakeTokenEndpoint('https', (listener) =>
      createTlsServer({ cert: ca, key }, listener),
    );
    const agent = new Agent({ connect: { ca, checkServerIdentity: () => undefined } });
    try {
      await provider(aSecret, tls.loginUrl, agent).getToken(never);
      expect(tls.received.map(({ path }) => path)).toEqual([`/${tenantId}/oauth2/v2.0/token`]);
      await expect(provider(aSecret, tls.loginUrl).getToken(never)).rejects.toMatchObject({
        kind: 'unavailable',
        message: expect.stringContaining('NODE_EXTRA_CA_CERTS'),
      });
    } finally {
      await agent.destroy();
      await tls.close();
    }
  });
});

function decode(part: string): unknown {
  return JSON.parse(Buffer.from(part, 'base64url').toString('utf8'));
}

/** A self-signed certificate for 127.0.0.1 with its key, in the clear and encrypted. */
function makeCertificate() {
  const at = (name: string) => join(folder, name);
  writeFileSync(at('password'), 'pass word');
  openssl(`req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=test -keyout plain.pem -out certificate.pem`);
  openssl(`pkcs8 -topk8 -in plain.pem -out key.pem -passout file:password`);
  return {
    certificatePath: at('certificate.pem'),
    keyPath: at('key.pem'),
    plainKeyPath: at('plain.pem'),
    passwordPath: at('password'),
  };
}

/** Runs in the test's folder; no argument contains a space. */
function openssl(command: string): void {
  execFileSync('openssl', command.split(' '), { cwd: folder, stdio: 'ignore' });
}
