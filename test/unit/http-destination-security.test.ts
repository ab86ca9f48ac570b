import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { createServer } from 'node:https';
import {
  createServer as createTcpServer,
  type AddressInfo,
  type Server as SocketServer,
  type Socket,
} from 'node:net';
import { join } from 'node:path';
import type { TLSSocket } from 'node:tls';
import { inspect } from 'node:util';
import { describe, expect, it, onTestFinished } from 'vitest';
import { aBlob, handOver, outcomesOf } from '../contract/blobs.ts';
import { aFolder } from './config-folder.ts';
import { aDestination, aStand, destinationErrorOf } from './http-destination-stand.ts';
import { proxyTo } from './http-servers.ts';
import { issueFor, makeAuthority, type TestCertificate } from './make-certificate.ts';

const signal = new AbortController().signal;

/** Resolves nowhere, so that only a proxy can reach it. */
const proxiedHost = 'siem.example.test';

const deliverTo = (destination: Parameters<typeof outcomesOf>[0]) =>
  outcomesOf(destination, handOver([aBlob('blob')]));

function basic(user: string, password: string): string {
  return `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`;
}

describe('credentials', () => {
  it.each([
    ['a bearer token', { bearer_token: 'hazelnut' }, 'Bearer hazelnut'],
    ['a user with a password', { username: 'ann', password: 'grüße: 1' }, basic('ann', 'grüße: 1')],
    ['a header of ones own', { headers: { Authorization: 'Splunk squirrel' } }, 'Splunk squirrel'],
    ['nothing', {}, undefined],
  ])('%s go with each request and with the check', async (_what, options, expected) => {
    const { destination, requests } = await aStand(options);
    await deliverTo(destination);
    await destination.check(signal);
    expect(requests.map(({ headers }) => headers.authorization)).toEqual([expected, expected]);
  });

  it('in files are read again at each request', async () => {
    const folder = await aFolder({ token: 'first\n', password: 'first' });
    const path = (name: string) => join(folder, name);
    const bearer = await aStand({ bearer_token_path: path('token') });
    const user = await aStand({ username: 'ann', password_path: path('password') });
    for (const text of ['first', 'second']) {
      await writeFile(path('token'), `${text}\n`);
      await writeFile(path('password'), text);
      await deliverTo(bearer.destination);
      await deliverTo(user.destination);
      expect(bearer.requests.at(-1)?.headers.authorization).toBe(`Bearer ${text}`);
      expect(user.requests.at(-1)?.headers.authorization).toBe(basic('ann', text));
    }
  });

  it('that cannot be read are named with the file, before anything is sent', async () => {
    const { destination, siem } = await aStand({ bearer_token_path: '/nowhere/token' });
    const error = await destinationErrorOf(deliverTo(destination));
    expect([error.kind, error.message]).toEqual([
      'misconfigured',
      'destination siem: its credentials or certificates cannot be used: The secret file /nowhere/token cannot be read: it does not exist; create it or correct the path.',
    ]);
    expect(siem.requests).toBe(0);
  });

  it('and records are in no error', async () => {
    const secrets = { bearer_token: 'squirrel', headers: { 'X-Api-Key': 'hazelnut' } };
    for (const answer of [401, 400, 503, 'loseAnswer'] as const) {
      const { siem, destination } = await aStand(secrets);
      siem.answer = answer;
      const outcome = await deliverTo(destination).catch((error: unknown) => error);
      expect(inspect(outcome, { depth: 9, showHidden: true })).not.toMatch(/squirrel|hazelnut|FileAccessed/);
    }
  });
});

/** A server that shows a certificate for `localhost` and wants one of the same authority; tells whose it was. */
async function aTlsSiem(authority: TestCertificate, { wantsCertificate = false } = {}) {
  const { certificatePem: cert, keyPem: key } = issueFor(['localhost', proxiedHost], authority);
  const tls = {
    cert,
    key,
    ca: authority.certificatePem,
    requestCert: wantsCertificate,
    rejectUnauthorized: wantsCertificate,
  };
  const clients: (string | undefined)[] = [];
  const server = createServer(tls, (request, response) => {
    const { CN } = (request.socket as TLSSocket).getPeerCertificate().subject ?? {};
    clients.push(Array.isArray(CN) ? CN[0] : CN);
    request.resume().on('end', () => response.end());
  });
  const port = await listenTo(server);
  return { url: `https://localhost:${port}/`, port, clients };
}

/** Listens on loopback until the test ends, and returns the port. */
async function listenTo(server: SocketServer): Promise<number> {
  const sockets = new Set<Socket>();
  server.on('connection', (socket: Socket) => sockets.add(socket));
  server.listen(0, 'localhost');
  await once(server, 'listening');
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return (server.address() as AddressInfo).port;
}

/** A TLS record with an alert that ends the connection. */
function fatalAlert(description: number): Buffer {
  return Buffer.from([21, 3, 3, 0, 2, 2, description]);
}

const pemOf = ({ certificatePem, keyPem }: TestCertificate) => certificatePem + keyPem;

describe('TLS', () => {
  it('trusts the authorities of ca_path, and no stranger', async () => {
    const authority = makeAuthority();
    const { url } = await aTlsSiem(authority);
    const folder = await aFolder({ 'ca.pem': authority.certificatePem });
    expect(await deliverTo(aDestination({ url, ca_path: join(folder, 'ca.pem') }))).toMatchObject([
      { status: 'delivered' },
    ]);
    const error = await destinationErrorOf(deliverTo(aDestination({ url })));
    expect(error.kind).toBe('unavailable');
    expect(error.message).toMatch(/the certificate is not trusted.*ca_path/);
  });

  it('shows the client certificate, and a renewed one from the next request on', async () => {
    const authority = makeAuthority();
    const { url, clients } = await aTlsSiem(authority, { wantsCertificate: true });
    const folder = await aFolder({ 'ca.pem': authority.certificatePem });
    const path = join(folder, 'client.pem');
    const destination = aDestination({
      url,
      ca_path: join(folder, 'ca.pem'),
      client_certificate_path: path,
    });
    for (const name of ['first', 'first', 'second']) {
      await writeFile(path, pemOf(issueFor([name], authority)));
      await deliverTo(destination);
    }
    expect(clients).toEqual(['first', 'first', 'second']);
  });

  it('shows the client certificate to the server alone, not to a proxy on the way', async () => {
    const authority = makeAuthority();
    const server = await aTlsSiem(authority, { wantsCertificate: true });
    const { certificatePem: cert, keyPem: key } = issueFor(['localhost'], authority);
    const seenByProxy: unknown[] = [];
    const proxy = await proxyTo(server.port, async (listener) => {
      const tls = createServer({ cert, key, requestCert: true, rejectUnauthorized: false }, listener);
      tls.on('connect', (_request, client: TLSSocket) => seenByProxy.push(client.getPeerCertificate()));
      const port = await listenTo(tls);
      return { server: tls, port, url: `https://localhost:${port}` };
    });
    const folder = await aFolder({
      'ca.pem': authority.certificatePem,
      'client.pem': pemOf(issueFor(['client'], authority)),
    });
    const network = { proxyUrl: proxy.url, caPath: join(folder, 'ca.pem') };
    // Loopback is never proxied.
    const url = `https://${proxiedHost}/`;
    await deliverTo(aDestination({ url, client_certificate_path: join(folder, 'client.pem') }, { network }));
    expect([seenByProxy, server.clients]).toEqual([[{}], ['client']]);
  });

  it('takes the key from a file of its own', async () => {
    const authority = makeAuthority();
    const { url, clients } = await aTlsSiem(authority, { wantsCertificate: true });
    const client = issueFor(['client'], authority);
    const folder = await aFolder({
      'ca.pem': authority.certificatePem,
      'client.pem': client.certificatePem,
      'client.key': client.keyPem,
    });
    const destination = aDestination({
      url,
      ca_path: join(folder, 'ca.pem'),
      client_certificate_path: join(folder, 'client.pem'),
      client_certificate_key_path: join(folder, 'client.key'),
    });
    await deliverTo(destination);
    expect(clients).toEqual(['client']);
  });

  it.each([
    ['unknown_ca', 48],
    ['bad_certificate', 42],
    ['certificate_expired', 45],
    ['certificate_required', 116],
  ])('takes the alert %s for a client certificate that is refused', async (_name, alert) => {
    const port = await listenTo(
      createTcpServer((socket) => socket.on('error', () => undefined).end(fatalAlert(alert))),
    );
    const error = await destinationErrorOf(deliverTo(aDestination({ url: `https://localhost:${port}/` })));
    expect(error.message).toMatch(/the server refuses the client certificate; .*client_certificate_path\.$/);
    expect(error.kind).toBe('unauthorized');
  });

  it.each([
    ['of a stranger', (stranger: TestCertificate) => pemOf(issueFor(['client'], stranger))],
    ['that is missing', () => undefined],
  ])(
    'names a client certificate %s as what may be the matter when the server just hangs up',
    async (_which, pem) => {
      const authority = makeAuthority();
      const { url } = await aTlsSiem(authority, { wantsCertificate: true });
      const text = pem(makeAuthority('Another CA'));
      const folder = await aFolder({ 'ca.pem': authority.certificatePem, 'client.pem': text ?? '' });
      const destination = aDestination({
        url,
        ca_path: join(folder, 'ca.pem'),
        ...(text !== undefined && { client_certificate_path: join(folder, 'client.pem') }),
      });
      for (const attempt of [() => deliverTo(destination), () => destination.check(signal)]) {
        const error = await destinationErrorOf(attempt());
        expect(error.kind).toBe('unavailable');
        expect(error.message).toMatch(/it is tried again; .* look at client_certificate_path\.$/);
      }
    },
  );

  it('names a key that does not fit as misconfigured, without quoting it', async () => {
    const authority = makeAuthority();
    const { url } = await aTlsSiem(authority);
    const folder = await aFolder({
      'client.pem': issueFor(['client'], authority).certificatePem,
      'client.key': issueFor(['another'], authority).keyPem,
    });
    const destination = aDestination({
      url,
      client_certificate_path: join(folder, 'client.pem'),
      client_certificate_key_path: join(folder, 'client.key'),
    });
    const error = await destinationErrorOf(deliverTo(destination));
    expect(error.kind).toBe('misconfigured');
    expect(error.message).toMatch(/^destination siem: its credentials or certificates cannot be used: .*key/);
    expect(error.message).not.toContain('BEGIN');
  });
});

describe('the check', () => {
  it.each([200, 204, 400, 405, 429, 501, 503])('takes %i for a server that is there', async (status) => {
    const { destination, requests } = await aStand({}, { onRequest: () => status });
    await destination.check(signal);
    expect(requests.map(({ method, body }) => [method, body.length])).toEqual([['OPTIONS', 0]]);
  });

  it.each([
    [401, 'unauthorized'],
    [403, 'unauthorized'],
    [404, 'misconfigured'],
  ])('takes %i for %s', async (status, kind) => {
    const { destination } = await aStand({}, { onRequest: () => status });
    const error = await destinationErrorOf(destination.check(signal));
    expect([error.kind, error.message]).toEqual([kind, expect.stringContaining(`HTTP ${status}`)]);
  });

  it('says that nobody listens', async () => {
    const { destination, siem } = await aStand();
    await siem.down();
    expect((await destinationErrorOf(destination.check(signal))).message).toContain(
      'the connection was refused',
    );
  });
});
