import { expect, it } from 'vitest';
import { addLosses, markRecorded, unrecorded, type Loss } from '../../src/domain/losses.ts';
import { at } from './checkpoint-builders.ts';

const losses = (count: number, changed: Partial<Loss> = {}): Loss[] =>
  Array.from({ length: count }, (_, index) => ({
    startTime: at('08:00'),
    endTime: at('09:00'),
    reason: `${index}`,
    time: at('12:00'),
    ...changed,
  }));
const recorded = { isRecorded: true } as const;

it('keeps every loss that does not stand in the ledger', () => {
  expect(addLosses(losses(60), losses(60))).toEqual([...losses(60), ...losses(60)]);
  expect(unrecorded([...losses(2, recorded), ...losses(3)])).toEqual(losses(3));
});

it('keeps the newest 50 of those that do', () => {
  expect(addLosses(losses(49, recorded), losses(1))).toHaveLength(50);
  const kept = addLosses(losses(50, recorded), losses(2));
  expect(kept).toHaveLength(50);
  expect([kept[0]?.reason, kept.at(-1)?.reason]).toEqual(['2', '1']);
});

it('marks what was written, and only that', () => {
  const all = losses(3);
  expect(markRecorded(all, [all[1]!, ...losses(1)])).toEqual([all[0], { ...all[1], ...recorded }, all[2]]);
});

it('forgets the oldest once they are written', () => {
  const all = losses(53);
  const marked = markRecorded(all, all.slice(0, 2));
  expect(marked.map(({ reason }) => reason)).toEqual(all.slice(2).map(({ reason }) => reason));
});
