import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { request } from 'node:https';
import type { IncomingMessage } from 'node:http';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { once } from 'node:events';
import { json } from 'node:stream/consumers';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { startSimulator } from '../../src/simulator/start.ts';
import type { Simulator } from '../../src/simulator/start.ts';

let folder: string;
let simulator: Simulator;

beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'simulator-https-'));
  simulator = await startSimulator({ https: true, caFile: path.join(folder, 'ca.pem'), tenants: 1 });
});
afterEach(async () => {
  await simulator.close();
  await rm(folder, { recursive: true });
});

async function get(url: string, ca?: string): Promise<unknown> {
  const sent = request(url, { ca }).end();
  const [response] = (await once(sent, 'response')) as [IncomingMessage];
  return json(response);
}
const discovery = (host: string) =>
  `https://${host}:${new URL(simulator.url).port}/${simulator.population.tenants[0]?.tenantId}/v2.0/.well-known/openid-configuration`;

describe('the simulator over https', () => {
  it('is trusted by who trusts the certificate that it has written, under each name of this machine', async () => {
    const ca = await readFile(path.join(folder, 'ca.pem'), 'utf8');
    expect(ca).toBe(simulator.caPem);
    for (const host of ['127.0.0.1', 'localhost'])
      expect(await get(discovery(host), ca)).toMatchObject({
        token_endpoint: expect.stringMatching(`^https://${host}:`) as string,
      });
  });

  it('is trusted by nobody else', async () => {
    await expect(get(discovery('127.0.0.1'))).rejects.toThrow(/certificate|issuer/);
  });

  it('names https addresses in its configuration', () => {
    expect(simulator.configYaml()).toContain(`login_url: "${simulator.url}"`);
    expect(simulator.url).toMatch(/^https:/);
  });
});
