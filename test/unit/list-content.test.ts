import { beforeEach, describe, expect, it } from 'vitest';
import {
  listContent,
  type ContentListing,
  type ListContentInput,
} from '../../src/activities/list-content.ts';
import { addIds, type DeliveredIds } from '../../src/domain/delivered-ids.ts';
import { hourOf } from '../../src/domain/hour.ts';
import { parseTime, type TimeWindow } from '../../src/domain/time-window.ts';
import type { ManagementApiClient } from '../../src/office365/client.ts';
import { anEnvironment, contentType, setUpStand, type ActivityStand } from './activity-stand.ts';

const hourMs = 3_600_000;
let stand: ActivityStand;

beforeEach(async () => {
  stand = await setUpStand({}, { listing_heartbeat: '90s', sweep_ages: ['1h'] });
});

describe('a live listing', () => {
  it('returns what is new, oldest first, and the settings for the workflow', async () => {
    const { blobs, ...listing } = await list({ live: { position: ago(12), quietPolls: 3 } });
    expect(blobs).toHaveLength(10);
    const times = blobs.map(({ contentCreated }) => parseTime(contentCreated));
    expect(times).toEqual(times.toSorted((a, b) => a - b));
    expect(Object.keys(blobs[0]!)).toEqual(['contentId', 'contentCreated']);
    expect(listing).toMatchObject({ polls: 1, quietPolls: 0 });
    expect(listing.settings).toEqual({
      tenantName: stand.tenant.config.name,
      destinations: [{ name: 'events', lookbackMs: 0 }],
      settleTimeMs: 0,
      sweepAgesMs: [hourMs],
      listingHeartbeatMs: 90_000,
      hasSearchAttributes: true,
    });
  });

  it('waits while there is nothing new, and returns when the worker shuts down', async () => {
    const environment = anEnvironment();
    const polls: number[] = [];
    environment.on('heartbeat', ({ polls: listed }: { polls: number }) => {
      polls.push(listed);
      stand.stopping.abort();
    });
    const live = { position: new Date().toISOString(), quietPolls: 4 };
    const listing: ContentListing = await environment.run(listContent(stand.dependencies), {
      ...subscription(),
      live,
    });
    expect(listing).toMatchObject({ blobs: [], polls: 1, quietPolls: 5 });
    expect(polls.length).toBeGreaterThan(0);
  });

  it('throws a failed listing at once', async () => {
    stand.simulator.addFault({ operation: 'content', kind: 'AF20030' });
    const attempt = list({ live: { position: ago(2), quietPolls: 0 } });
    await expect(attempt).rejects.toMatchObject({ kind: 'windowRefused' });
  });
});

describe('an owed listing', () => {
  const window = (): TimeWindow => ({ startTime: ago(12), endTime: ago(0) });

  it('returns what is created in its span and not known, without waiting', async () => {
    const { blobs } = await list({ owed: { window: window(), known: {} } });
    expect(blobs).toHaveLength(10);
    const known: Record<string, DeliveredIds> = {};
    for (const { contentId, contentCreated } of blobs.slice(0, 7)) {
      const hour = hourOf(contentCreated);
      known[hour] = addIds(known[hour] ?? '', [contentId]).memory;
    }
    const listing = await list({ owed: { window: window(), known } });
    expect(listing.blobs).toEqual(blobs.slice(7));
    expect(listing).toMatchObject({ known: 7, polls: 1, quietPolls: 0 });
  });

  it('is complete for its span when it finds nothing', async () => {
    const span = { startTime: ago(20), endTime: ago(19) };
    const listing = await list({ owed: { window: span, known: {} } });
    expect(listing).toMatchObject({ window: span, blobs: [], polls: 1 });
  });

  it('starts later than asked where the service no longer serves the beginning', async () => {
    const endTime = ago(7 * 24 - 6);
    const { window: listed } = await list({
      owed: { window: { startTime: ago(8 * 24), endTime }, known: {} },
    });
    expect(listed.endTime).toBe(endTime);
    expect(parseTime(listed.startTime)).toBeGreaterThan(Date.now() - 7 * 24 * hourMs);
  });

  it('is the end of its span alone where nothing of it is served any more, and asks for nothing', async () => {
    const span = { startTime: ago(9 * 24), endTime: ago(8 * 24) };
    const { window: listed, blobs } = await list({ owed: { window: span, known: {} } });
    expect([listed, blobs]).toEqual([{ startTime: span.endTime, endTime: span.endTime }, []]);
    expect(stand.simulator.report().requests.content).toBeUndefined();
  });
});

describe('the requests of a listing', () => {
  it.each(['live', 'owed'] as const)('have the priority of what is listed: %s', async (priority) => {
    const asked = {
      live: { live: { position: ago(12), quietPolls: 0 } },
      owed: { owed: { window: { startTime: ago(1), endTime: ago(0) }, known: {} } },
    };
    const priorities: string[] = [];
    const { client } = stand.tenant;
    const listening: ManagementApiClient = {
      ...client,
      listAvailableContent: (type, window, options) => {
        priorities.push(options.priority);
        return client.listAvailableContent(type, window, options);
      },
    };
    stand = {
      ...stand,
      dependencies: { ...stand.dependencies, tenant: () => ({ ...stand.tenant, client: listening }) },
    };
    await list(asked[priority]);
    expect(priorities).toEqual([priority]);
  });
});

describe('a listing that is neither or both', () => {
  it.each([{}, { live: { position: '', quietPolls: 0 }, owed: { window: {} as TimeWindow, known: {} } }])(
    'is refused by name',
    async (asked) => {
      await expect(list(asked)).rejects.toThrow('either live or owed');
    },
  );
});

describe('a blob that is served for other than seven days', () => {
  it('carries how many days, as the wire says', async () => {
    stand = await setUpStand({ expirationDays: 20 });
    const { blobs } = await list({ live: { position: ago(12), quietPolls: 0 } });
    expect(new Set(blobs.map(({ expiresInDays }) => expiresInDays))).toEqual(new Set([20]));
  });
});

function list(asked: Pick<ListContentInput, 'live' | 'owed'>): Promise<ContentListing> {
  return anEnvironment().run(listContent(stand.dependencies), { ...subscription(), ...asked });
}

function subscription() {
  return { tenantId: stand.tenant.config.tenantId, contentType };
}

function ago(hours: number): string {
  return new Date(Date.now() - hours * hourMs).toISOString();
}
