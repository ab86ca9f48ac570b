import { describe, expect, it } from 'vitest';
import { derivedContentUri, isDerivableContentUri } from '../../src/office365/content-urls.ts';

const feed = { apiUrl: 'https://manage.office.com', tenantId: '0873ee4d-d342-44f2-8961-74c442a2fad2' };
const contentId = '2020$2021$audit_general$Audit_General$na0030$na0030';
const root = `https://manage.office.com/api/v1.0/${feed.tenantId}/activity/feed/audit`;

describe('isDerivableContentUri', () => {
  it.each([
    ['the uri the service builds', `${root}/${contentId}`, true],
    ['a uri of the tenant with another id', `${root}/${contentId}$IsFromNotification`, false],
    ['the documented version in the path', `${root.replace('v1.0', 'v1')}/${contentId}`, false],
    ['another host, which is not followed', `https://manage.example.com/api/${contentId}`, true],
    ['plain http, which is not followed', `${root.replace('https', 'http')}/${contentId}`, true],
    ['no URL', contentId, true],
  ])('judges %s', (_what, contentUri, expected) => {
    expect(isDerivableContentUri(contentUri, contentId, feed)).toBe(expected);
  });
});

describe('derivedContentUri', () => {
  it('keeps an odd id inside its path segment', () => {
    expect(derivedContentUri(feed, 'a/b?c#d e$f')).toBe(`${root}/a%2Fb%3Fc%23d%20e$f`);
  });
});
