// Where in a tail does a rule match? Reads from the end, line by line, because the last decisive mark is what ended
// the run. One pass over the characters looks for the few hundred words that rules ask for; only a line that holds one is
// tried, and only against the rules of its words. So a tail costs microseconds, and no tail can cost more than its length.
// What the model said is skipped here: its words never count.

import type { Rule, TextRule } from './ending.ts';
import type { Reason } from './failure.ts';

/** How much of a tail is looked at, and how much of a line at once. Characters. */
const LOOK = 8192;
const PIECE = 512;
const OVERLAP = 128;
const HASHES = 1 << 15;

export interface WordIndex {
  readonly rules: readonly TextRule[];
  /** Places in `rules`, by word. */
  readonly byWord: ReadonlyMap<string, readonly number[]>;
  /** 1 where some word has that hash: most words of a tail are none of ours, and this says so without a look-up. */
  readonly hashes: Uint8Array;
}

export interface Mark {
  readonly rule: TextRule;
  /** The words round the match, at most 200 characters. */
  readonly quote: string;
  /** Place in the text that was looked at, for what stands nearby. */
  readonly from: number;
  readonly to: number;
  /** Lines with something on them that come after it. */
  readonly linesAfter: number;
}

/** The rows of words for any process, and those of this agent. */
export function indexWords(rules: readonly Rule[], agent: string): WordIndex {
  const texts = rules.filter((rule): rule is TextRule => rule.where === 'text' && (!rule.agents || rule.agents.includes(agent)));
  const byWord = new Map<string, number[]>();
  const hashes = new Uint8Array(HASHES);
  texts.forEach((rule, place) => {
    for (const word of rule.words) {
      const places = byWord.get(word);
      if (places) places.push(place);
      else byWord.set(word, [place]);
      hashes[hashOf(word)] = 1;
    }
  });
  return { rules: texts, byWord, hashes };
}

/** The part of a tail that is looked at, without colours. */
export function lookedAt(tail: string): string {
  const end = tail.length > LOOK ? tail.slice(-LOOK) : tail;
  return end.includes(ESCAPE) ? end.replace(ANSI, '') : end;
}
const ESCAPE = '\u001b';
const ANSI = new RegExp(`${ESCAPE}\\[[0-9;?]{0,16}[A-Za-z]`, 'g');

/** Every place where a rule matches, the last one first; one for each line or piece of a long line. */
export function* marksFromEnd(text: string, index: WordIndex): Generator<Mark, void> {
  let linesAfter = 0;
  let end = text.length;
  while (end > 0) {
    const start = text.lastIndexOf('\n', end - 1) + 1;
    for (let to = end; to > start; to -= PIECE - OVERLAP) {
      const from = Math.max(start, to - PIECE);
      const places = rulesFor(text, from, to, index);
      const mark = places && firstMatch({ text, start, end, from, to, linesAfter }, places, index);
      if (mark) yield mark;
      if (from === start) break;
    }
    if (start < end) linesAfter++;
    end = start - 1;
  }
}

/** A line of the text, and the piece of it that is looked at. */
interface Piece {
  readonly text: string;
  readonly start: number;
  readonly end: number;
  readonly from: number;
  readonly to: number;
  readonly linesAfter: number;
}

/** The first rule in order that matches; a vague one only where no plain one does. */
function firstMatch({ text, start, end, from, to, linesAfter }: Piece, places: Set<number>, index: WordIndex): Mark | undefined {
  const voice = voiceOf(text, start, end);
  if (voice === 'model') return undefined;
  const piece = unescaped(text.slice(from, to));
  let best: TextRule | undefined;
  let at = 0;
  for (const place of [...places].sort((a, b) => a - b)) {
    const rule = index.rules[place];
    if (!rule || (best && rule.vague) || (voice !== 'program' && !MAY_SAY[voice].includes(rule.reason))) continue;
    const found = rule.match.exec(piece);
    if (!found) continue;
    best = rule;
    at = found.index;
    if (!rule.vague) break;
  }
  return best && { rule: best, quote: quoted(piece, at), from, to, linesAfter };
}

const quoted = (piece: string, at: number): string => piece.slice(Math.max(0, at - 60), at + 140).trim();

/** JSON inside JSON: what is a quote or a line end to the reader shall be one to a rule. */
const unescaped = (piece: string): string =>
  piece.includes('\\')
    ? piece
        .replace(/\\{1,4}"/g, '"')
        .replace(/\\{1,4}n/g, '\n')
        .replace(/\\{1,4}t/g, ' ')
    : piece;

type Voice = 'program' | 'model' | 'tool' | 'result';
const MODEL_PLAIN = /^\s{0,8}[⏺●>]|^\W{0,2}(?:\[\w{1,20}\] )?(?:plan|thinking|todo|task|prompt|goal|user|assistant): /u;
const TOOL_PLAIN = /^\s{0,8}⎿(?!.{0,12}\bError:)|\bMCP\b/u;
const WARNING =
  /^\W{0,16}warn(?:ing)?\b|"(?:severity|level)": ?"warn|\bwill reach end|\bdefaulting to\b|DeprecationWarning|\bnon-fatal\b|failed to export\b/i;
const MODEL_JSON =
  /"(?:type|role|sessionUpdate)": ?"(?:assistant|text|thinking|reasoning|agent_message|agentMessage|agent_message_chunk|agent_thought_chunk|message_delta|content_block_delta|user_prompt)"/;
const TOOL_JSON =
  /"(?:type|role|sessionUpdate)": ?"(?:user|tool|tool_use|tool_result|tool_call|tool_call_update|function_call_output|command_execution|commandExecution)"/;
const RESULT_JSON = /"type": ?"result"/;
const NO_ERROR_JSON = /"is_error": ?false/;
const ERROR_JSON = /"(?:error|is_error|isApiErrorMessage|errorMessage)": ?(?!null|false|"")/;

/** What the program itself said between two places of a text: without the lines of the model and of its tools. */
export function programWords(text: string, from: number, to: number): string {
  const said: string[] = [];
  let start = text.lastIndexOf('\n', Math.max(0, from - 1)) + 1;
  while (start < Math.min(to, text.length)) {
    const newline = text.indexOf('\n', start);
    const end = newline < 0 ? text.length : newline;
    if (voiceOf(text, start, end) === 'program') said.push(text.slice(Math.max(start, from), Math.min(end, to)));
    start = end + 1;
  }
  return said.join('\n');
}

/** What a tool answered was still the model's to deal with; only a person's no ends a run there. A good result is the model's text, and a claim. */
const MAY_SAY: Readonly<Record<'tool' | 'result', readonly Reason[]>> = {
  tool: ['permission_needed', 'cancelled'],
  result: ['crashed_after_output'],
};

/** Who speaks on a line? */
function voiceOf(text: string, start: number, end: number): Voice {
  const head = text.slice(start, Math.min(end, start + 600));
  if (MODEL_PLAIN.test(head) || WARNING.test(head)) return 'model';
  if (TOOL_PLAIN.test(head)) return 'tool';
  const brace = head.indexOf('{');
  if (brace < 0 || brace > 12) return 'program';
  if (TOOL_JSON.test(head)) return 'tool';
  const line = text.slice(start, end);
  if (RESULT_JSON.test(line) && NO_ERROR_JSON.test(line)) return 'result';
  return MODEL_JSON.test(head) && !ERROR_JSON.test(line) ? 'model' : 'program';
}

/** What a character is to a word, by its code: no part of it, a small letter or digit, a capital. */
const APART = 0;
const SMALL = 1;
const CAPITAL = 2;
const KINDS = new Uint8Array(1 << 16);
for (const char of 'abcdefghijklmnopqrstuvwxyz0123456789') KINDS[char.charCodeAt(0)] = SMALL;
for (const char of 'ABCDEFGHIJKLMNOPQRSTUVWXYZ') KINDS[char.charCodeAt(0)] = CAPITAL;
const BACKSLASH = 92;

/** Places of the rules that one of the words between `from` and `to` asks for. The hot loop: it sees every character of a tail. */
function rulesFor(text: string, from: number, to: number, index: WordIndex): Set<number> | undefined {
  const { hashes } = index;
  let places: Set<number> | undefined;
  let i = from;
  while (i < to) {
    let code = text.charCodeAt(i);
    let kind = KINDS[code];
    if (kind === APART) {
      i += code === BACKSLASH ? 2 : 1; // the letter after a backslash is no part of a word
      continue;
    }
    const begin = i;
    let hash = 0;
    do {
      hash = (Math.imul(hash, 31) + (code | 32)) | 0;
      if (++i >= to) break;
      const before = kind;
      code = text.charCodeAt(i);
      kind = KINDS[code];
      if (kind === CAPITAL && before === SMALL) break;
    } while (kind !== APART);
    if (hashes[hash & (HASHES - 1)] === 1) places = withPlaces(places, index, text.slice(begin, i));
  }
  return places;
}

function withPlaces(places: Set<number> | undefined, index: WordIndex, word: string): Set<number> | undefined {
  const more = index.byWord.get(word.toLowerCase());
  if (!more) return places;
  const all = places ?? new Set();
  for (const place of more) all.add(place);
  return all;
}

function hashOf(word: string): number {
  let hash = 0;
  for (let i = 0; i < word.length; i++) hash = (Math.imul(hash, 31) + (word.charCodeAt(i) | 32)) | 0;
  return hash & (HASHES - 1);
}
