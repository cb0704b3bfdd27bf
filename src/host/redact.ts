// Everything that leaves a host (evidence, heartbeats, questions, notices, tails) passes here: known secrets and what looks
// like one are replaced. A text is searched as it came, by all searches, and only then changed: so no search is blinded by
// what another has hidden. What is already hidden is a wall that no search looks across, and a hidden secret takes the rest
// of its word with it: so a second time finds nothing new.

import { findKnown, type Span } from './known-secrets.ts';
import { KEY_BLOCK_BEGIN, KEY_BLOCK_END, PLACE_SHAPES } from './secret-places.ts';
import { TOKEN_SHAPES } from './secret-shapes.ts';
import { secretValues } from './secret-values.ts';

export interface Redact {
  /** The text with every secret replaced by `[redacted]`. Idempotent. Linear in the text's length. */
  text(text: string): string;
  /**
   * A copy of a JSON value with every string in it, keys too, redacted; a string also where its key says that it is
   * secret. Keys that become alike are numbered. What is no JSON, such as a date, is given back as it is.
   */
  json<T>(value: T): T;
  /** One that also knows these values, e.g. a task's own env. */
  with(env: Readonly<Record<string, string>>): Redact;
}

const MARK = '[redacted]';

/**
 * Knows the values of those variables whose name says that they are secret (`secret-values.ts`), and passwords in addresses
 * in any variable. A secret whose variable has another name is made known by a name that says so: `with({ SECRET: value })`.
 */
export function redactFor(env: Readonly<Record<string, string | undefined>>): Redact {
  return redactKnown(secretValues(env));
}

function redactKnown(values: readonly string[]): Redact {
  const known = findKnown(values);
  const text = (whole: string): string => {
    const parts = whole.split(MARK);
    const hidden = parts.map((part, i) => {
      if (part === '') return '';
      const atStart = i === 0 ? known.cutOffAtStart(part) : [];
      const atEnd = i === parts.length - 1 ? known.cutOffAtEnd(part) : [];
      return hide(part, [...known.inside(part), ...shapesIn(part), ...atStart, ...atEnd]);
    });
    return hidden.join(MARK);
  };
  return {
    text,
    json: (value) => redactJson(value, text),
    with: (env) => redactKnown([...new Set([...values, ...secretValues(env)])]),
  };
}

const SHAPES = [...TOKEN_SHAPES, ...PLACE_SHAPES];
const HINTS = [...new Set(SHAPES.flatMap(({ hints }) => hints))];

function shapesIn(text: string): Span[] {
  const lower = text.toLowerCase();
  const there = new Set(HINTS.filter((hint) => lower.includes(hint)));
  return SHAPES.filter(({ hints }) => hints.some((hint) => there.has(hint))).flatMap(({ find }) =>
    [...text.matchAll(find)].map(({ index, 0: found, groups }): Span => {
      const start = index + (groups?.['keep']?.length ?? 0) - (groups?.['before']?.length ?? 0);
      return [start, index + found.length];
    }),
  );
}

const REST_OF_WORD = /[\w-]*/y;

/** Spans that overlap or touch become one. The rest of a word is looked for only where no earlier span has gone past it. */
function hide(text: string, spans: readonly Span[]): string {
  let hidden = '';
  let upTo = 0;
  let marked = false;
  for (const [start, end] of spans.toSorted((a, b) => a[0] - b[0])) {
    if (end <= upTo) continue;
    if (start > upTo || !marked) hidden += text.slice(upTo, start) + MARK;
    marked = true;
    REST_OF_WORD.lastIndex = end;
    REST_OF_WORD.exec(text);
    upTo = REST_OF_WORD.lastIndex;
  }
  return hidden + text.slice(upTo);
}

// ---- JSON

/** Keys whose strings are looked at beside their key, as a text would show them. */
const TELLING_KEY = /key|token|secret|passw|passphrase|auth|cookie/i;

function redactJson<T>(value: T, text: Redact['text']): T {
  const copy = (one: unknown): unknown => {
    if (typeof one === 'string') return text(one);
    if (Array.isArray(one)) return one.map(copy);
    return isPlain(one) ? copyFields(one) : one;
  };
  const copyFields = (from: Readonly<Record<string, unknown>>): Record<string, unknown> => {
    const taken = new Map<string, unknown>();
    for (const [key, one] of Object.entries(from)) {
      const copied = typeof one === 'string' && TELLING_KEY.test(key) ? besideKey(key, one, text) : copy(one);
      taken.set(freeKey(text(key), taken), copied);
    }
    return Object.fromEntries(taken);
  };
  return copy(value) as T;
}

function besideKey(key: string, value: string, text: Redact['text']): string {
  const before = `"${key}": "`;
  const both = text(`${before}${value}"`);
  return text(both.startsWith(before) && both.endsWith('"') ? both.slice(before.length, -1) : value);
}

function freeKey(key: string, taken: ReadonlyMap<string, unknown>): string {
  let free = key;
  for (let n = 2; taken.has(free); n++) free = `${key} ${n}`;
  return free;
}

function isPlain(value: unknown): value is Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null) return false;
  const prototype = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

// ---- a growing log

/** A longer line is not waited for. Characters. */
const LONGEST_LINE = 64 * 1024;
/** No block with a private key is longer; an open one is waited for. Characters. */
const LONGEST_KEY_BLOCK = 16 * 1024;

/**
 * The index up to which a chunk of a growing log may be redacted and shown: behind the last line end, but before a block
 * with a private key that has not ended yet. A line longer than 64 KiB is cut behind its last whitespace, one without any
 * where the chunk ends. The rest is to be put before what comes next; at the log's end it is shown too.
 */
export function safeCut(text: string): number {
  const lineEnd = text.lastIndexOf('\n') + 1;
  const cut = text.length - lineEnd <= LONGEST_LINE ? lineEnd : Math.max(lineEnd, text.search(/\s\S*$/) + 1) || text.length;
  return beforeOpenKeyBlock(text, cut);
}

function beforeOpenKeyBlock(text: string, cut: number): number {
  const from = Math.max(0, text.length - LONGEST_KEY_BLOCK);
  const recent = text.slice(from, cut);
  const begin = [...recent.matchAll(KEY_BLOCK_BEGIN)].at(-1);
  if (!begin || recent.slice(begin.index).search(KEY_BLOCK_END) !== -1) return cut;
  return text.lastIndexOf('\n', from + begin.index) + 1;
}
