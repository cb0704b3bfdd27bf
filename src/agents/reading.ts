// From the tails of a run to what its agent says in them: events are read and left out, what the program prints beside
// them stays. Total on any text: a tail may begin in the middle of an event and end in one.

import type { Ending, TypedEnd } from '../domain/ending.ts';
import type { Usage } from '../domain/run.ts';
import type { Reader } from './agent.ts';
import { type Heard, nothingHeard } from './heard.ts';
import { type Json, parsed } from './json.ts';

/** How much of a stream is read. Characters. */
const LOOK = 64 * 1024;

/** The same ending, with what the agent's own stream says of it. What was known before stands. */
export function readEnding(ending: Ending, reader: Reader): Ending {
  const heard = nothingHeard();
  const beside = readStream((ending.stdoutTail ?? '').slice(-LOOK), reader, heard);
  if (beside.endsWithEvent) reader.conclude?.(heard, ending);
  const stderr = withoutRetries((ending.stderrTail ?? '').slice(-LOOK), reader, heard);
  const read: Mutable<Ending> = { ...ending };
  if (ending.stdoutTail !== undefined) read.stdoutTail = beside.text;
  if (ending.stderrTail !== undefined) read.stderrTail = stderr;
  if (heard.said.length > 0) read.said = heard.said.join('\n');
  if (heard.denied.length > 0) read.denied = heard.denied;
  if (reader.printsLocalTime) read.printsLocalTime = true;
  set(read, 'httpStatus', ending.httpStatus ?? heard.httpStatus);
  set(read, 'awaitsModel', ending.awaitsModel ?? heard.awaitsModel);
  set(read, 'suffered', heard.retry);
  set(read, 'session', heard.session);
  set(read, 'stopReason', heard.stopReason);
  set(read, 'typed', ending.typed ?? typedEnd(heard, ending));
  set(read, 'usage', ending.usage ?? usageOf(heard));
  return read;
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

function set<T, K extends keyof T>(on: T, name: K, value: T[K] | undefined): void {
  if (value !== undefined) on[name] = value;
}

interface Beside {
  /** What stands in the stream beside its events. */
  readonly text: string;
  /** The last line was an event, or there was none at all. */
  readonly endsWithEvent: boolean;
}

function readStream(tail: string, reader: Reader, heard: Heard): Beside {
  const kept: string[] = [];
  let endsWithEvent = true;
  let start = 0;
  while (start < tail.length) {
    const newline = tail.indexOf('\n', start);
    const end = newline < 0 ? tail.length : newline;
    const line = tail.slice(start, end);
    if (line.trim() !== '') {
      const kind = readLine(line, start === 0, reader, heard);
      endsWithEvent = kind === 'event';
      if (kind === 'text') kept.push(line);
    }
    start = end + 1;
  }
  return { text: kept.join('\n'), endsWithEvent };
}

/** A piece of an event whose other end is out of sight may be the model's words: it is not kept. */
export function readLine(line: string, isFirst: boolean, reader: Reader, heard: Heard): 'event' | 'piece' | 'text' {
  if (!line.startsWith('{')) {
    if (!isFirst || !/[}\]]\s*$/.test(line) || !line.includes('"')) return 'text';
    reader.hearCut?.(line, heard);
    return 'piece';
  }
  if (!isHeard(line, reader, heard)) {
    const event = parsed(line);
    if (!event) return line.startsWith('{"') ? 'piece' : 'text';
    if (!understands(reader, event, heard)) return 'text';
  }
  heard.events++;
  return 'event';
}

/** A reader of the user's own may throw on what it did not expect; that must end neither a worker nor a run. */
function understands(reader: Reader, event: Json, heard: Heard): boolean {
  try {
    return reader.hear(event, heard);
  } catch {
    return false;
  }
}

function isHeard(line: string, { heads = [] }: Reader, heard: Heard): boolean {
  for (const { head, tell } of heads) if (head.test(line)) return line.endsWith('}') && tell(heard, line);
  return false;
}

/** Notices of retries are no end: the last one is kept for what the run suffered from. */
function withoutRetries(tail: string, { retries = [] }: Reader, heard: Heard): string {
  let rest = tail;
  let last: string | undefined;
  for (const notice of retries) {
    rest = rest.replace(notice, (words) => {
      last = words;
      return '';
    });
  }
  if (last !== undefined && heard.end === undefined && !heard.retry?.words) heard.retry = { words: last };
  return rest;
}

function typedEnd({ end, reason, reasonIn, resetsAt }: Heard, { exitCode, stdoutTail }: Ending): TypedEnd | undefined {
  // An agent that ends well says so; silence at exit 0 is no claim.
  if (end === undefined) return exitCode === 0 && stdoutTail === '' ? { outcome: 'failed' } : undefined;
  const typed: Mutable<TypedEnd> = { outcome: end };
  if (end === 'finished') return typed;
  set(typed, 'reason', reason);
  set(typed, 'reasonIn', reasonIn);
  set(typed, 'resetsAt', resetsAt);
  return typed;
}

/** What the agent said that it has used; undefined where it said nothing of the kind. */
export function usageOf({ inputTokens, outputTokens, costUsd, turns, isTotal }: Heard): Usage | undefined {
  if (inputTokens === undefined && outputTokens === undefined && costUsd === undefined) return undefined;
  const usage: Mutable<Usage> = {};
  set(usage, 'inputTokens', inputTokens);
  set(usage, 'outputTokens', outputTokens);
  set(usage, 'costUsd', costUsd);
  if (turns > 0) usage.turns = turns;
  if (!isTotal) usage.incomplete = true;
  return usage;
}
