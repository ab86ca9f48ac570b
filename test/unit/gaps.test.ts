import { describe, expect, it } from 'vitest';
import {
  closeGap,
  forgetGaps,
  gapAt,
  openGap,
  overlaps,
  rememberInGap,
  startsIn,
  wantGaps,
  workOffGaps,
  type Gap,
} from '../../src/domain/gaps.ts';
import { aGap, at, ids } from './checkpoint-builders.ts';

const spans = (gaps: readonly Gap[]) =>
  gaps.map(({ startTime, endTime }) => `${startTime.slice(11, 16)}-${endTime?.slice(11, 16) ?? ''}`);
const window = (startTime: string, endTime: string) => ({ startTime: at(startTime), endTime: at(endTime) });
const has = { '2026-11-22T08': ids('a'), '2026-11-22T09': ids('b'), '2026-11-22T10': ids('c') };

describe('the gap that a time lies in', () => {
  const gaps = [
    aGap('09:00', '10:00'),
    aGap('11:00', undefined),
    aGap('12:00', '13:00', { destination: 'siem' }),
  ];

  it.each([
    ['08:59', undefined],
    ['09:00', '09:00'],
    ['09:59', '09:00'],
    ['10:00', undefined],
    ['11:00', '11:00'],
    ['23:59', '11:00'],
  ])('at %s is the one from %s', (time, start) => {
    expect(gapAt(gaps, 'archive', at(time))?.startTime).toBe(start === undefined ? undefined : at(start));
  });

  it('is one of that destination', () => {
    expect(gapAt(gaps, 'siem', at('09:30'))).toBeUndefined();
    expect(gapAt(gaps, 'siem', at('12:30'))).toBe(gaps[2]);
  });
});

describe('a gap and a window', () => {
  it.each([
    ['08:00', '09:00', false],
    ['08:00', '09:01', true],
    ['09:30', '09:40', true],
    ['09:59', '11:00', true],
    ['10:00', '11:00', false],
  ])('from 09:00 to 10:00 and from %s to %s overlap: %s', (start, end, expected) => {
    expect(overlaps(aGap('09:00', '10:00'), window(start, end))).toBe(expected);
  });

  it('overlap however late it is while the gap grows', () => {
    expect(overlaps(aGap('09:00', undefined), window('22:00', '23:00'))).toBe(true);
  });

  it.each([
    ['08:59', false],
    ['09:00', true],
    ['09:59', true],
    ['10:00', false],
  ])('of which the gap starts at %s: it starts in 09:00 to 10:00: %s', (start, expected) => {
    expect(startsIn(aGap(start, undefined), window('09:00', '10:00'))).toBe(expected);
  });
});

describe('opening a gap', () => {
  it('adds it', () => {
    expect(openGap([], aGap('09:00', '10:00'))).toEqual([aGap('09:00', '10:00')]);
    expect(openGap([], aGap('09:00', undefined))).toEqual([aGap('09:00', undefined)]);
  });

  it('leaves what its destination has there already as it is, and fills what is between', () => {
    const gaps = [aGap('09:00', '10:00', { isWanted: false }), aGap('11:00', '12:00')];
    const opened = openGap(gaps, aGap('08:00', '13:00'));
    expect(opened.slice(0, 2)).toEqual(gaps);
    expect(spans(opened.slice(2)).toSorted()).toEqual(['08:00-09:00', '10:00-11:00', '12:00-13:00']);
  });

  it('goes on behind a gap that ends, and adds nothing behind one that grows', () => {
    expect(spans(openGap([aGap('09:00', '10:00')], aGap('09:00', undefined)))).toEqual([
      '09:00-10:00',
      '10:00-',
    ]);
    expect(spans(openGap([aGap('09:00', undefined)], aGap('09:30', undefined)))).toEqual(['09:00-']);
    expect(spans(openGap([aGap('09:00', undefined)], aGap('08:00', '12:00')))).toEqual([
      '09:00-',
      '08:00-09:00',
    ]);
  });

  it('adds nothing where all is covered, or where it is empty', () => {
    const gaps = [aGap('09:00', '10:00')];
    expect(openGap(gaps, aGap('09:10', '09:20'))).toBe(gaps);
    expect(openGap(gaps, aGap('11:00', '11:00'))).toBe(gaps);
    expect(openGap(gaps, aGap('11:00', '10:30'))).toBe(gaps);
  });

  it('is not in the way of another destination', () => {
    const other = aGap('09:00', '10:00', { destination: 'siem' });
    expect(openGap([other], aGap('09:00', '10:00'))).toEqual([other, aGap('09:00', '10:00')]);
  });

  it('keeps of its memory the hours that it touches', () => {
    const [gap] = openGap([], aGap('08:59', '10:00', { has }));
    expect(Object.keys(gap!.has)).toEqual(['2026-11-22T08', '2026-11-22T09']);
    const [later] = openGap([], aGap('09:00', '10:01', { has }));
    expect(Object.keys(later!.has)).toEqual(['2026-11-22T09', '2026-11-22T10']);
  });
});

describe('wanting what a destination was not owed', () => {
  it('cuts the wanted part out of it, with its memory', () => {
    const gaps = wantGaps(
      [aGap('08:00', '12:00', { isWanted: false, has })],
      'archive',
      window('09:00', '10:00'),
      'b1',
    );
    expect(spans(gaps)).toEqual(['08:00-09:00', '10:00-12:00', '09:00-10:00']);
    expect(gaps.map(({ isWanted, backfill }) => [isWanted, backfill])).toEqual([
      [false, undefined],
      [false, undefined],
      [true, 'b1'],
    ]);
    expect(gaps.map((gap) => Object.keys(gap.has).map((hour) => hour.slice(11)))).toEqual([
      ['08'],
      ['10'],
      ['09'],
    ]);
  });

  it('takes several', () => {
    const gaps = [aGap('08:00', '09:00', { isWanted: false }), aGap('10:00', '11:00', { isWanted: false })];
    const wanted = wantGaps(gaps, 'archive', window('08:30', '10:30'), 'b1').filter(
      ({ isWanted }) => isWanted,
    );
    expect(spans(wanted)).toEqual(['08:30-09:00', '10:00-10:30']);
  });

  it('leaves alone what is owed already, what is elsewhere, and others', () => {
    const gaps = [
      aGap('09:00', '10:00'),
      aGap('11:00', '12:00', { isWanted: false }),
      aGap('09:00', '10:00', { isWanted: false, destination: 'siem' }),
    ];
    expect(wantGaps(gaps, 'archive', window('09:00', '11:00'), 'b1')).toBe(gaps);
  });
});

describe('the memory of a gap', () => {
  it('grows by what its destination got, in the hour it belongs to', () => {
    const gap = aGap('09:00', undefined, { has: { '2026-11-22T09': ids('a') } });
    const other = aGap('09:00', undefined, { destination: 'siem' });
    const filled = rememberInGap(
      [other, gap],
      gap,
      new Map([
        ['2026-11-22T09', ['b']],
        ['2026-11-22T10', ['c']],
      ]),
    );
    expect(filled).toEqual([
      other,
      { ...gap, has: { '2026-11-22T09': ids('a', 'b'), '2026-11-22T10': ids('c') } },
    ]);
  });
});

describe('a window that was worked through', () => {
  it('moves the wanted gap that starts in it to its end, and forgets the hours before', () => {
    const [gap] = workOffGaps([aGap('08:00', '12:00', { has })], 'archive', window('08:00', '10:00'));
    expect(gap).toEqual(aGap('10:00', '12:00', { has: { '2026-11-22T10': has['2026-11-22T10'] } }));
    expect(workOffGaps([aGap('08:00', undefined)], 'archive', window('07:00', '10:00'))).toEqual([
      aGap('10:00', undefined),
    ]);
  });

  it('ends a gap that lies in it', () => {
    expect(workOffGaps([aGap('09:00', '10:00')], 'archive', window('08:00', '10:00'))).toEqual([]);
  });

  it('leaves alone a gap that starts outside it, is not wanted, or is another destination’s', () => {
    const gaps = [
      aGap('07:00', '12:00'),
      aGap('12:00', '13:00'),
      aGap('09:00', '10:00', { isWanted: false }),
      aGap('09:00', '10:00', { destination: 'siem' }),
    ];
    expect(workOffGaps(gaps, 'archive', window('08:00', '12:00'))).toEqual(gaps);
  });
});

describe('the end of a gap', () => {
  it('that grew is set when its destination is back', () => {
    const gaps = [
      aGap('09:00', undefined, { has }),
      aGap('08:00', '09:00'),
      aGap('09:00', undefined, { destination: 'siem' }),
    ];
    expect(closeGap(gaps, 'archive', at('10:00'))).toEqual([
      aGap('09:00', '10:00', { has: { '2026-11-22T09': has['2026-11-22T09'] } }),
      ...gaps.slice(1),
    ]);
  });

  it('that began later is its end altogether', () => {
    expect(closeGap([aGap('10:00', undefined)], 'archive', at('10:00'))).toEqual([]);
  });
});

describe('forgetting', () => {
  it('cuts gaps at a time, and drops those before it', () => {
    const gaps = [
      aGap('08:00', '09:00'),
      aGap('08:00', '11:00', { has }),
      aGap('09:30', '11:00'),
      aGap('08:00', undefined),
    ];
    expect(forgetGaps(gaps, at('09:00'))).toEqual([
      aGap('09:00', '11:00', {
        has: { '2026-11-22T09': has['2026-11-22T09'], '2026-11-22T10': has['2026-11-22T10'] },
      }),
      aGap('09:30', '11:00'),
      aGap('09:00', undefined),
    ]);
  });
});
