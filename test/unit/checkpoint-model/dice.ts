/** Repeatable chance: the same seed throws the same numbers. */
export interface Dice {
  /** A whole number from 0 to below `count`. */
  below(count: number): number;
  /** True once in so many throws. */
  onceIn(count: number): boolean;
  pick<Item>(items: readonly Item[]): Item;
  shuffle<Item>(items: readonly Item[]): Item[];
}

/** The generator "mulberry32" (Tommy Ettinger, public domain). */
export function diceOf(seed: number): Dice {
  let state = seed >>> 0;
  const below = (count: number): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) % count;
  };
  return {
    below,
    onceIn: (count) => below(count) === 0,
    pick: (items) => items[below(items.length)]!,
    shuffle: (items) =>
      items
        .map((item) => ({ item, order: below(2 ** 30) }))
        .toSorted((a, b) => a.order - b.order)
        .map(({ item }) => item),
  };
}
