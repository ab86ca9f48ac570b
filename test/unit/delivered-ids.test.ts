import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  addIds,
  countIds,
  falsePositiveProbability,
  openIds,
  requireIds,
  settleIds,
} from '../../src/domain/delivered-ids.ts';
import {
  bitsOf,
  digit,
  digits,
  fingerprintOf,
  idOf,
  idsFrom,
  knownOf,
  memoryOf,
  settledOf,
} from './delivered-ids-samples.ts';

const anyIds = fc.uniqueArray(fc.nat(5_000), { maxLength: 120 }).map((indexes) => indexes.map(idOf));
const anyBatches = fc.array(fc.array(fc.nat(80).map(idOf), { maxLength: 12 }), { maxLength: 20 });

describe('remembering', () => {
  it('knows everything that was added, in any order and in any batches, before and after the hour is settled', () => {
    fc.assert(
      fc.property(anyBatches, fc.nat(20), (batches, settledAfter) => {
        const seen = new Set<string>();
        let memory = '';
        for (const [at, batch] of batches.entries()) {
          if (at === settledAfter) memory = settleIds(memory);
          const before = seen.size;
          for (const contentId of batch) seen.add(contentId);
          const result = addIds(memory, batch);
          expect(result.added).toBe(seen.size - before);
          memory = result.memory;
        }
        for (const text of [memory, settleIds(memory)]) {
          expect(knownOf(text, idsFrom(0, 100))).toEqual(idsFrom(0, 100).filter((id) => seen.has(id)));
          expect(countIds(text)).toBe(seen.size);
        }
      }),
    );
  });

  it('gives the same text for the same ids, whatever their order and batches', () => {
    fc.assert(
      fc.property(
        anyIds.chain((ids) =>
          fc.tuple(fc.constant(ids), fc.shuffledSubarray(ids, { minLength: ids.length }), fc.nat(ids.length)),
        ),
        ([ids, shuffled, cut]) => {
          const inTwo = addIds(memoryOf(shuffled.slice(0, cut)), shuffled.slice(cut)).memory;
          expect(inTwo).toBe(memoryOf(ids));
          expect(settleIds(inTwo)).toBe(settledOf(ids));
        },
      ),
    );
  });

  it('takes any string for an id', () => {
    const anyString = fc.string({ unit: fc.constantFrom('a', '$', 'é', '€', '😀', '\u0000'), maxLength: 40 });
    fc.assert(
      fc.property(fc.uniqueArray(anyString, { minLength: 1, maxLength: 5 }), (ids) => {
        expect(knownOf(memoryOf(ids), ids)).toEqual(ids);
        expect(knownOf(settledOf(ids), ids)).toEqual(ids);
      }),
    );
  });

  it('changes nothing when ids are added again, young, settled or late', () => {
    const young = memoryOf(idsFrom(0, 300));
    const late = addIds(settleIds(young), idsFrom(300, 30)).memory;
    expect(addIds(young, idsFrom(0, 300))).toEqual({ memory: young, added: 0 });
    expect(addIds(late, idsFrom(0, 330))).toEqual({ memory: late, added: 0 });
    expect(addIds(late, [])).toEqual({ memory: late, added: 0 });
  });

  it('counts an id once that a batch names twice', () => {
    expect(addIds('', [idOf(1), idOf(2), idOf(1)])).toEqual({
      memory: memoryOf([idOf(2), idOf(1)]),
      added: 2,
    });
  });

  it('is the empty string while nothing was added', () => {
    expect(memoryOf([])).toBe('');
    expect(settleIds('')).toBe('');
    expect(countIds('')).toBe(0);
    expect(openIds('').has('')).toBe(false);
    expect(requireIds('')).toBe('');
    expect(falsePositiveProbability('')).toBe(0);
  });

  it('settles once: ids that come later stay as they are', () => {
    const settled = settledOf(idsFrom(0, 100));
    const late = addIds(settled, idsFrom(100, 10)).memory;
    expect(settleIds(settled)).toBe(settled);
    expect(settleIds(late)).toBe(late);
    expect(late.length - settled.length).toBe(9 * 10);
  });
});

describe('size', () => {
  it('holds 1,000 ids an hour for seven days in 896,616 characters that JSON does not escape', () => {
    const hours = Array.from({ length: 168 }, (_, hour) => settledOf(idsFrom(hour * 1000, 1000)));
    const text = hours.join('');
    expect(text).toHaveLength(896_616);
    expect(text).toMatch(/^[-.\w]+$/);
    expect(JSON.stringify(text)).toHaveLength(text.length + 2);
  });

  it('holds the hour under way in nine characters an id', () => {
    expect(memoryOf(idsFrom(0, 1000))).toHaveLength(1 + 9 * 1000);
  });
});

describe('text', () => {
  it('has the first 24 bits of the first half of the hash and the first 30 of the second', () => {
    // murmur3('hello') is 2b2444a0 db91def7, see fingerprint.test.ts; as bits, in groups of six.
    const bits = `${bitsOf(0x2b2444a0).slice(0, 24)}${bitsOf(0xdb91def7).slice(0, 30)}`;
    const text = bits.match(/.{6}/g)?.map(digit);
    expect(fingerprintOf('hello')).toBe(text?.join(''));
  });

  // Checkpoints of running workflows hold this format: whoever changes it needs a new version and reads this one, too.
  const ids = ['hello', 'The quick brown fox jumps over the lazy dog', '$'];
  const young = '19mG3qt6TxAlL2vDsgOSMoVIzpg9';
  const settled = '1.o.qt6TxvDsgOIzpg9';

  it('is written in format 1', () => {
    expect(memoryOf(ids)).toBe(young);
    expect(settleIds(young)).toBe(settled);
  });

  it.each([young, settled])('is read in format 1: %s', (memory) => {
    expect(knownOf(requireIds(memory), [...ids, 'another'])).toEqual(ids);
  });

  it('is refused by everything that reads it when it is of a newer format', () => {
    for (const read of [addIds, settleIds, countIds, openIds, requireIds, falsePositiveProbability]) {
      expect(() => read(`2${young.slice(1)}`, [])).toThrow(
        /^delivered ids: written in a format .* newer one$/,
      );
    }
  });
});

describe('requireIds', () => {
  it('accepts whatever was written here', () => {
    fc.assert(
      fc.property(anyIds, anyIds, (ids, lateIds) => {
        const memory = addIds(settledOf(ids), lateIds).memory;
        expect(requireIds(memory)).toBe(memory);
      }),
    );
  });

  // Three ids in buckets 0, 1 and 2 of three: 101010, and one late.
  const settled = `1.${digit('101010')}.aaaaabbbbbccccc`;
  it.each([
    ['no string', 7, 'must be a string'],
    ['nothing', undefined, 'must be a string'],
    ['a character outside the alphabet', '1aaaa+aaaa', 'characters'],
    ['a character outside the alphabet at the beginning', '1é1aaaaaaa', 'characters'],
    ['a space behind the end', '1aaaaaaaaa\n', 'characters'],
    ['a character outside the alphabet in a suffix', settled.replace('b', 'é'), 'characters'],
    ['a character outside the alphabet in the buckets', '1.*.aaaaabbbbbccccc', 'characters'],
    ['a version alone', '1', 'characters'],
    ['no suffixes', '1aaaaaaaaa.a', 'segments'],
    ['empty segments', '1..', 'segments'],
    ['a segment too many', `${settled}.`, 'segments'],
    ['a young segment that is cut', '1aaaaaaaa', 'ends within a fingerprint'],
    ['young fingerprints that descend', '1bbbbbbbbbaaaaaaaaa', 'do not ascend'],
    ['a young fingerprint that stands twice', '1aaaaaaaaaaaaaaaaaa', 'do not ascend'],
    ['settled ids that are cut', settled.slice(0, -1), 'ends within a suffix'],
    ['a suffix less than the buckets have', settled.slice(0, -5), 'do not fit'],
    ['a suffix more than the buckets have', `${settled}ddddd`, 'do not fit'],
    ['no buckets', '1..aaaaa', 'do not fit'],
    ['buckets too many', `1.${digit('101010')}-.aaaaabbbbbccccc`, 'do not fit'],
    ['an id behind the last bucket', `1.${digit('101001')}.aaaaabbbbbccccc`, 'do not fit'],
  ])('refuses %s', (_, text, problem) => {
    expect(requireIds(settled)).toBe(settled);
    expect(() => requireIds(text)).toThrow(RangeError);
    expect(() => requireIds(text)).toThrow(problem);
  });

  it('never quotes the text', () => {
    expect(() => requireIds('1secret')).toThrow(/^(?!.*secret)/);
  });

  it('lets nothing pass that the others cannot work with', () => {
    const anyText = fc.stringMatching(/^1[-.\w]{0,60}$/);
    const anyAltered = fc
      .tuple(anyIds, anyIds, fc.nat(), fc.constantFrom('', '.', ...digits.split('')))
      .map(([ids, lateIds, at, character]) => {
        const { memory } = addIds(settledOf(ids), lateIds);
        const index = at % (memory.length + 1);
        return memory.slice(0, index) + character + memory.slice(index + 1);
      });
    fc.assert(
      fc.property(fc.oneof(anyText, anyAltered), (text) => {
        try {
          requireIds(text);
        } catch (error) {
          expect(error).toBeInstanceOf(RangeError);
          return;
        }
        const { memory, added } = addIds(text, idsFrom(9_000, 5));
        expect(requireIds(memory)).toBe(memory);
        expect(countIds(memory)).toBe(countIds(text) + added);
        expect(requireIds(settleIds(memory))).toBe(settleIds(memory));
        expect(knownOf(memory, idsFrom(9_000, 5))).toHaveLength(5);
      }),
      { numRuns: 1000 },
    );
  });
});
