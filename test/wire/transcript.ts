import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

export interface WireMessage {
  /** In the order in which they stand on the wire. */
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly body: string;
}

export interface WireRequest extends WireMessage {
  readonly method: string;
  readonly target: string;
}

export interface WireResponse extends WireMessage {
  readonly status: number;
  readonly reason: string;
}

/** What a client makes of an answer: a wait only where the answer states one. */
export interface Reading {
  /** `ok`, or kinds of error of which any is right. */
  readonly outcomes: readonly string[];
  readonly retryAfterMs: number | undefined;
}

/** One request and its answer, as README.md describes it; placeholders are still in it. */
export interface Exchange {
  /** Unique; those that stand for several have the value behind a slash. */
  readonly name: string;
  /** `never asks` where no sound client sends the request. */
  readonly client: Reading | 'never asks';
  /** Name of the exchange that precedes it. */
  readonly follows: string | undefined;
  /** Names of exchanges whose answers are as good. */
  readonly alternatives: readonly string[];
  readonly request: WireRequest;
  /** The first as written, the others with another status. */
  readonly responses: readonly [WireResponse, ...WireResponse[]];
}

/** All exchanges of the folder `transcripts`. Throws an `Error` that names file and exchange where one is badly formed. */
export function readTranscripts(): readonly Exchange[] {
  const folder = join(import.meta.dirname, 'transcripts');
  const exchanges = readdirSync(folder)
    .filter((name) => name.endsWith('.http'))
    .toSorted()
    .flatMap((name) => parseTranscript(readFileSync(join(folder, name), 'utf8'), name));
  const names = new Set(exchanges.map(({ name }) => baseName(name)));
  for (const { name, follows, alternatives } of exchanges)
    for (const other of [...(follows === undefined ? [] : [follows]), ...alternatives])
      if (!names.has(other)) throw new Error(`${name}: there is no exchange ${other}`);
  return exchanges;
}

/** The exchanges of one file. */
export function parseTranscript(text: string, file: string): readonly Exchange[] {
  const [before = '', ...blocks] = text.split(/^### /m);
  if (before.trim() !== '') throw new Error(`${file}: text before the first ###`);
  return blocks.flatMap((block) => {
    const name = block.split('\n', 1)[0] ?? '';
    try {
      return expand(block).map((expanded) => parseExchange(expanded));
    } catch (error) {
      throw new Error(`${file}, ${name}: ${error instanceof Error ? error.message : String(error)}`, {
        cause: error,
      });
    }
  });
}

/** One block for each value of `# for:`, its name followed by a slash and the value. */
function expand(block: string): readonly string[] {
  const line = /^# for: (\w+) = (.*)\n/m.exec(block);
  if (line === null) return [block];
  const [whole, name = '', values = ''] = line;
  return values.split(', ').map((value) =>
    block
      .replace(whole, '')
      .replaceAll(`{${name}}`, () => value)
      .replace('\n', () => `/${value}\n`),
  );
}

function parseExchange(block: string): Exchange {
  const [name = '', ...lines] = block.split('\n');
  if (!/^[a-z0-9-]+(\/.+)?$/.test(name))
    throw new Error('a name is of lower-case letters, digits and dashes');
  const headLength = lines.findIndex((line) => !line.startsWith('# '));
  const comments = lines.slice(0, headLength).map((line) => line.slice(2));
  if (!/^\*\*(un)?confirmed\*\* \S/.test(comments[0] ?? ''))
    throw new Error('the first comment begins with **confirmed** or **unconfirmed**');
  const known = comments.slice(1).map((comment) => parseComment(comment));
  const said = (key: string) => known.filter((comment) => comment.key === key).map(({ value }) => value);

  const answerAt = lines.findIndex((line) => line.startsWith('HTTP/1.1 '));
  if (answerAt === -1) throw new Error('it has no line HTTP/1.1 with a status');
  const request = parseRequest(lines.slice(headLength, answerAt));
  const response = parseResponse(lines.slice(answerAt));
  return {
    name,
    client: parseReading(said('client')),
    follows: said('follows')[0],
    alternatives: said('or'),
    request,
    responses: [response, ...said('or status').map((line) => ({ ...response, ...parseStatus(line) }))],
  };
}

function parseComment(comment: string): { readonly key: string; readonly value: string } {
  const [, key, value] = /^(client|follows|or|or status|note): (.+)$/.exec(comment) ?? [];
  if (key === undefined || value === undefined) throw new Error(`unknown comment: ${comment}`);
  return { key, value };
}

function parseReading(said: readonly string[]): Reading | 'never asks' {
  const [text, ...more] = said;
  if (text === undefined || more.length > 0) throw new Error('it needs one comment client:');
  if (text === 'never asks') return text;
  const [, outcomes = '', wait] = /^(\w+(?: or \w+)*)(?:, (\d+) ms)?$/.exec(text) ?? [];
  if (outcomes === '') throw new Error(`client: ${text} is neither outcomes nor "never asks"`);
  return { outcomes: outcomes.split(' or '), retryAfterMs: wait === undefined ? undefined : Number(wait) };
}

function parseRequest(lines: readonly string[]): WireRequest {
  const [, method, target] = /^(GET|POST) (\S+) HTTP\/1\.1$/.exec(lines[0] ?? '') ?? [];
  if (method === undefined || target === undefined) throw new Error(`no request line: ${lines[0]}`);
  return { method, target, ...parseMessage(lines.slice(1)) };
}

function parseResponse(lines: readonly string[]): WireResponse {
  const line = (lines[0] ?? '').slice('HTTP/1.1 '.length);
  return { ...parseStatus(line), ...parseMessage(lines.slice(1)) };
}

function parseStatus(line: string): { readonly status: number; readonly reason: string } {
  const [, status, reason] = /^(\d{3}) (.+)$/.exec(line) ?? [];
  if (status === undefined || reason === undefined) throw new Error(`no status and reason: ${line}`);
  return { status: Number(status), reason };
}

function parseMessage(lines: readonly string[]): WireMessage {
  const end = lines.indexOf('');
  const headers = lines.slice(0, end === -1 ? lines.length : end).map((line) => {
    const [, name, value] = /^([\w-]+): (.+)$/.exec(line) ?? [];
    if (name === undefined || value === undefined) throw new Error(`no header: ${line}`);
    return [name, value] as const;
  });
  return { headers, body: end === -1 ? '' : lines.slice(end).join('\n').trim() };
}

/** Value of the first header of this name, in any letter case. */
export function headerOf({ headers }: WireMessage, name: string): string | undefined {
  return headers.find(([candidate]) => candidate.toLowerCase() === name.toLowerCase())?.[1];
}

/** The exchange and all that it follows, first things first. */
export function chainOf(exchange: Exchange, all: readonly Exchange[]): readonly [Exchange, ...Exchange[]] {
  const before = all.find(({ name }) => name === exchange.follows);
  if (before === undefined) return [exchange];
  const [first, ...others] = chainOf(before, all);
  return [first, ...others, exchange];
}

/** The exchange of this name. Throws an `Error` when there is none. */
export function findExchange(name: string, all: readonly Exchange[]): Exchange {
  const exchange = all.find((candidate) => candidate.name === name);
  if (exchange === undefined) throw new Error(`there is no exchange ${name}`);
  return exchange;
}

/** The name without the value that the exchange stands for. */
export function baseName(name: string): string {
  return name.split('/')[0] ?? name;
}
