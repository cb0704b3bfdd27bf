import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseSize, saySize } from '../../src/domain/size.ts';

describe('a size', () => {
  it.each([
    ['0KiB', 0],
    ['1KiB', 1024],
    ['512MiB', 512 * 1024 ** 2],
    ['20GiB', 20 * 1024 ** 3],
    ['3TiB', 3 * 1024 ** 4],
    ['007MiB', 7 * 1024 ** 2],
  ])('is read: %s', (text, bytes) => {
    expect(parseSize(text)).toBe(bytes);
  });

  it.each([
    '',
    '5',
    'GiB',
    '5GB',
    '5gib',
    '5 GiB',
    ' 5GiB',
    '5GiB ',
    '5GiB\n',
    '1.5GiB',
    '-1GiB',
    '+1GiB',
    '1e3MiB',
    '0x1KiB',
    '5PiB',
    '1234567890KiB',
  ])('is not: %j', (text) => {
    expect(parseSize(text)).toBeUndefined();
  });

  it('is a whole number of bytes, or none at all', () => {
    fc.assert(fc.property(fc.string(), (text) => parseSize(text) === undefined || Number.isSafeInteger(parseSize(text))));
  });
});

describe('a size in words', () => {
  it.each([
    [0, '0 bytes'],
    [1, '1 bytes'],
    [1023, '1023 bytes'],
    [1024, '1 KiB'],
    [1536, '1.5 KiB'],
    [1.5 * 1024 ** 3, '1.5 GiB'],
    [20 * 1024 ** 3, '20 GiB'],
    [2048 * 1024 ** 4, '2048 TiB'],
  ])('of %d bytes is said as people would', (bytes, words) => {
    expect(saySize(bytes)).toBe(words);
  });

  it('never says more than 1024 of a unit that is followed by a larger one', () => {
    fc.assert(
      fc.property(fc.nat(1024 ** 4 - 1), (bytes) => {
        expect(Number.parseFloat(saySize(bytes))).toBeLessThanOrEqual(1024);
      }),
    );
  });

  it('says of every size that can be written what was written', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 1023 }), fc.constantFrom('KiB', 'MiB', 'GiB', 'TiB'), (amount, unit) => {
        expect(saySize(parseSize(`${amount}${unit}`) ?? Number.NaN)).toBe(`${amount} ${unit}`);
      }),
    );
  });
});
