import { expect, it } from 'vitest';
import { endOfHour, hourOf, hoursOf, startOfHour } from '../../src/domain/hour.ts';
import { at } from './checkpoint-builders.ts';

it('names an hour by UTC, whatever the zone of a time', () => {
  expect(hourOf('2026-11-22T10:59:59.999Z')).toBe('2026-11-22T10');
  expect(hourOf('2026-11-22T10:30:00+02:00')).toBe('2026-11-22T08');
  expect(() => hourOf('now')).toThrow(RangeError);
});

it('knows where an hour starts and ends', () => {
  expect([startOfHour('2026-11-22T23'), endOfHour('2026-11-22T23')]).toEqual([at('23:00'), at('00:00', 23)]);
});

it('lists the hours that a window touches', () => {
  const hours = (startTime: string, endTime: string) =>
    hoursOf({ startTime: at(startTime), endTime: at(endTime) });
  expect(hours('09:59', '11:01')).toEqual(['2026-11-22T09', '2026-11-22T10', '2026-11-22T11']);
  expect(hours('09:00', '11:00')).toEqual(['2026-11-22T09', '2026-11-22T10']);
  expect(hours('09:00', '09:00')).toEqual([]);
});
