import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  canonicalContentType,
  editDistance,
  isKnownContentType,
  knownContentTypes,
  nearestKnownContentType,
} from '../../src/domain/content-type.ts';

describe('knownContentTypes', () => {
  it('are the five that Microsoft documents', () => {
    expect(knownContentTypes).toEqual([
      'Audit.AzureActiveDirectory',
      'Audit.Exchange',
      'Audit.SharePoint',
      'Audit.General',
      'DLP.All',
    ]);
  });
});

describe('canonicalContentType', () => {
  it.each(knownContentTypes)('gives %s its documented spelling in any letter case', (known) => {
    for (const written of [known, known.toLowerCase(), known.toUpperCase(), ` ${known}\t`]) {
      expect(canonicalContentType(written)).toBe(known);
    }
  });

  it('leaves any other type as it is, trimmed', () => {
    expect(canonicalContentType(' Audit.teamS ')).toBe('Audit.teamS');
  });
});

describe('isKnownContentType', () => {
  it.each(knownContentTypes)('knows %s, in that spelling alone', (known) => {
    expect(isKnownContentType(known)).toBe(true);
    expect(isKnownContentType(known.toLowerCase())).toBe(false);
  });
});

describe('nearestKnownContentType', () => {
  it.each([
    ['Audit.Exchnage', 'Audit.Exchange'],
    ['Audit.AzureActiveDirectry', 'Audit.AzureActiveDirectory'],
    ['DLP.Al', 'DLP.All'],
    [' dlp.al ', 'DLP.All'],
    ['Audit.Genera', 'Audit.General'],
    // A mistake for each five characters: up to 5 of 26, 3 of 16, and 2 of 7.
    ['Audit.AzureActiveDirec', 'Audit.AzureActiveDirectory'],
    ['Audit.AzureActiveDire', 'Audit.AzureActiveDirectory'],
    ['Audit.AzureActiveDir', undefined],
    ['Audit.SharePo', 'Audit.SharePoint'],
    ['Audit.ShareP', undefined],
    ['DLP.A', 'DLP.All'],
    ['DLP.', undefined],
    ['Audit.Power', undefined],
    ['', undefined],
  ])('%j is probably meant to be %s', (written, meant) => {
    expect(nearestKnownContentType(written)).toBe(meant);
  });

  it.each(knownContentTypes)('has nothing to say to %s itself, in any letter case', (known) => {
    expect(nearestKnownContentType(known)).toBeUndefined();
    expect(nearestKnownContentType(` ${known.toUpperCase()} `)).toBeUndefined();
  });
});

describe('editDistance', () => {
  it.each([
    ['', '', 0],
    ['', 'abc', 3],
    ['abc', '', 3],
    ['kitten', 'sitting', 3],
    ['Saturday', 'Sunday', 3],
    ['abc', 'xyz', 3],
    ['abcdef', 'bcdefg', 2],
    ['ab', 'ba', 2],
  ])('from %j to %j is %i', (a, b, distance) => {
    expect(editDistance(a, b)).toBe(distance);
  });

  it('is the same in both directions, and 0 only for equal texts', () => {
    const text = fc.string({ unit: fc.constantFrom('a', 'b', 'c'), maxLength: 6 });
    fc.assert(
      fc.property(text, text, (a, b) => {
        expect(editDistance(a, b)).toBe(editDistance(b, a));
        expect(editDistance(a, b) === 0).toBe(a === b);
      }),
    );
  });
});
