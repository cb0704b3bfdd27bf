// `outlive classify`: last words in, verdicts out, one JSON line for each. Streams: memory stays the same however long the
// input is, and a slow reader slows the reading. A line that cannot be read is answered in its place and never stops the rest.

import type { Readable, Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { StringDecoder } from 'node:string_decoder';
import type { Agents } from '../../agents/agent.ts';
import { endingOf, rulesFor } from '../../agents/index.ts';
import { classify } from '../../domain/classify.ts';
import type { Ending } from '../../domain/ending.ts';

/** Beyond this a line is refused, so that input without line ends cannot fill the memory. Characters. */
const LONGEST_LINE = 4 * 1024 * 1024;
/** Answers are written in blocks of about this size. Characters. */
const BLOCK = 64 * 1024;

/**
 * Answers each line of `input` in order: a verdict (DESIGN §6) or `{id?, error}`. Lines without a character are passed over.
 * `output` is left open. `bad` is the number of lines with an error. Rejects where reading or writing fails.
 */
export async function classifyStream(input: Readable, output: Writable, agents?: Agents): Promise<{ bad: number }> {
  let bad = 0;
  const answers = async function* (source: AsyncIterable<Buffer | string>): AsyncGenerator<string> {
    let block = '';
    for await (const line of linesOf(source)) {
      const answer = answerTo(line, agents);
      if ('error' in answer) bad++;
      block += `${JSON.stringify(answer)}\n`;
      if (block.length < BLOCK) continue;
      yield block;
      block = '';
    }
    if (block !== '') yield block;
  };
  await pipeline(input, answers, output, { end: false });
  return { bad };
}

type Line = { readonly text: string } | { readonly tooLong: true };

async function* linesOf(source: AsyncIterable<Buffer | string>): AsyncGenerator<Line> {
  const decoder = new StringDecoder('utf8');
  let rest = '';
  let skipping = false;
  for await (const chunk of source) {
    const lines = (rest + (typeof chunk === 'string' ? chunk : decoder.write(chunk))).split('\n');
    rest = lines.pop() ?? '';
    for (const text of lines) {
      if (!skipping && text.trim() !== '') yield { text };
      skipping = false;
    }
    if (rest.length > LONGEST_LINE) {
      if (!skipping) yield { tooLong: true };
      skipping = true;
    }
    if (skipping) rest = '';
  }
  rest += decoder.end();
  if (!skipping && rest.trim() !== '') yield { text: rest };
}

type Answer = Readonly<Record<string, unknown>>;

const answerTo = (line: Line, agents: Agents | undefined): Answer =>
  'tooLong' in line
    ? { error: `the line is longer than ${LONGEST_LINE} characters; give the last 8 KiB of each stream` }
    : answerLine(line.text, agents);

/** The answer to one line: a verdict, or `{id?, error}`. `agents` are those of the user's own. */
export function answerLine(text: string, agents?: Agents): Answer {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    return {
      error: `not JSON (${(error as Error).message}); expected one object a line, such as {"id":"a","exit_code":1,"stderr_tail":"…"}`,
    };
  }
  if (!isObject(value)) return { error: `expected an object such as {"id":"a","exit_code":1}, not ${kindOf(value)}` };
  const id = value['id'];
  if (id !== undefined && id !== null && typeof id !== 'string' && typeof id !== 'number') {
    return { error: `id: expected a string or a number, not ${kindOf(id)}` };
  }
  const named = id === undefined || id === null ? {} : { id };
  const { ending, wrong } = readEnding(value);
  if (wrong.length > 0) return { ...named, error: wrong.join('; ') };
  const { class: className, ...verdict } = classify(endingOf(ending, agents), rulesFor(ending.agent, agents));
  return { ...named, class: className, ...verdict };
}

type Guard = readonly [form: string, isRight: (value: unknown) => boolean];
const TEXT: Guard = ['a string', (value) => typeof value === 'string'];
const COUNT: Guard = ['a whole number from 0', (value) => Number.isSafeInteger(value) && (value as number) >= 0];
const SECONDS: Guard = ['a number of seconds from 0', (value) => typeof value === 'number' && Number.isFinite(value) && value >= 0];
const YES_NO: Guard = ['true or false', (value) => typeof value === 'boolean'];
const WHOLE: Guard = ['a whole number', Number.isSafeInteger];
const STATUS: Guard = [
  'an HTTP status from 100 to 599',
  (value) => Number.isInteger(value) && (value as number) >= 100 && (value as number) < 600,
];
const TIME: Guard = [
  'an ISO time with offset, such as 2026-03-01T10:00:00Z or 2026-03-01T10:00:00+01:00',
  (value) =>
    typeof value === 'string' &&
    /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)?(?:Z|[+-]\d{2}:\d{2})$/.test(value) &&
    !Number.isNaN(Date.parse(value)),
];

/** What a line may hold, and its name in an Ending. Other fields are passed over: recordings carry more than this. */
const FIELDS: Readonly<Record<string, readonly [keyof Ending, Guard]>> = {
  agent: ['agent', TEXT],
  provider: ['provider', TEXT],
  at: ['at', TIME],
  exit_code: ['exitCode', WHOLE],
  signal: ['signal', TEXT],
  http_status: ['httpStatus', STATUS],
  stdout_tail: ['stdoutTail', TEXT],
  stderr_tail: ['stderrTail', TEXT],
  tail: ['tail', TEXT],
  harness_signal: ['harnessSignal', TEXT],
};

/** An ending as a line tells it, and what is wrong with the line. */
export function readEnding(line: Answer): { readonly ending: Ending; readonly wrong: readonly string[] } {
  const wrong: string[] = [];
  const ending: Record<string, unknown> = {};
  for (const [name, [key, guard]] of Object.entries(FIELDS)) {
    const value = checked(line, name, guard, wrong);
    if (value !== undefined) ending[key] = value;
  }
  const seconds = checked(line, 'duration_s', SECONDS, wrong);
  if (seconds !== undefined) ending['durationMs'] = (seconds as number) * 1000;
  const landed = object(line, 'landed', { commits: COUNT, dirty: COUNT, complete: YES_NO }, ['commits', 'dirty'], wrong);
  if (landed) ending['landed'] = landed;
  const harness = object(line, 'harness', { timeout_s: SECONDS, sent: TEXT }, ['timeout_s', 'sent'], wrong);
  if (harness) ending['harness'] = { timeoutS: harness['timeout_s'], sent: harness['sent'] };
  return { ending: ending as Ending, wrong };
}

/** The value of a field; null is as good as none. Says in `wrong` what is wrong with it. */
function checked(from: Answer, name: string, [form, isRight]: Guard, wrong: string[], inside = ''): unknown {
  const value = from[name] ?? undefined;
  if (value === undefined || isRight(value)) return value;
  wrong.push(`${inside}${name}: expected ${form}, not ${kindOf(value)}`);
  return undefined;
}

function object(line: Answer, name: string, fields: Readonly<Record<string, Guard>>, needed: readonly string[], wrong: string[]) {
  const from = line[name] ?? undefined;
  if (from === undefined) return undefined;
  if (!isObject(from)) {
    wrong.push(`${name}: expected an object with ${needed.join(' and ')}, not ${kindOf(from)}`);
    return undefined;
  }
  const read: Record<string, unknown> = {};
  for (const [field, guard] of Object.entries(fields)) {
    const value = checked(from, field, guard, wrong, `${name}.`);
    if (value !== undefined) read[field] = value;
    else if (needed.includes(field) && (from[field] ?? undefined) === undefined)
      wrong.push(`${name}.${field}: expected ${guard[0]}, is missing`);
  }
  return read;
}

const isObject = (value: unknown): value is Answer => typeof value === 'object' && value !== null && !Array.isArray(value);

/** A value as an error names it, short. */
function kindOf(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'object') return 'an object';
  const text = JSON.stringify(value);
  return text.length > 60 ? `${text.slice(0, 59)}…` : text;
}
