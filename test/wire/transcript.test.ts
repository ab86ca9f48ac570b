import { describe, expect, it } from 'vitest';
import { fill, matches } from './placeholders.ts';
import { parseTranscript, readTranscripts } from './transcript.ts';

const text = `### an-exchange
# **confirmed** REF. A fact.
# client: throttled, 526000 ms
# or status: 429 Too Many Requests
POST /start?contentType=DLP.All HTTP/1.1
Content-Length: 0

HTTP/1.1 403 Forbidden
Retry-After: 526

{"a":1}
`;

describe('a transcript', () => {
  it('is read with its reading and both messages', () => {
    const [exchange] = parseTranscript(text, 'file');
    expect(exchange).toEqual({
      name: 'an-exchange',
      client: { outcomes: ['throttled'], retryAfterMs: 526_000 },
      follows: undefined,
      alternatives: [],
      request: {
        method: 'POST',
        target: '/start?contentType=DLP.All',
        headers: [['Content-Length', '0']],
        body: '',
      },
      responses: [
        { status: 403, reason: 'Forbidden', headers: [['Retry-After', '526']], body: '{"a":1}' },
        { status: 429, reason: 'Too Many Requests', headers: [['Retry-After', '526']], body: '{"a":1}' },
      ],
    });
  });

  it('stands for one exchange of each value that it names', () => {
    const several = text.replace('# client', '# for: n = 1, 2\n# client').replace('{"a":1}', '{"a":{n}}');
    const read = parseTranscript(several, 'file').map(({ name, responses: [{ body }] }) => [name, body]);
    expect(read).toEqual([
      ['an-exchange/1', '{"a":1}'],
      ['an-exchange/2', '{"a":2}'],
    ]);
  });

  it.each([
    ['# **confirmed** REF. A fact.', '# A fact.', 'confirmed'],
    ['# client: throttled', '# clinet: throttled', 'unknown comment'],
    ['# client: throttled, 526000 ms\n', '', 'client:'],
    ['526000 ms', 'soon', 'neither outcomes'],
    [' HTTP/1.1\nContent', '\nContent', 'request line'],
    ['HTTP/1.1 403 Forbidden', 'HTTP/1.1 Forbidden', 'status'],
    ['Retry-After: 526', 'Retry-After 526', 'header'],
  ])('is refused when it has in place of %j %j', (from, to, problem) => {
    expect(() => parseTranscript(text.replace(from, to), 'file')).toThrow(problem);
  });

  it('has a name of its own', () => {
    const names = readTranscripts().map(({ name }) => name);
    expect(names.filter((name, index) => names.indexOf(name) !== index)).toEqual([]);
  });
});

describe('placeholders', () => {
  const nowMs = Date.parse('2026-11-22T12:00:00.700Z');

  it.each([
    ['{now-2h}', '2026-11-22T10:00:00'],
    ['{now+1d:date}', '2026-11-23'],
    ['{now-0m:minute}', '2026-11-22T12:00'],
    ['{now-1m:ms}', '2026-11-22T11:59:00.000Z'],
    ['{now-1h:ticks}', '2026-11-22T11:00:00.0000000Z'],
    ['{now-1h:position}', '20261122110000000000000'],
    ['{tenant}/{did|does}', 'a.b/did'],
    ['{wait=14m 56s}', '14m 56s'],
    ['{"a":{}}', '{"a":{}}'],
  ])('%s becomes %s, and matches it', (template, filled) => {
    expect(fill(template, { tenant: 'a.b' }, nowMs)).toBe(filled);
    expect(matches(filled, template, { tenant: 'a.b' }, nowMs)).toBe(true);
  });

  it('match no other text', () => {
    expect(matches('axb', '{tenant}', { tenant: 'a.b' }, nowMs)).toBe(false);
    expect(matches('8 minutes', '{wait}', {}, nowMs)).toBe(false);
  });

  it('stand for the same wherever the service names it', () => {
    const bound = new Map<string, string>();
    const position = '20261122110000000000000';
    expect(matches(`${position} ${position}`, '{position} {position}', {}, nowMs, bound)).toBe(true);
    expect(matches(position, '{position}', {}, nowMs, bound)).toBe(true);
    expect(matches(position.replace('2', '3'), '{position}', {}, nowMs, bound)).toBe(false);
  });
});
