// What has been heard of a run in its agent's own stream, event by event. A reader tells of an event with one of the verbs
// below. The model's words change nothing here: not the end, not what was said of it, not what is waited for.

import type { Evidence, Reason } from '../domain/failure.ts';
import type { Named } from './named.ts';
import type { Tokens } from './tokens.ts';

/** Filled while a tail is read, oldest event first; a later event may take back what an earlier one said. */
export interface Heard {
  /** Events that the reader knew. */
  events: number;
  end: 'finished' | 'failed' | undefined;
  /** That end was its last word: what may still come is an echo, until a new turn begins. */
  isOver: boolean;
  /** The reason that a field of the agent names, and the field. */
  reason: Reason | undefined;
  reasonIn: Evidence | undefined;
  httpStatus: number | undefined;
  stopReason: string | undefined;
  /** What the agent itself said of its end, a line or more each. */
  said: string[];
  /** The last of the agent's notices that it tries again. */
  retry: { readonly words: string; readonly reason?: Reason } | undefined;
  awaitsModel: boolean | undefined;
  /** Questions to the model. */
  turns: number;
  /** Tools that it was not allowed to use. */
  denied: string[];
  /** What it asked a person's leave for, and the answers that would refuse it (ACP). */
  wants: string | undefined;
  refusals: readonly unknown[];
  /** What it lost on the way, which no good end makes up for. */
  lost: Named | undefined;
  session: string | undefined;
  /** Of the agent's program. */
  version: string | undefined;
  /** ISO time of a reset that a field states. */
  resetsAt: string | undefined;
  inputTokens: number | undefined;
  outputTokens: number | undefined;
  costUsd: number | undefined;
  /** The tokens are the agent's own total. */
  isTotal: boolean;
}

export const nothingHeard = (): Heard => ({
  events: 0,
  end: undefined,
  isOver: false,
  reason: undefined,
  reasonIn: undefined,
  httpStatus: undefined,
  stopReason: undefined,
  said: [],
  retry: undefined,
  awaitsModel: undefined,
  turns: 0,
  denied: [],
  wants: undefined,
  refusals: [],
  lost: undefined,
  session: undefined,
  version: undefined,
  resetsAt: undefined,
  inputTokens: undefined,
  outputTokens: undefined,
  costUsd: undefined,
  isTotal: false,
});

/** A question to the model is under way: whatever was thought to be the end was none. */
export function asked(heard: Heard): void {
  goOn(heard);
  // The results of tools that worked side by side come one by one, and are one question.
  if (heard.awaitsModel !== true) heard.turns++;
  heard.awaitsModel = true;
}

/** The same, where it may also be an echo of what is over. For heads of lines: always true. */
export function askedAgain(heard: Heard): true {
  if (!heard.isOver) asked(heard);
  return true;
}

/** The model speaks. All that its words tell is that it was asked, where that is out of sight. */
export function spoke(heard: Heard): true {
  heard.awaitsModel ??= true;
  return true;
}

/** A tool is at work, and the model waits for it. */
export function toolBegan(heard: Heard): void {
  goOn(heard);
  heard.awaitsModel = false;
}

/** What it tries again it may yet get; `words` tell why it had to. */
export function triesAgain(heard: Heard, words: string, reason?: Reason): void {
  goOn(heard);
  heard.retry = reason === undefined ? { words } : { words, reason };
  heard.awaitsModel = true;
}

export function finished(heard: Heard): void {
  goOn(heard);
  heard.end = 'finished';
  heard.awaitsModel = false;
}

export interface FailedBy {
  /** Its own words, never the model's. */
  readonly words?: string | undefined;
  readonly httpStatus?: number | undefined;
  readonly reason?: Reason | undefined;
  /** The field that names the reason. */
  readonly reasonIn?: Evidence;
}

/** It ended badly, by its own word. Told twice, the second time adds to the first. */
export function failed(heard: Heard, { words, httpStatus, reason, reasonIn }: FailedBy): void {
  if (heard.end !== 'failed') goOn(heard);
  heard.end = 'failed';
  heard.awaitsModel = false;
  if (words && !heard.said.includes(words)) heard.said.push(words);
  if (httpStatus !== undefined) heard.httpStatus = httpStatus;
  if (reason === undefined) return;
  heard.reason = reason;
  heard.reasonIn = reasonIn;
}

export function denied(heard: Heard, tool = 'a tool'): void {
  if (!heard.denied.includes(tool)) heard.denied.push(tool);
}

function goOn(heard: Heard): void {
  if (heard.end === undefined && heard.retry === undefined) return;
  heard.end = undefined;
  heard.reason = undefined;
  heard.reasonIn = undefined;
  heard.httpStatus = undefined;
  heard.stopReason = undefined;
  heard.said = [];
  heard.retry = undefined;
}

export interface Cost extends Tokens {
  readonly costUsd?: number | undefined;
}

/** What one step cost, beside the steps before it. */
export function spent(heard: Heard, { input, output, costUsd }: Cost): void {
  heard.inputTokens = sum(heard.inputTokens, input);
  heard.outputTokens = sum(heard.outputTokens, output);
  heard.costUsd = sum(heard.costUsd, costUsd);
}

/** What the whole run cost, by the agent's own total. */
export function spentInAll(heard: Heard, { input, output, costUsd }: Cost): void {
  if (input === undefined && output === undefined && costUsd === undefined) return;
  heard.inputTokens = input;
  heard.outputTokens = output;
  heard.costUsd = costUsd;
  heard.isTotal = true;
}

const sum = (one: number | undefined, other: number | undefined): number | undefined => (one === undefined ? other : one + (other ?? 0));
