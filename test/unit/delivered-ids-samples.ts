import { addIds, openIds, settleIds } from '../../src/domain/delivered-ids.ts';

/** The digits of the format, ascending. */
export const digits = '-0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz';

/** Shaped as Microsoft's: two positions, container, table, data centre. */
export const idOf = (index: number) =>
  `20200705152230${String(index).padStart(9, '0')}$20200705152411486034089$audit_sharepoint$Audit_SharePoint$emea0036`;
export const idsFrom = (first: number, count: number) =>
  Array.from({ length: count }, (_, at) => idOf(first + at));
export const memoryOf = (contentIds: readonly string[]) => addIds('', contentIds).memory;
export const settledOf = (contentIds: readonly string[]) => settleIds(memoryOf(contentIds));
export const knownOf = (memory: string, contentIds: readonly string[]) => {
  const opened = openIds(memory);
  return contentIds.filter((contentId) => opened.has(contentId));
};

/** The digit of six bits. */
export const digit = (bits: string) => digits.charAt(Number.parseInt(bits, 2));
export const bitsOf = (number: number) => number.toString(2).padStart(32, '0');

/** The nine digits of an id, taken from the memory that holds it alone. */
export const fingerprintOf = (contentId: string) => memoryOf([contentId]).slice(1);

/** Bucket and suffix of each settled id, decoded in another way than the module does. */
export function readSettled(memory: string): { bucket: number; suffix: string }[] {
  const [, buckets = '', suffixes = ''] = memory.split('.');
  const bits = Array.from(buckets, (one) => digits.indexOf(one).toString(2).padStart(6, '0')).join('');
  const numbers = bits.split('0').flatMap((ones, bucket) => Array.from(ones, () => bucket));
  return numbers.map((bucket, at) => ({ bucket, suffix: suffixes.slice(5 * at, 5 * at + 5) }));
}

/** The value of some digits. */
export const numberOf = (text: string) =>
  text.split('').reduce((sum, one) => 64 * sum + digits.indexOf(one), 0);
