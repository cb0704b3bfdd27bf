import { Buffer } from 'node:buffer';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { redactFor } from '../../src/host/redact.ts';
import { PLACE_SHAPES } from '../../src/host/secret-places.ts';
import { TOKEN_SHAPES } from '../../src/host/secret-shapes.ts';

const MARK = '[redacted]';
const LEAST = 8;

const noisy = fc.string({
  unit: fc.oneof(
    fc.constantFrom(...' "\'\\/+%&=?:@#<>{}$,;|~\t\n-_.'),
    fc.constantFrom(...'abcXYZ019'),
    fc.string({ unit: 'grapheme', minLength: 1, maxLength: 1 }),
  ),
  minLength: LEAST,
  maxLength: 90,
});
/** What a variable may hold. A part of the mark itself cannot be looked for in a text that is full of marks. */
const secret = fc
  .oneof(
    noisy,
    fc.string({ unit: fc.constantFrom(...'abAB01'), minLength: LEAST, maxLength: 40 }),
    fc.base64String({ minLength: 12, maxLength: 80 }),
  )
  .map((value) => value.trim())
  .filter((value) => value.length >= LEAST && !/[[\]]|redacted/.test(value))
  // Never a path, nor a number.
  .map((value) => `sx${value}`);

const json = (text: string): string => JSON.stringify(text).slice(1, -1);
const percent = (text: string): string => [...Buffer.from(text)].map((byte) => `%${byte.toString(16).padStart(2, '0')}`).join('');
const base64 = (text: string): string => Buffer.from(text).toString('base64');
const WRITINGS: Readonly<Record<string, (value: string) => string>> = {
  'as it is': (value) => value,
  'in JSON': json,
  'in JSON inside JSON': (value) => json(json(value)),
  'three times in JSON': (value) => json(json(json(value))),
  'in an address': encodeURIComponent,
  'in an address in small letters': (value) => encodeURIComponent(value).replace(/%../g, (code) => code.toLowerCase()),
  'in an address by every byte but words': (value) => value.replace(/[^\w.-]/gu, percent),
  'in a form': (value) => new URLSearchParams({ v: value }).toString().slice(2),
  'in base64': base64,
  'in base64 for addresses': (value) => Buffer.from(value).toString('base64url'),
  'in base64 inside JSON of PHP': (value) => base64(value).replaceAll('/', '\\/'),
  'in base64 inside an address': (value) => encodeURIComponent(base64(value)),
  'in base64 behind one byte': (value) => base64(`u${value}`),
  'in base64 behind two bytes': (value) => base64(`u:${value}`),
  'in base64 inside more': (value) => base64(`user:${value}, and more`),
};

describe('whatever a secret is and whatever is around it', () => {
  it.each(Object.entries(WRITINGS))('it does not survive %s', (_, writing) => {
    fc.assert(
      fc.property(secret, fc.string(), fc.string(), (value, before, after) => {
        const written = writing(value);
        const left = redactFor({ APP_SECRET: value }).text(`${before} ${written} ${after}`);
        expect(left).toContain(MARK);
        expect(left).not.toContain(written);
        expect(left).not.toContain(value);
      }),
      { numRuns: 100 },
    );
  });

  it('no whole secret is left of many that overlap', () => {
    fc.assert(
      fc.property(
        fc.array(fc.string({ unit: fc.constantFrom('a', 'b', '-', ' ', 'c'), minLength: LEAST + 1, maxLength: 12 }), {
          minLength: 1,
          maxLength: 5,
        }),
        (parts) => {
          const values = parts.map((part) => part.trim()).filter((part) => part.length >= LEAST);
          const redact = redactFor(Object.fromEntries(values.map((value, i) => [`APP_${i}_SECRET`, value])));
          const left = redact.text(parts.join(''));
          for (const value of values) expect(left).not.toContain(value);
        },
      ),
    );
  });

  it('a secret of base64 leaves no byte of itself behind', () => {
    fc.assert(
      fc.property(secret, fc.integer({ min: 0, max: 5 }), (value, others) => {
        const left = redactFor({ APP_SECRET: value }).text(`x ${base64('u'.repeat(others) + value)} y`);
        const [before = ''] = left.slice(2).split(MARK);
        expect(Buffer.from(before, 'base64').toString()).toBe('u'.repeat(others - (others % 3)));
        expect(left.endsWith(`${MARK} y`)).toBe(true);
      }),
    );
  });
});

const samples = [...TOKEN_SHAPES, ...PLACE_SHAPES].flatMap(({ sample: [text] }) => [text, JSON.stringify(text).slice(1, -1)]);
const KNOWN = ['k3yW1thNoOddCharacters', 'sk-ant-', ' begins"with \\space/', 'password', '-dash-dash-dash', 'token: "'];
const piece = fc.oneof(
  { weight: 3, arbitrary: fc.constantFrom(...samples) },
  {
    weight: 3,
    arbitrary: fc
      .constantFrom(...samples)
      .chain((text) => fc.tuple(fc.nat(text.length), fc.nat(text.length)).map(([a, b]) => text.slice(Math.min(a, b), Math.max(a, b)))),
  },
  {
    weight: 2,
    arbitrary: fc.constantFrom(
      ...KNOWN,
      ...KNOWN.map(base64),
      ...KNOWN.map((value) => value.slice(2)),
      ...KNOWN.map((value) => value.slice(0, -1)),
    ),
  },
  {
    weight: 2,
    arbitrary: fc.constantFrom(
      ' ',
      '\n',
      '\\n',
      '"',
      '\\"',
      ':',
      '=',
      '@',
      '://',
      '-',
      '_',
      '.',
      '/',
      '\u001b[32m',
      '%3D',
      MARK,
      'a',
      '1',
      'token=',
      'password: ',
      'Bearer ',
    ),
  },
  { weight: 1, arbitrary: fc.string() },
);
const text = fc.array(piece, { maxLength: 12 }).map((pieces) => pieces.join(''));

describe('whatever a text is put together from', () => {
  const redact = redactFor(Object.fromEntries(KNOWN.map((value, i) => [`APP_${i}_SECRET`, value])));

  it('a second time finds nothing new', () => {
    fc.assert(
      fc.property(text, (whole) => {
        const once = redact.text(whole);
        expect(redact.text(once)).toBe(once);
      }),
      { numRuns: 3000 },
    );
  });

  it('what is left was there, in the same order', () => {
    fc.assert(
      fc.property(text, (whole) => {
        let from = 0;
        for (const part of redact.text(whole).split(MARK)) {
          const at = whole.indexOf(part, from);
          expect(at).not.toBe(-1);
          from = at + part.length;
        }
      }),
      { numRuns: 1000 },
    );
  });

  it('a JSON value has the same form, and all its strings redacted', () => {
    fc.assert(
      fc.property(fc.jsonValue(), text, (value, whole) => {
        const left = redact.json({ at: [value, whole] });
        expect(left.at[1]).toBe(redact.text(whole));
        expect(redact.json(left)).toEqual(left);
      }),
      { numRuns: 500 },
    );
  });
});
