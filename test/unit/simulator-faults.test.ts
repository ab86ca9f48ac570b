import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { faultKinds } from '../../src/simulator/fault-kinds.ts';
import { SimulatorClient, eventsIn, itemsOf } from './simulator-client.ts';

let client: SimulatorClient;

beforeEach(async () => {
  const contentTypes = ['Audit.Exchange', 'Audit.General'];
  client = await SimulatorClient.start({ tenants: 1, contentTypes, historyHours: 2, blobsPerHour: 10 });
  for (const type of contentTypes) await client.startSubscription(type);
});
afterEach(() => client.simulator.close());

const addFault = async (fault: object) =>
  ((await (await client.post('/_control/faults', fault)).json()) as { id: string }).id;
const firstUri = async () => (await itemsOf(await client.content()))[0]?.contentUri ?? '';

describe('a fault', () => {
  it('appears when it is added and goes when it is removed', async () => {
    const id = await addFault({ operation: 'list', kind: 'AF50000' });
    expect([(await client.subscriptions()).status, (await client.subscriptions()).status]).toEqual([
      500, 500,
    ]);
    expect(await (await client.control('/_control/faults')).json()).toEqual([
      { id, operation: 'list', kind: 'AF50000', answered: 2 },
    ]);
    expect((await client.control(`/_control/faults/${id}`, 'DELETE')).status).toBe(200);
    expect((await client.subscriptions()).status).toBe(200);
    expect((await client.control(`/_control/faults/${id}`, 'DELETE')).status).toBe(404);
  });

  it('spoils as many answers as it was told', async () => {
    await addFault({ operation: 'list', kind: 'AF50000', count: 2 });
    expect([
      (await client.subscriptions()).status,
      (await client.subscriptions()).status,
      (await client.subscriptions()).status,
    ]).toEqual([500, 500, 200]);
  });

  it('spoils about the share of answers it was told', async () => {
    await addFault({ operation: 'list', kind: 'AF50000', rate: 0.5 });
    const statuses = await Promise.all(
      Array.from({ length: 100 }, async () => (await client.subscriptions()).status),
    );
    const spoilt = statuses.filter((status) => status === 500).length;
    expect(spoilt).toBeGreaterThan(25);
    expect(spoilt).toBeLessThan(75);
  });

  it('spoils only the operation, content type and blob it was added for', async () => {
    const uri = await firstUri();
    await addFault({ operation: 'content', kind: 'AF50000', contentType: 'audit.general' });
    await addFault({ operation: 'blob', kind: 'AF20050', contentId: uri.split('/').at(-1) });
    expect((await client.subscriptions()).status).toBe(200);
    expect((await client.content('Audit.Exchange')).status).toBe(200);
    expect((await client.content('Audit.General')).status).toBe(500);
    expect((await client.blob(uri)).status).toBe(404);
    const items = await itemsOf(await client.content());
    expect((await client.blob(items[1]?.contentUri ?? '')).status).toBe(200);
  });

  it('is refused with the name of the field that is wrong', async () => {
    for (const [fault, field] of [
      [{ operation: 'list', kind: 'nonsense' }, 'kind'],
      [{ operation: 'dance', kind: 'AF429' }, 'operation'],
      [{ operation: 'list', kind: 'AF429', count: 'two' }, 'count'],
      [{ operation: 'list', kind: 'AF429', times: 2 }, 'times'],
    ] as const) {
      const response = await client.post('/_control/faults', fault);
      expect([response.status, await response.json()]).toEqual([
        400,
        { error: expect.stringMatching(`^${field}:`) as string },
      ]);
    }
  });

  it('answers throttling as 403 without Retry-After, naming method and publisher', async () => {
    await addFault({ operation: 'content', kind: 'AF429' });
    const response = await client.content();
    expect([response.status, response.headers.get('retry-after'), await response.json()]).toEqual([
      403,
      null,
      {
        error: {
          code: 'AF429',
          message: 'Too many requests. Method=GetContents, PublisherId=aaaaaaaa-0000-4000-8000-000000000000',
        },
      },
    ]);
  });

  it('answers the token endpoint with the errors of Entra', async () => {
    await addFault({ operation: 'token', kind: 'AADSTS7000222' });
    const response = await fetch(`${client.simulator.url}/${client.tenantId()}/oauth2/v2.0/token`, {
      method: 'POST',
    });
    expect([response.status, await response.json()]).toMatchObject([401, { error_codes: [7000222] }]);
  });

  it('hides a switched-off audit in a message cut at its first colon', async () => {
    await addFault({ operation: 'start', kind: 'auditOff' });
    const { error } = (await (await client.startSubscription('Audit.Exchange')).json()) as {
      error: { code: string; message: string };
    };
    expect(error.code).toMatch(/\[AppId$/);
    expect(error.message).toContain(`DataServiceException: Tenant ${client.tenantId()} does not exist.`);
  });

  it.each(['reset', 'truncated'] as const)(
    '%s ends the connection before the end of the body',
    async (kind) => {
      const uri = await firstUri();
      await addFault({ operation: 'blob', kind, count: 1 });
      await expect(client.blob(uri).then((response) => response.text())).rejects.toThrow();
      expect(eventsIn(await (await client.blob(uri)).text())).not.toEqual([]);
    },
  );

  it('cutJson serves half a body that http takes for a whole one', async () => {
    const uri = await firstUri();
    await addFault({ operation: 'blob', kind: 'cutJson', count: 1 });
    const cut = await (await client.blob(uri)).text();
    const whole = await (await client.blob(uri)).text();
    expect(cut.length).toBeLessThan(whole.length);
    expect(() => eventsIn(cut)).toThrow();
  });

  it('can hold an answer back', async () => {
    await addFault({ operation: 'list', kind: 'slow', delayMs: 600_000 });
    const abort = new AbortController();
    const held = client.subscriptions(abort.signal);
    while (client.simulator.faults()[0]?.answered !== 1) await client.control('/_control/clock');
    abort.abort();
    await expect(held).rejects.toThrow(/abort/);
  });

  it.each([
    { kind: 'slowBody', delayMs: 1 },
    { kind: 'drip', bytesPerSecond: 1_000_000 },
  ])('$kind sends the whole body, only later', async (fault) => {
    const uri = await firstUri();
    const whole = await (await client.blob(uri)).text();
    await addFault({ operation: 'blob', ...fault });
    expect(await (await client.blob(uri)).text()).toBe(whole);
    expect(client.simulator.report().subscriptions[0]?.blobs.fetchedMoreThanOnce).toBe(1);
  });

  it('heals after its time, and is not counted as used by then', async () => {
    await addFault({ operation: 'list', kind: 'AF50000', forMs: 60_000 });
    expect((await client.subscriptions()).status).toBe(500);
    client.time.nowMs += 60_000;
    expect((await client.subscriptions()).status).toBe(200);
    expect(client.simulator.faults()).toMatchObject([{ answered: 1 }]);
  });

  it('foreignLink sends a client to another host, which the report knows if it follows, and with what', async () => {
    await addFault({ operation: 'content', kind: 'foreignLink', count: 1 });
    const link = (await client.content()).headers.get('nextpageuri') ?? '';
    expect(new URL(link).hostname).toBe('localhost');
    expect(new URL(link).port).not.toBe(new URL(client.simulator.url).port);
    expect(client.simulator.report().violations).toEqual([]);
    await fetch(link);
    await client.api(link);
    expect(client.simulator.report().violations).toMatchObject([
      { name: 'followedForeignLink', count: 1 },
      { name: 'sentTokenToForeignHost', count: 1 },
    ]);
  });

  it('selfLink links a page to itself', async () => {
    await addFault({ operation: 'content', kind: 'selfLink', count: 1 });
    const response = await client.content();
    expect(response.headers.get('nextpageuri')).toBe(response.url);
  });

  it('has an answer under every name that the list of kinds knows', async () => {
    for (const kind of Object.keys(faultKinds)) {
      if (['reset', 'truncated', 'slow', 'slowBody', 'drip', 'redirect'].includes(kind)) continue;
      const id = await addFault({ operation: 'content', kind });
      await (await client.content()).text();
      expect(client.simulator.faults()).toMatchObject([{ id, answered: 1 }]);
      client.simulator.removeFault(id);
    }
  });
});
