import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { blobsBetween, findBlob } from '../../src/simulator/blobs.ts';
import { eventTemplates } from '../../src/simulator/event-templates.ts';
import { indented } from '../../src/simulator/json-text.ts';
import { createPopulation } from '../../src/simulator/population.ts';
import type { PopulationDescription, SubscriptionPopulation } from '../../src/simulator/population.ts';
import { blobBody, recordBytes } from '../../src/simulator/records.ts';

const startTimeMs = Date.parse('2026-11-22T12:00:00Z');

function aSubscription(changes: Partial<PopulationDescription> = {}): SubscriptionPopulation {
  const population = createPopulation({
    seed: 'population',
    startTimeMs,
    tenants: 1,
    contentTypes: ['Audit.SharePoint'],
    historyHours: 4,
    blobsPerHour: 30,
    recordsPerBlob: [1, 20],
    liveEveryMs: 60_000,
    ...changes,
  });
  const subscription = population.tenants[0]?.subscriptions[0];
  if (subscription === undefined) throw new Error('no subscription');
  return subscription;
}

const allBlobs = (subscription: SubscriptionPopulation) => [
  ...blobsBetween(subscription, 0, startTimeMs + 600_000),
];
const bodyOf = (subscription: SubscriptionPopulation, blob: ReturnType<typeof allBlobs>[number]) =>
  Buffer.concat([...blobBody(subscription, blob)]).toString('utf8');

describe('the population', () => {
  it('is the same in every tenant, blob and byte for the same seed', () => {
    const contents = () => {
      const subscription = aSubscription();
      return allBlobs(subscription).map((blob) => [subscription.tenantId, blob, bodyOf(subscription, blob)]);
    };
    expect(contents()).toEqual(contents());
  });

  it('is another one for another seed', () => {
    const other = aSubscription({ seed: 'another' });
    expect(other.tenantId).not.toBe(aSubscription().tenantId);
    expect(allBlobs(other)[0]?.contentId).not.toBe(allBlobs(aSubscription())[0]?.contentId);
  });

  it('puts the stated number of blobs into history and one into each span from the start on', () => {
    const blobs = allBlobs(aSubscription());
    expect(blobs.filter(({ createdMs }) => createdMs < startTimeMs)).toHaveLength(120);
    expect(blobs.filter(({ createdMs }) => createdMs >= startTimeMs)).toHaveLength(10);
  });

  it('lists blobs in the order in which they became available, some of them in the same millisecond', () => {
    const times = allBlobs(aSubscription()).map(({ createdMs }) => createdMs);
    expect(times).toEqual(times.toSorted((a, b) => a - b));
    expect(new Set(times).size).toBeLessThan(times.length);
  });

  it('gives each blob an id of its own, by which it is found again', () => {
    const subscription = aSubscription();
    const blobs = allBlobs(subscription);
    expect(new Set(blobs.map(({ contentId }) => contentId)).size).toBe(blobs.length);
    for (const blob of blobs) expect(findBlob(subscription, blob.contentId)).toEqual(blob);
  });

  it('writes ids as Microsoft does, the last position being the time of creation', () => {
    for (const { contentId, createdMs } of allBlobs(aSubscription())) {
      expect(contentId).toMatch(
        /^\d{23}\$\d{23}\$audit_sharepoint\$Audit_SharePoint\$(na0022|emea0036|emea9037)$/,
      );
      const [first = '', last = ''] = contentId.split('$');
      expect(last.slice(0, 17)).toBe(new Date(createdMs).toISOString().replace(/\D/g, ''));
      expect(first <= last).toBe(true);
    }
  });

  it('splits any span of time into windows that hold each blob once', () => {
    const subscription = aSubscription();
    const blobs = allBlobs(subscription);
    const cuts = [0, ...blobs.filter((_, number) => number % 7 === 0).map(({ createdMs }) => createdMs)];
    const windows = cuts.map((cut, number) => [
      ...blobsBetween(subscription, cut, cuts[number + 1] ?? startTimeMs + 600_000),
    ]);
    expect(windows.flat()).toEqual(blobs);
  });

  it('serves JSON arrays whose records parse to what each record alone parses to', () => {
    const subscription = aSubscription();
    for (const blob of allBlobs(subscription)) {
      const records: unknown = JSON.parse(bodyOf(subscription, blob).replace(/^\ufeff/, ''));
      const alone = Array.from({ length: blob.recordCount }, (_, number): unknown =>
        JSON.parse(recordBytes(subscription, blob, number).toString('utf8')),
      );
      expect(records).toEqual(alone);
    }
  });

  it('writes some blobs with line ends between tokens, with a byte order mark, with white space around', () => {
    const subscription = aSubscription({ blobsPerHour: 120 });
    const bodies = allBlobs(subscription).map((blob) => bodyOf(subscription, blob));
    expect(bodies.some((body) => body.includes(',\r\n  "'))).toBe(true);
    expect(bodies.some((body) => body.includes(',\n  "'))).toBe(true);
    expect(bodies.some((body) => body.startsWith('\ufeff'))).toBe(true);
    expect(bodies.some((body) => /^\s+\[/.test(body))).toBe(true);
  });

  it('repeats some records byte for byte in later blobs, and no others that have an Id', () => {
    const subscription = aSubscription({ recordsPerBlob: [20, 20] });
    const records = allBlobs(subscription).flatMap((blob) =>
      Array.from({ length: blob.recordCount }, (_, number) =>
        recordBytes(subscription, blob, number).toString('utf8'),
      ),
    );
    const repeated = records.length - new Set(records).size;
    expect(repeated / records.length).toBeGreaterThan(0.01);
    expect(repeated / records.length).toBeLessThan(0.05);
    const ids = new Map<string, Set<string>>();
    for (const record of records) {
      const { Id } = JSON.parse(record) as { Id?: string };
      if (Id) ids.set(Id, (ids.get(Id) ?? new Set()).add(record));
    }
    expect([...ids.values()].filter((bodies) => bodies.size > 1)).toEqual([]);
  });

  it('gives records the tenant they belong to', () => {
    const subscription = aSubscription();
    for (const blob of allBlobs(subscription)) {
      const records = JSON.parse(bodyOf(subscription, blob).replace(/^\ufeff/, '')) as object[];
      for (const record of records)
        if ('OrganizationId' in record && /^[\da-f-]{36}$/.test(String(record.OrganizationId)))
          expect(record.OrganizationId).toBe(subscription.tenantId);
    }
  });

  it('names the option that makes no sense', () => {
    expect(() => aSubscription({ blobsPerHour: 0 })).toThrow(/^blobsPerHour/);
    expect(() => aSubscription({ recordsPerBlob: [5, 1] })).toThrow(/^recordsPerBlob/);
    expect(() => aSubscription({ tenants: -1 })).toThrow(/^tenants/);
    const bulk = { contentType: 'Audit.General', blobs: 0, recordsPerBlob: 1, hours: 1 };
    expect(() => aSubscription({ bulk })).toThrow(/^bulk\.blobs/);
  });
});

describe('the events', () => {
  const folder = new URL('../../src/simulator/events/', import.meta.url);
  const lines = readdirSync(folder)
    .filter((name) => name.endsWith('.ndjson'))
    .toSorted()
    .flatMap((name) => readFileSync(new URL(name, folder), 'utf8').split('\n').slice(0, -1));
  const values = {
    id: '11111111-2222-3333-4444-555555555555',
    tenantId: 'aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee',
    creationTime: '2026-11-22T10:11:12',
  };
  const patched = /"(Id|OrganizationId|CreationTime)":"[^"]*"/g;

  it('are rendered token for token: only Id, OrganizationId and CreationTime of the outermost object change', () => {
    expect(eventTemplates()).toHaveLength(lines.length);
    for (const [number, template] of eventTemplates().entries())
      expect(template.render('compact', values).toString('utf8').replace(patched, '')).toBe(
        (lines[number] ?? '').replace(patched, ''),
      );
  });

  it('keep their meaning when they are written over several lines', () => {
    for (const template of eventTemplates()) {
      const compact: unknown = JSON.parse(template.render('compact', values).toString('utf8'));
      const text = template.render('crlfLines', values).toString('utf8');
      expect(JSON.parse(text)).toEqual(compact);
      expect(text).toContain('\r\n');
    }
  });

  it('keep numbers, repeated keys and escapes as they are written', () => {
    const odd = Buffer.from('{"a":1.0,"a":-0.0,"b":["\\u0000,}\\"",{}],"c":12345678901234567890}');
    expect(indented(odd, '\n').toString()).toBe(
      '{\n  "a": 1.0,\n  "a": -0.0,\n  "b": [\n    "\\u0000,}\\"",\n    {}\n  ],\n  "c": 12345678901234567890\n}',
    );
  });

  it('all come into the feed sooner or later', () => {
    const subscription = aSubscription({ historyHours: 20, blobsPerHour: 60, recordsPerBlob: [5, 5] });
    const operationsOf = (texts: readonly string[]) =>
      new Set(texts.map((text) => (JSON.parse(text) as { Operation?: string }).Operation));
    const served = allBlobs(subscription).flatMap((blob) =>
      Array.from({ length: blob.recordCount }, (_, number) =>
        recordBytes(subscription, blob, number).toString('utf8'),
      ),
    );
    expect(operationsOf(served)).toEqual(operationsOf(lines));
    expect(Math.max(...served.map((record) => record.length))).toBeGreaterThan(1_000_000);
  });
});
