import { describe, expect, it } from 'vitest';
import { readApiFailure } from '../../src/office365/errors.ts';
import { tokenError } from '../../src/office365/token-errors.ts';

function envelope(code: string, message = 'some text'): string {
  return JSON.stringify({ error: { code, message } });
}

function failure(status: number, text: string, headers: Record<string, string> = {}) {
  return readApiFailure('retrieveContent Audit.General', { status, headers, text });
}

describe('readApiFailure', () => {
  it.each([
    ['AF10001', 403, 'unauthorized'],
    ['AF20001', 400, 'requestRefused'],
    ['AF20002', 400, 'requestRefused'],
    ['AF20003', 400, 'requestRefused'],
    ['AF20010', 400, 'requestRefused'],
    ['AF20011', 400, 'tenantNotReady'],
    ['AF20012', 400, 'tenantNotReady'],
    ['AF20013', 400, 'requestRefused'],
    ['AF20020', 400, 'requestRefused'],
    ['AF20022', 404, 'subscriptionNotStarted'],
    ['AF20023', 400, 'subscriptionDisabled'],
    ['AF20030', 400, 'windowRefused'],
    ['AF20031', 400, 'windowRefused'],
    ['AF20050', 400, 'contentNotFound'],
    ['AF20051', 404, 'contentExpired'],
    ['AF20052', 400, 'contentNotFound'],
    ['AF20053', 400, 'requestRefused'],
    ['AF20055', 400, 'windowRefused'],
    ['AF429', 403, 'throttled'],
    ['429', 403, 'throttled'],
    ['AF50000', 500, 'unavailable'],
    ['AF50005', 400, 'unavailable'],
    ['AF50006', 200, 'unavailable'],
    ['AF29999', 500, 'unexpectedResponse'],
  ])('goes by the code %s whatever the status', (code, status, kind) => {
    const { error, code: read } = failure(status, envelope(code));
    expect([error.kind, read]).toEqual([kind, code]);
    expect(error.message).toMatch(
      new RegExp(`^retrieveContent Audit.General: HTTP ${status}, ${code}\\. .+\\.$`),
    );
  });

  it('takes the code "429" for a cooldown only in answer to a start', () => {
    const answer = { status: 403, headers: {}, text: envelope('429') };
    expect(readApiFailure('startSubscription DLP.All', answer)).toMatchObject({ isStartCooldown: true });
    expect(readApiFailure('listSubscriptions', answer)).toMatchObject({
      isStartCooldown: false,
      error: { kind: 'throttled' },
    });
  });

  it('reads a code that is no text', () => {
    expect(failure(403, '{"error":{"code":429,"message":""}}').error.kind).toBe('throttled');
  });

  it('reads the envelope in single quotes', () => {
    const text = "{'error':{'code':'AF429','message':'Too many requests. Method=GetBlob, PublisherId=0000'}}";
    expect(failure(403, text)).toMatchObject({ code: 'AF429', error: { kind: 'throttled' } });
  });

  it.each([
    [401, '{"Message":"Authorization has been denied for this request."}', 'unauthorized'],
    [404, '', 'contentNotFound'],
    [408, '', 'unavailable'],
    [429, 'slow down', 'throttled'],
    [503, '<html>Service Unavailable</html>', 'unavailable'],
    [200, '<html>Sign in</html>', 'unexpectedResponse'],
    [403, '<html>blocked by policy</html>', 'unexpectedResponse'],
    [302, '', 'unexpectedResponse'],
    [400, '{"error":{"code":"Invalid","message":""}}', 'unexpectedResponse'],
  ])('goes by the status %i where there is no code', (status, text, kind) => {
    expect(failure(status, text).error.kind).toBe(kind);
  });

  it('takes a 404 of anything but a blob for a wrong address', () => {
    const answer = { status: 404, headers: {}, text: '' };
    expect(readApiFailure('listSubscriptions', answer).error.kind).toBe('unexpectedResponse');
  });

  it.each([
    [
      'StartSubscription [CorrId=1be9][TenantId=ead0,ContentType=Audit.General,ApplicationId=4864][AppId',
      '864ee8e] failed. Exception: Microsoft.Office.Compliance.Audit.DataServiceException: Tenant ead0 does not exist.\r\n   at Microsoft.Office',
    ],
    [
      'StartSubscription [CorrId=1be9] failed. Exception',
      'icrosoft.Office.Compliance.Audit.DataServiceException: Tenant 0873ee4d-d342-44f2-8961-74c442a2fad2 does not exist.',
    ],
  ])('recognises switched-off auditing in the exception text %#', (code, message) => {
    const { error } = failure(400, envelope(code, message));
    expect(error.kind).toBe('tenantNotReady');
    expect(error.message).toContain('audit logging');
    expect(error.message).not.toMatch(/ead0|0873ee4d|CorrId/);
  });

  it('reads the wait of a start from the text', () => {
    const text = envelope(
      '429',
      'Too many frequent subscription start requests. Please retry again after 8m 46s.',
    );
    expect(failure(403, text).error.retryAfterMs).toBe(526_000);
    expect(failure(403, envelope('429', 'Please retry again after 46s.')).error.retryAfterMs).toBe(46_000);
    expect(failure(403, envelope('AF429')).error.retryAfterMs).toBeUndefined();
  });

  it('prefers the Retry-After header', () => {
    const text = envelope('429', 'Please retry again after 8m 46s.');
    expect(failure(403, text, { 'retry-after': '20' }).error.retryAfterMs).toBe(20_000);
  });

  it('names the correlation id, and nothing else of the answer', () => {
    const id = 'c0ffee00-1111-4222-8333-444455556666';
    const text = envelope('AF50000', 'user bob@contoso.com at https://manage.office.com/x');
    const { message } = failure(500, text, { 'mise-correlation-id': id }).error;
    expect(message).toContain(`correlation id ${id}`);
    expect(message).not.toMatch(/bob|https:/);
    expect(failure(500, text, { 'mise-correlation-id': '<script>' }).error.message).not.toContain('script');
  });
});

describe('tokenError', () => {
  function body(code: number, error = 'invalid_client'): string {
    const error_description = `AADSTS${code}: Text with app 'secret-name'.\r\nTrace ID: x`;
    return JSON.stringify({ error, error_description, error_codes: [code] });
  }
  function token(status: number, text: string, headers: Record<string, string> = {}) {
    return tokenError({ status, headers, text });
  }

  it.each([
    [7000215, 401, 'unauthorized', /value of the secret/],
    [7000222, 401, 'unauthorized', /expired/],
    [700016, 400, 'unauthorized', /client_id/],
    [700024, 401, 'unauthorized', /clock/],
    [90002, 400, 'unauthorized', /tenant_id/],
    [500011, 400, 'unauthorized', /licence/],
    [900432, 400, 'unauthorized', /api_type/],
    [53003, 400, 'unauthorized', /Conditional Access/],
    [1234567, 400, 'unauthorized', /AADSTS1234567.*error\?code=1234567/],
    [90033, 400, 'unavailable', /tried again/],
  ])('says for AADSTS%i what to do', (code, status, kind, words) => {
    const error = token(status, body(code));
    expect(error.kind).toBe(kind);
    expect(error.message).toMatch(words);
    expect(error.message).toMatch(new RegExp(`^getToken: HTTP ${status}, AADSTS${code}\\. .+\\.$`));
    expect(error.message).not.toContain('secret-name');
  });

  const permanent = [
    7000215, 7000222, 70002, 7000218, 7000216, 700025, 700027, 700024, 500133, 50013, 50012, 700016, 700011,
    70001, 7000112, 65001, 65005, 650056, 650057, 650052, 500011, 50001, 70011, 90002, 900023, 90038, 900382,
    900432, 53003, 530032,
  ];
  it.each(permanent)('has a sentence of its own for AADSTS%i, which needs a person', (code) => {
    const { kind, message } = token(400, body(code));
    expect(kind).toBe('unauthorized');
    expect(message).not.toMatch(/refuses the application|error\?code=/);
  });

  it.each([90006, 90012, 90024, 90033, 90055, 90090, 50000])('waits for AADSTS%i to pass', (code) => {
    expect(token(400, body(code)).kind).toBe('unavailable');
  });

  it('finds the code in the description when the list of codes is missing', () => {
    const text = JSON.stringify({ error: 'invalid_client', error_description: 'AADSTS7000222: expired' });
    expect(token(401, text).message).toContain('AADSTS7000222');
  });

  it.each([
    [429, '<html></html>', 'throttled'],
    [503, '<html></html>', 'unavailable'],
    [400, '{"error":"temporarily_unavailable"}', 'unavailable'],
    [400, '{"error":"invalid_request","error_codes":"odd"}', 'unauthorized'],
    [200, '<html>Sign in to the proxy</html>', 'unexpectedResponse'],
    [404, '', 'unexpectedResponse'],
  ])('sorts status %i with %s', (status, text, kind) => {
    expect(token(status, text).kind).toBe(kind);
  });

  it('passes on how long to wait', () => {
    expect(token(429, '', { 'retry-after': '7' }).retryAfterMs).toBe(7000);
  });
});
