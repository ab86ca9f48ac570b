import { describe, expect, it } from 'vitest';
import {
  failedAgain,
  isQuarantined,
  quarantineBy,
  quarantinePauseMs,
  setAside,
  triedMeanwhile,
} from '../../src/domain/quarantine.ts';
import { aBlob, aQuarantinedBlob, at, msAt, nowMs } from './checkpoint-builders.ts';

const failure = { failureType: 'Destination.rejected', message: 'no' };
const minuteMs = 60_000;

it.each([
  [-1, 0],
  [0, 0],
  [1, 3_000],
  [2, 10_000],
  [3, minuteMs],
  [4, 2 * minuteMs],
  [8, 32 * minuteMs],
  [9, 60 * minuteMs],
  [1_000, 60 * minuteMs],
])('rests after %i attempts for %i ms', (attempts, pauseMs) => {
  expect(quarantinePauseMs(attempts)).toBe(pauseMs);
});

it('counts as quarantined after three attempts within some 15 s', () => {
  expect([0, 2, 3, 4].map((attempts) => isQuarantined(aQuarantinedBlob({ attempts })))).toEqual([
    false,
    false,
    true,
    true,
  ]);
  expect(quarantinePauseMs(1) + quarantinePauseMs(2)).toBeLessThan(15_000);
});

it('sets a blob aside with why and until when, in a message that is not long', () => {
  const blob = { ...aBlob('09:05'), contentUri: 'https://other.example/x', expiresInDays: 20 };
  const set = setAside(blob, ['siem'], { ...failure, message: 'x'.repeat(200), attempts: 1 }, nowMs);
  expect(set).toEqual({
    ...blob,
    destinations: ['siem'],
    attempts: 1,
    failureType: failure.failureType,
    message: 'x'.repeat(160),
    since: at('12:00'),
    nextAttempt: at('12:00:03'),
  });
});

it('rests longer after it failed again', () => {
  expect(
    failedAgain(aQuarantinedBlob({ attempts: 2 }), { ...failure, message: 'y'.repeat(161) }, nowMs),
  ).toEqual(
    aQuarantinedBlob({ ...failure, message: 'y'.repeat(160), attempts: 3, nextAttempt: at('12:01') }),
  );
});

describe('attempts that an activity made by itself', () => {
  it('are none before the first is due', () => {
    const blob = aQuarantinedBlob({ attempts: 1, nextAttempt: at('12:05') });
    expect(triedMeanwhile(blob, nowMs, msAt('12:05') - 1)).toEqual(blob);
  });

  it('are counted with the pauses between them', () => {
    const blob = aQuarantinedBlob({ attempts: 1, nextAttempt: at('12:00') });
    expect(triedMeanwhile(blob, 0, msAt('12:00:15'))).toEqual({
      ...blob,
      attempts: 3,
      nextAttempt: at('12:01:10'),
    });
    expect(triedMeanwhile(blob, msAt('12:00:05'), msAt('12:00:10'))).toEqual({
      ...blob,
      attempts: 2,
      nextAttempt: at('12:00:15'),
    });
  });

  it('do not count the one that was cut off at its beginning: the blob stays due', () => {
    const blob = aQuarantinedBlob({ attempts: 4, nextAttempt: at('12:00') });
    expect(triedMeanwhile(blob, msAt('12:00:05'), msAt('12:00:10') - 1)).toEqual(blob);
  });

  it('show in the quarantine as it is by now', () => {
    const blobs = [
      aQuarantinedBlob({ nextAttempt: at('11:59') }),
      aQuarantinedBlob({ nextAttempt: at('12:01') }),
    ];
    expect(quarantineBy(blobs, nowMs).map(({ attempts }) => attempts)).toEqual([4, 3]);
  });
});
