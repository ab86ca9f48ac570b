import { describe, expect, it } from 'vitest';
import { expirationOf, expiresInDays, referenceOf } from '../../src/domain/content-blob.ts';
import { aQuarantinedBlob } from './checkpoint-builders.ts';

const contentCreated = '2026-11-01T00:00:00.000Z';
const blob = (contentExpiration: string) => ({
  contentId: 'id',
  contentUri: 'uri',
  contentCreated,
  contentExpiration,
});

describe('expiresInDays', () => {
  it.each<[string, number | undefined, string]>([
    ['2026-11-08T00:00:00.000Z', undefined, 'the documented seven days'],
    ['2026-11-07T00:00:00.000Z', undefined, 'rounded down by a day'],
    ['2026-11-08T02:24:00.000Z', undefined, 'two hours and 24 minutes more'],
    ['2026-11-08T02:24:00.001Z', 8, 'more than that'],
    ['2026-11-06T23:59:59.999Z', 6, 'less than six days'],
    ['2026-11-20T12:00:00.000Z', 20, 'rounded up'],
    ['2026-11-21T00:00:00.000Z', 20, 'twenty whole days'],
    ['2026-10-01T00:00:00.000Z', 1, 'never less than a day, even before the creation'],
  ])('%s: %s (%s)', (contentExpiration, expected) => {
    expect(expiresInDays(blob(contentExpiration))).toBe(expected);
  });
});

describe('expirationOf', () => {
  it('is a week after the creation unless the wire said otherwise', () => {
    expect(expirationOf({ contentId: 'id', contentCreated })).toBe('2026-11-08T00:00:00.000Z');
    expect(expirationOf({ contentId: 'id', contentCreated, expiresInDays: 20 })).toBe(
      '2026-11-21T00:00:00.000Z',
    );
  });
});

describe('referenceOf', () => {
  it('is what is needed to fetch a blob, and no more', () => {
    const lean = { contentId: 'id', contentCreated };
    const full = { ...lean, contentUri: 'uri', expiresInDays: 20 };
    expect(referenceOf(aQuarantinedBlob(lean))).toStrictEqual(lean);
    expect(referenceOf(aQuarantinedBlob(full))).toStrictEqual(full);
  });
});
