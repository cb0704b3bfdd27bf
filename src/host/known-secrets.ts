// Finds known values in a text, however they were written there: as they are, inside JSON, in an address, as base64 (also
// as a part of a longer one, and wrapped over lines), and cut off where the text itself begins or ends.

import { Buffer } from 'node:buffer';
import { SHORTEST_SECRET } from './secret-values.ts';

/** Where a secret stands: from here, up to there. */
export type Span = readonly [start: number, end: number];

/** Spans in no order; they may overlap. */
export interface KnownSecrets {
  inside(text: string): Span[];
  /** The text begins with the end of a value: at least 8 characters of it. */
  cutOffAtStart(text: string): Span[];
  /** The text ends with the beginning of a value: at least 8 characters of it. */
  cutOffAtEnd(text: string): Span[];
}

/** `values` are at least 8 characters long. The time grows with the text's length times the number of values. */
export function findKnown(values: readonly string[]): KnownSecrets {
  const plain = values.filter((value) => !CHANGED.test(value));
  const changed = values.filter((value) => CHANGED.test(value)).map(anyWriting);
  const base64 = new Map(values.flatMap(base64Forms));
  const base64Only = [...base64.keys()];
  return {
    inside: (text) => [
      ...plain.flatMap((value) => everyPlace(text, value, (start) => [start, start + value.length])),
      ...changed.flatMap((pattern) => everyMatch(text, pattern)),
      ...[...base64].flatMap(([form, before]) => everyPlace(text, form, (start) => base64Span(text, start, form.length, before))),
      ...wrapped(text, base64Only),
    ],
    cutOffAtStart: (text) => values.flatMap((value) => endOf(value, text)),
    cutOffAtEnd: (text) => values.flatMap((value) => beginningOf(value, text)),
  };
}

/** A search goes on behind what it has found, so that a text of nothing but secrets is read once too. */
function everyPlace(text: string, part: string, span: (start: number) => Span): Span[] {
  const spans: Span[] = [];
  for (let at = text.indexOf(part); at !== -1; ) {
    const found = span(at);
    spans.push(found);
    at = text.indexOf(part, found[1]);
  }
  return spans;
}

const everyMatch = (text: string, pattern: RegExp): Span[] =>
  [...text.matchAll(pattern)].map(({ index, 0: found }) => [index, index + found.length]);

// ---- as text

/** What JSON, addresses or forms may write in another way. */
const CHANGED = /[^\w.-]/;
const SHORT_ESCAPES: Readonly<Record<string, string>> = { '\n': 'n', '\r': 'r', '\t': 't', '\b': 'b', '\f': 'f' };

/** A value in every way that it may be written. JSON may stand inside JSON, and an address in an address. */
const anyWriting = (value: string): RegExp =>
  new RegExp(
    [...value.matchAll(/(\\*)([^\\]|$)/gu)].map(([, slashes = '', char = '']) => afterSlashes(slashes.length, char)).join(''),
    'g',
  );

/**
 * One character with the backslashes before it. They are one step, because each may be written as up to eight and the
 * character may get seven more: as steps of their own they could be shared out in more ways than can be tried.
 */
function afterSlashes(slashes: number, char: string): string {
  const inAddress = slashes === 0 ? '' : `(?:${percent('\\')}){${slashes}}`;
  if (!CHANGED.test(char)) return (inAddress && `(?:\\\\{${slashes},${8 * slashes}}|${inAddress})`) + literal(char);
  const units = Array.from({ length: char.length }, (_, i) => `u${anyCaseHex(char.charCodeAt(i), 4)}`).join('\\\\{1,7}');
  const short = SHORT_ESCAPES[char];
  const ways = [
    `\\\\{${slashes},${8 * slashes + 7}}${literal(char)}`,
    `\\\\{${slashes + 1},${8 * slashes + 7}}(?:${units}${short ? `|${short}` : ''})`,
    `${inAddress}(?:${percent(char)}${inAddress && `|${literal(char)}`}${char === ' ' ? '|\\+' : ''})`,
  ];
  return `(?:${ways.join('|')})`;
}

const percent = (char: string): string => [...Buffer.from(char)].map((byte) => `%(?:25){0,2}${anyCaseHex(byte, 2)}`).join('');
const literal = (char: string): string => char.replace(/[$()*+./?[\\\]^{|}]/g, '\\$&');

const anyCaseHex = (code: number, digits: number): string =>
  code
    .toString(16)
    .padStart(digits, '0')
    .replace(/[a-f]/g, (digit) => `[${digit}${digit.toUpperCase()}]`);

// ---- as base64

type Base64Form = readonly [form: string, before: number];

/**
 * The characters that the value alone decides, where 0, 1 or 2 bytes of something else come before it in its group of
 * three, in both alphabets and as addresses and JSON write them; and how many characters before them it decides in part.
 */
function base64Forms(value: string): Base64Form[] {
  const bytes = Buffer.from(value);
  return [0, 1, 2].flatMap((others) => {
    const before = others === 0 ? 0 : others + 1;
    const decided = Buffer.concat([Buffer.alloc(others), bytes])
      .toString('base64')
      .slice(before, Math.floor(((others + bytes.length) * 8) / 6));
    const escaped = encodeURIComponent(decided);
    const forms = [
      decided,
      decided.replaceAll('+', '-').replaceAll('/', '_'),
      escaped,
      escaped.replace(/%../g, (code) => code.toLowerCase()),
      decided.replaceAll('/', '\\/'),
    ];
    return forms.map((form): Base64Form => [form, before]);
  });
}

/** To the end of the base64 text; back over the characters that the secret decides in part. */
function base64Span(text: string, at: number, length: number, before: number): Span {
  let start = at;
  while (start > at - before && /[\w+/-]/.test(text[start - 1] ?? '') && text[start - 2] !== '\\') start--;
  REST_OF_BASE64.lastIndex = at + length;
  REST_OF_BASE64.exec(text);
  return [start, Math.max(at + length, REST_OF_BASE64.lastIndex)];
}
const REST_OF_BASE64 = /[\w+/-]*(?:={1,2}|%3[Dd](?:%3[Dd])?)?/y;

/** Lines as `base64` and mail wrap them; also where JSON has escaped the line ends. */
const WRAPPED_BASE64 = /(?<![\w+/-])(?:[\w+/-]{60,80}(?:\\r)?(?:\\n|\r?\n)){1,5000}[\w+/-]*={0,2}/g;
const WRAP = /\\[rn]|[\r\n]/g;
/** Cheap to look for, and in every such text. */
const END_OF_LONG_LINE = /n(?<=[\w+/-]{60}(?:\\r)?\\n)|\n(?<=[\w+/-]{60}\r?\n)/;

function wrapped(text: string, forms: readonly string[]): Span[] {
  if (forms.length === 0 || !END_OF_LONG_LINE.test(text)) return [];
  return everyMatch(text, WRAPPED_BASE64).filter(([start, end]) => {
    const whole = text.slice(start, end).replace(WRAP, '');
    return forms.some((form) => whole.includes(form));
  });
}

// ---- cut off

function endOf(value: string, text: string): Span[] {
  const head = text.slice(0, SHORTEST_SECRET);
  if (head.length < SHORTEST_SECRET) return [];
  for (let from = value.indexOf(head, 1); from !== -1; from = value.indexOf(head, from + 1)) {
    if (text.startsWith(value.slice(from))) return [[0, value.length - from]];
  }
  return [];
}

function beginningOf(value: string, text: string): Span[] {
  const tail = text.slice(-SHORTEST_SECRET);
  if (tail.length < SHORTEST_SECRET) return [];
  for (let from = value.length - SHORTEST_SECRET; from > 0; ) {
    from = value.lastIndexOf(tail, from - 1);
    if (from === -1) return [];
    const length = from + SHORTEST_SECRET;
    if (text.endsWith(value.slice(0, length))) return [[text.length - length, text.length]];
  }
  return [];
}
