import { describe, expect, it } from 'vitest';
import type { ForwardedContent } from '../../src/activities/forwarded-content.ts';
import { readOutcome } from '../../src/workflows/outcomes.ts';
import { aBlob } from './checkpoint-builders.ts';

const blobs = [aBlob('09:01'), aBlob('09:02'), aBlob('10:03')];
const names = ['archive', 'siem'];
const down = { failureType: 'Destination.unavailable', message: 'it does not answer' };
const refused = { failureType: 'Destination.rejected', message: 'will not have it' };
const all = {
  missing: [],
  delivered: { '2026-11-22T09': [2, 7, 700], '2026-11-22T10': [1, 3, 300] },
  repeats: 1,
} as const;
const none = { missing: [0, 1, 2], delivered: {}, repeats: 0 } as const;
const first = { missing: [1, 2], delivered: { '2026-11-22T09': [1, 4, 400] }, repeats: 0 } as const;
const read = (destinations: ForwardedContent['destinations'], rest: Partial<ForwardedContent> = {}) =>
  readOutcome(blobs, names, { destinations, failed: [], lost: [], ...rest })!;

describe('the outcome of a batch', () => {
  it('says who has each blob, and what each took', () => {
    const outcome = read([all, first]);
    expect(outcome.deliveries).toEqual([
      { blob: blobs[0], has: names },
      { blob: blobs[1], has: ['archive'] },
      { blob: blobs[2], has: ['archive'] },
    ]);
    expect(outcome.counts).toEqual([
      {
        destination: 'archive',
        records: { '2026-11-22T09': 7, '2026-11-22T10': 3 },
        bytes: 1_000,
        repeats: 1,
      },
      { destination: 'siem', records: { '2026-11-22T09': 4 }, bytes: 400, repeats: 0 },
    ]);
    expect(outcome.failures).toEqual([]);
  });

  it('says what is lost to those who lack it, and nothing of those who have it', () => {
    const { deliveries } = read([all, first], {
      lost: [
        { index: 1, reason: 'expired' },
        { index: 0, reason: 'expired' },
      ],
    });
    expect(deliveries[0]).toEqual({ blob: blobs[0], has: names });
    expect(deliveries[1]).toEqual({
      blob: blobs[1],
      has: ['archive'],
      lost: { destinations: ['siem'], reason: 'expired' },
    });
  });

  it('says which blobs fail by themselves, but not of a destination that fails altogether', () => {
    const failed = [{ index: 1, ...refused }];
    expect(read([first, first], { failed }).deliveries[1]).toEqual({
      blob: blobs[1],
      has: [],
      failed: { destinations: names, ...refused },
    });
    expect(read([first, { ...none, failure: down }], { failed }).deliveries[1]).toEqual({
      blob: blobs[1],
      has: [],
      failed: { destinations: ['archive'], ...refused },
    });
    expect(read([all, { ...none, failure: down }], { failed }).deliveries[1]).toEqual({
      blob: blobs[1],
      has: ['archive'],
    });
  });

  it('says which destination fails, what it lacks, and whether others are well', () => {
    expect(read([all, { ...first, failure: down }]).failures).toEqual([
      { destination: 'siem', ...down, lacks: [blobs[1], blobs[2]], doOthersSucceed: true },
    ]);
  });

  it('tells a destination that took something before it failed from one that took nothing', () => {
    const succeed = (...outcomes: ForwardedContent['destinations']) =>
      read(outcomes).failures.map(({ doOthersSucceed }) => doOthersSucceed);
    expect(succeed({ ...none, failure: down }, { ...none, failure: down })).toEqual([false, false]);
    expect(succeed({ ...none, failure: down }, { ...first, failure: down })).toEqual([true, false]);
    expect(succeed({ ...none, failure: down }, none)).toEqual([true]);
    const alone = readOutcome(blobs, ['siem'], {
      destinations: [{ ...first, failure: down }],
      failed: [],
      lost: [],
    });
    expect(alone?.failures[0]?.doOthersSucceed).toBe(false);
  });
});

describe('an outcome that was written by hand', () => {
  it.each([
    [{}],
    [{ destinations: [all, all], failed: [] }],
    [{ destinations: [all, all], lost: [] }],
    [{ destinations: {}, failed: [], lost: [] }],
    [{ destinations: [all], failed: [], lost: [] }],
    [{ destinations: [all, {}], failed: [], lost: [] }],
    [{ destinations: [all, { ...all, missing: [0] }], failed: [], lost: [] }],
    [{ destinations: [all, { ...none, missing: [0, 0, 1] }], failed: [], lost: [] }],
    [{ destinations: [all, { ...all, delivered: null }], failed: [], lost: [] }],
    [{ destinations: [all, { ...all, delivered: { '2026-11-22T09': 3 } }], failed: [], lost: [] }],
    [{ destinations: [all, { ...all, delivered: { '2026-11-22T09': [3, 'x', 1] } }], failed: [], lost: [] }],
  ])('%j is none, where it does not account for each blob', (result) => {
    // What a person completes an activity with need not have the type.
    expect(readOutcome(blobs, names, result as unknown as ForwardedContent)).toBeUndefined();
  });
});
