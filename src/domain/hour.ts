/** Hours of `contentCreated`, the unit of memory and of coverage: `2026-11-22T10`, UTC. They sort by time as text. */

import { isoTime, parseTime, type TimeWindow } from './time-window.ts';

const hourMs = 3_600_000;

/** The hour a time lies in. @throws RangeError if it is no time. */
export function hourOf(time: string): string {
  return isoTime(parseTime(time)).slice(0, 13);
}

/** First moment of an hour, ISO. */
export function startOfHour(hour: string): string {
  return `${hour}:00:00.000Z`;
}

/** First moment after an hour, ISO. */
export function endOfHour(hour: string): string {
  return isoTime(parseTime(startOfHour(hour)) + hourMs);
}

/** The hours that a window touches, oldest first. */
export function hoursOf(window: TimeWindow): string[] {
  const hours: string[] = [];
  const endMs = parseTime(window.endTime);
  let startMs = parseTime(startOfHour(hourOf(window.startTime)));
  for (; startMs < endMs; startMs += hourMs) hours.push(isoTime(startMs).slice(0, 13));
  return hours;
}
