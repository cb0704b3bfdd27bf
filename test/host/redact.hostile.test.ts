import { describe, expect, it } from 'vitest';
import { redactFor, safeCut } from '../../src/host/redact.ts';
import { PLACE_SHAPES } from '../../src/host/secret-places.ts';
import { TOKEN_SHAPES } from '../../src/host/secret-shapes.ts';

const KIB = 1024;
const SLASHES = '\\'.repeat(12);
const redact = redactFor({
  API_TOKEN: 'k3yW1thNoOddCharacters',
  ODD_SECRET: 'p@ss "word" /\\x',
  SAME_PASSWORD: 'a'.repeat(16),
  PERCENT_PASSWORD: '%25%25%25%25%25%',
  QUOTES_PASSWORD: '\\"'.repeat(10),
});

/** Begins with every hint, so that every pattern is tried. */
const HINTS = [...TOKEN_SHAPES, ...PLACE_SHAPES].flatMap(({ hints }) => hints).join(' , ');
const textOf = (part: string, length: number): string => `${HINTS}\n${part.repeat(Math.ceil(length / part.length))}`;
const PLAIN = 'the quick brown fox jumps over the lazy dog, then 42 files were written\n';

const KEY = ['-----BEGIN PRIVATE', 'KEY-----'].join(' ');
const KEY_END = ['-----END PRIVATE', 'KEY-----'].join(' ');
const PARTS = [
  'eyJ.',
  'eyJaaaaaaaaa.',
  'eyJaaaaaaaaa.eyJ',
  '-----BEGIN ',
  KEY,
  `${KEY}\n`,
  `${KEY}\nVersion: a\n`,
  `${KEY}\nMIIEvQIBADANBgkqhkiG9w0B\n`,
  KEY_END,
  `A\n${KEY_END}`,
  `${'A'.repeat(64)}\n`,
  `${'A'.repeat(64)}\\n`,
  `${KEY}${'-a'.repeat(30)}`,
  '-',
  '-----',
  '-a',
  '--',
  '--a',
  '--token-',
  '://',
  '://a:',
  '://a:a',
  'a:a@',
  '://a:b@',
  'a',
  'A',
  '0',
  '-a_',
  'a9-',
  '.',
  'M.',
  'sk-',
  'sk-a',
  'gsk_',
  'ghp_',
  'SG.',
  'SG.aaaaaaaaaaaaaaaaa.',
  '1:AA',
  ':AA',
  'AKIA',
  'token',
  'token=',
  'token="',
  'token="\\z',
  'token: ',
  'TOKEN=',
  `token=${'a'.repeat(60)} `,
  'secret access key ',
  'api_key: "',
  'password=',
  'password:"a',
  'bearer ',
  'Bearer a',
  'authorization: ',
  'authorization: bearer ',
  'cookie: a=',
  'AccountKey=',
  '?token=',
  '&token=a',
  'hooks.slack.com/services/aaaa/',
  '\\',
  '\\"',
  '"',
  '\\n',
  '\\u00',
  '[0;',
  '[0m',
  '%41',
  '%',
  '%25',
  ' ',
  '\n',
  '\t',
  '\r\n',
  '=',
  '+',
  '/',
  'é',
  '😀',
  '\ud800',
  '[redacted] ',
  '[redacted',
  'k3yW1thN',
  'aaaaaaaaaaaaaaaa ',
  'aaaaaaa ',
  'p@ss "word" /',
  'p@ss',
  `${SLASHES}"`,
  `${'\\"'.repeat(9)} `,
  `${'\\\\\\"'.repeat(9)} `,
];

/** The best of a few, because other work on the machine only ever adds. */
function bestMs(work: () => void): number {
  const times = Array.from({ length: 3 }, () => {
    const start = performance.now();
    work();
    return performance.now() - start;
  });
  return Math.min(...times);
}

describe('a text that is made to be slow', () => {
  const plain = textOf(PLAIN, 128 * KIB);
  const plainMs = bestMs(() => redact.text(plain));

  it.each(PARTS)('of %j takes no more than a constant times the time of a plain one', (part) => {
    const text = textOf(part, 128 * KIB);
    expect(bestMs(() => redact.text(text))).toBeLessThan(60 * plainMs);
  });

  it.each(PARTS)('of %j is cut in no more than that time', (part) => {
    const text = textOf(part, 128 * KIB);
    expect(bestMs(() => safeCut(text))).toBeLessThan(60 * plainMs);
  });

  const short = `${'A'.repeat(16)}\n`;
  it.each<[what: string, text: string]>([
    ['lines of a key that never ends', `${KEY}\n${short.repeat(300_000)}`],
    ['lines of a key that never began', `${short.repeat(300_000)}${KEY_END}`],
    ['a value of nothing but backslashes', `token="${'\\z'.repeat(8 * KIB * KIB)}`],
    ['a long line of base64', 'A'.repeat(4 * KIB * KIB)],
    ['wrapped base64', `${'A'.repeat(76)}\n`.repeat(60_000)],
    ['a key block of nothing but dashes', `${KEY}${'-a'.repeat(2 * KIB * KIB)}`],
    ['a path of nothing but slashes', `hooks.slack.com/services/${'aaaa/'.repeat(KIB * KIB)}`],
  ])('of megabytes neither fills the stack nor takes longer: %s', (_, text) => {
    const start = performance.now();
    redact.text(text);
    expect(performance.now() - start).toBeLessThan(60 * plainMs * (text.length / plain.length));
  });
});
