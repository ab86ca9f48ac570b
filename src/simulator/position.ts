/** Microsoft's positions in a feed: 23 digits, `yyyyMMddHHmmssfff` (UTC) and six more that keep two of one millisecond apart. */

/** @param digits 0 to 999999 */
export function positionOf(timeMs: number, digits: number): string {
  return `${new Date(timeMs).toISOString().replace(/\D/g, '')}${String(digits).padStart(6, '0')}`;
}

/** The time of a position in milliseconds, `undefined` when it is none. */
export function timeOfPosition(position: string): number | undefined {
  const match = /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)(\d{3})\d{6}$/.exec(position);
  if (match === null) return undefined;
  const [, year, month, day, hour, minute, second, millisecond] = match;
  const time = Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}.${millisecond}Z`);
  return Number.isNaN(time) ? undefined : time;
}
