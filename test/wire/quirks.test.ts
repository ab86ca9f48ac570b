import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { scenarios } from '../../src/simulator/scenarios.ts';
import { baseName, readTranscripts } from './transcript.ts';

interface Row {
  readonly number: number;
  readonly scenario: string;
  readonly test: string;
}

const root = join(import.meta.dirname, '../..');
const rows = readRows(readFileSync(join(root, 'docs/management-activity-api.md'), 'utf8'));

describe('the table of quirks', () => {
  it('has a row for each of the 55, in their order', () => {
    expect(rows.map(({ number }) => number)).toEqual(Array.from({ length: 55 }, (_, index) => index + 1));
  });

  it.each(rows)('names a scenario of the simulator that shows quirk $number', ({ number, scenario }) => {
    expect(scenarios.find(({ name }) => name === scenario)?.quirks).toContain(number);
  });

  it.each(rows)('names a test that is there for quirk $number', ({ test }) => {
    const [, transcript] = /^transcript `([a-z0-9-]+)`$/.exec(test) ?? [];
    if (transcript !== undefined) {
      expect(readingsOf(transcript)).not.toEqual([]);
      return;
    }
    const [, file = '', title = ''] = /^(test\/\S+\.test\.ts): "(.+)"$/.exec(test) ?? [];
    expect([file, title, readFileSync(join(root, file), 'utf8').includes(title)]).toEqual([
      file,
      title,
      true,
    ]);
  });
});

/** Of the exchanges of this name, those that are asked of the client. */
function readingsOf(transcript: string): readonly string[] {
  return readTranscripts()
    .filter(({ name, client }) => baseName(name) === transcript && client !== 'never asks')
    .map(({ name }) => name);
}

function readRows(page: string): readonly Row[] {
  return [...page.matchAll(/^\| (\d+) +\|(.+)\|$/gm)].map(([, number, cells = '']) => {
    const [, , scenario = '', test = ''] = cells.split(' | ').map((cell) => cell.trim());
    return { number: Number(number), scenario: scenario.replaceAll('`', ''), test };
  });
}
