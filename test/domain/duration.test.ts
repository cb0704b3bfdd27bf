import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseDuration, sayDuration } from '../../src/domain/duration.ts';

describe('a duration that people write', () => {
  it.each([
    ['500ms', 500],
    ['30s', 30_000],
    ['10m', 600_000],
    ['8h', 28_800_000],
    ['5d', 432_000_000],
    ['0s', 0],
  ])('%s is read', (text, ms) => expect(parseDuration(text)).toBe(ms));

  it.each(['', '10', 'm', '1.5h', '-1s', '1h30m', ' 1h', '1h ', '1H', '1w', '1234567890s', '١s'])('"%s" is none', (text) => {
    expect(parseDuration(text)).toBeUndefined();
  });

  it('never reads anything but a finite number of milliseconds', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        const ms = parseDuration(text);
        if (ms !== undefined) expect(Number.isFinite(ms) && ms >= 0).toBe(true);
      }),
    );
  });
});

describe('a duration that is said', () => {
  it.each([
    [0, '0 ms'],
    [999, '999 ms'],
    [999.6, '1 s'],
    [1000, '1 s'],
    [119_400, '119 s'],
    [120_000, '2 min'],
    [3_599_000, '1 h'],
    [3_900_000, '1 h 5 min'],
    [7_200_000, '2 h'],
    [172_740_000, '47 h 59 min'],
    [172_800_000, '2 d'],
    [216_000_000, '2 d 12 h'],
    [258_000_000, '3 d'],
    [691_200_000, '8 d'],
  ])('%d ms is %s', (ms, said) => expect(sayDuration(ms)).toBe(said));

  it('is off by at most a sixtieth', () => {
    const unit: Readonly<Record<string, number>> = { ms: 1, s: 1000, min: 60_000, h: 3_600_000, d: 86_400_000 };
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 400 * 86_400_000 }), (ms) => {
        const words = sayDuration(ms).split(' ');
        let said = 0;
        for (let index = 0; index < words.length; index += 2) said += Number(words[index]) * (unit[words[index + 1] ?? ''] ?? Number.NaN);
        expect(Math.abs(said - ms)).toBeLessThanOrEqual(Math.max(500, ms / 60));
      }),
    );
  });
});
