import { matches, type Values } from './placeholders.ts';
import {
  headerOf,
  type Exchange,
  type WireMessage,
  type WireRequest,
  type WireResponse,
} from './transcript.ts';

type TextMatcher = (text: string | undefined, transcript: string, bound: Map<string, string>) => boolean;

/**
 * Where a request differs from the transcript's: method, path, query (names in any letter case and order), the headers that
 * the transcript has, and body. Empty when it does not. Of query, headers and form it says the name alone, as some are secret.
 */
export function differences(
  sent: WireRequest,
  expected: WireRequest,
  values: Values,
  nowMs: number,
): readonly string[] {
  const bound = new Map<string, string>();
  const isText = textMatcher(values, nowMs);
  const isForm = headerOf(expected, 'Content-Type') === 'application/x-www-form-urlencoded';
  const [sentPath = '', sentQuery = ''] = split(sent.target);
  const [path = '', query = ''] = split(expected.target);

  const found: string[] = [];
  if (sent.method !== expected.method) found.push(`method ${sent.method} for ${expected.method}`);
  if (!isText(sentPath, path, bound)) found.push(`path ${sentPath} for ${path}`);
  const [given, wanted] = [parameters(sentQuery, decodeURIComponent), parameters(query, String)];
  for (const [name, value] of wanted) if (!isText(given.get(name), value, bound)) found.push(`query ${name}`);
  // Libraries add ids and what they measure to a token request, in query and form; the feed is asked nothing more.
  for (const name of given.keys()) if (!wanted.has(name) && !isForm) found.push(`query ${name} too much`);
  for (const [name, value] of expected.headers) {
    const sentValue = headerOf(sent, name);
    const isPart = name === 'Accept-Encoding' || name === 'Content-Type';
    if (isPart ? !sentValue?.includes(value) : !isText(sentValue, value, bound)) found.push(`header ${name}`);
  }
  if (isForm) found.push(...formDifferences(sent.body, expected.body, isText));
  else if (expected.body !== '') found.push(...bodyDifferences(sent, expected, isText, bound));
  return found;
}

function formDifferences(sent: string, expected: string, isText: TextMatcher): readonly string[] {
  const given = parameters(sent.replaceAll('+', '%20'), decodeURIComponent);
  return [...parameters(expected, decodeURIComponent)]
    .filter(([name, value]) => {
      // OpenID libraries add scopes of their own to the one that counts.
      const sentValues = name === 'scope' ? given.get(name)?.split(' ') : [given.get(name)];
      return !sentValues?.some((sentValue) => isText(sentValue, value, new Map()));
    })
    .map(([name]) => `form ${name}`);
}

function textMatcher(values: Values, nowMs: number): TextMatcher {
  return (text, transcript, bound) => text !== undefined && matches(text, transcript, values, nowMs, bound);
}

function split(target: string): readonly string[] {
  const at = target.indexOf('?');
  return at === -1 ? [target] : [target.slice(0, at), target.slice(at + 1)];
}

/** Names in lower case; the first value of each. */
function parameters(query: string, decode: (text: string) => string): ReadonlyMap<string, string> {
  const pairs = query
    .split('&')
    .filter(Boolean)
    .map((pair) => {
      const at = pair.indexOf('=');
      return [pair.slice(0, at).toLowerCase(), decode(pair.slice(at + 1))] as const;
    });
  return new Map(pairs.toReversed());
}

/** Headers that change what an answer means: none may be there that the transcript does not have. */
const tellingHeaders = ['Retry-After', 'NextPageUri', 'WWW-Authenticate', 'Content-Encoding', 'Location'];

/** Where an answer differs from the transcript's: status, headers and body. What the service chose is kept in `bound`. */
export function answerDifferences(
  answer: WireResponse & { readonly isWhole: boolean },
  expected: Exchange['responses'],
  values: Values,
  nowMs: number,
  bound: Map<string, string>,
): readonly string[] {
  const isText = textMatcher(values, nowMs);
  const [first] = expected;
  const found: string[] = [];
  const statuses = expected.map(({ status }) => status);
  if (!statuses.includes(answer.status)) found.push(`status ${answer.status} for ${statuses.join(' or ')}`);

  for (const [name, value] of first.headers) {
    const given = headerOf(answer, name);
    if (name !== 'Content-Length' && !isText(given, value, bound))
      found.push(`header ${name}: ${given} for ${value}`);
  }
  for (const name of tellingHeaders)
    if (headerOf(first, name) === undefined && headerOf(answer, name) !== undefined)
      found.push(`header ${name} too much: ${headerOf(answer, name)}`);

  const isMeantWhole = Number(headerOf(first, 'Content-Length') ?? 0) <= Buffer.byteLength(first.body);
  if (answer.isWhole !== isMeantWhole)
    found.push(`the body is ${answer.isWhole ? '' : 'not '}whole, other than expected`);
  else if (isMeantWhole) found.push(...bodyDifferences(answer, first, isText, bound));
  return found;
}

function bodyDifferences(
  { body: given }: WireMessage,
  { body: wanted }: WireMessage,
  isText: TextMatcher,
  bound: Map<string, string>,
): readonly string[] {
  // Of a page of HTML nothing but that it is one is known.
  const isPage = wanted.startsWith('<') && given.startsWith('<');
  if (wanted === '{anything}' || isPage) return [];
  const [givenJson, wantedJson] = [parse(given), parse(wanted)];
  const isJson = givenJson !== undefined && wantedJson !== undefined;
  const isSame = isJson ? isAlike(givenJson, wantedJson, isText, bound) : isText(given, wanted, bound);
  return isSame ? [] : [`body ${given.slice(0, 300)}`];
}

function parse(body: string): unknown {
  try {
    return JSON.parse(body.replace(/^\ufeff|^\{bom\}/, '')) as unknown;
  } catch {
    return undefined;
  }
}

/** The same keys and values; strings as the transcript has them; of an array each item like one of the transcript's. */
function isAlike(given: unknown, wanted: unknown, isText: TextMatcher, bound: Map<string, string>): boolean {
  if (typeof wanted === 'string') return typeof given === 'string' && isText(given, wanted, bound);
  if (Array.isArray(wanted)) {
    if (!Array.isArray(given) || (given.length === 0) !== (wanted.length === 0)) return false;
    return given.every((item) => wanted.some((one) => isAlike(item, one, isText, new Map(bound))));
  }
  if (!isRecord(wanted) || !isRecord(given)) return given === wanted;
  const keys = Object.keys(wanted);
  return (
    keys.length === Object.keys(given).length &&
    keys.every((key) => isAlike(given[key], wanted[key], isText, bound))
  );
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}
