// What goes out to people who are not looking: that a task asks, that it still asks, that somebody else is to answer now; and
// once for each incident, that it is open. A question ages and reminds; it never turns into an answer by itself (DESIGN §5).

import type { Evidence } from './failure.ts';
import type { Choice, Question } from './question.ts';

/** JSON-clean; what a webhook gets as its body. `key` is the same each time that the notice goes out. */
export type Notice = QuestionNotice | IncidentNotice;

export interface QuestionNotice {
  readonly v: 1;
  readonly kind: NoticeKind;
  readonly key: string;
  readonly task: string;
  readonly title: string;
  /** Who is to answer. */
  readonly owner: string;
  /** The id of the question. */
  readonly question: string;
  readonly text: string;
  readonly evidence: readonly Evidence[];
  readonly choices: readonly Choice[];
  /** ISO time. */
  readonly askedAt: string;
  /** Commands: one that shows the whole story, and one for each choice. */
  readonly show: string;
  readonly answer: readonly string[];
}

/** Once for each incident, however many tasks wait. */
export interface IncidentNotice {
  readonly v: 1;
  readonly kind: 'incident';
  readonly key: string;
  /** Its scope, as in `provider/anthropic`. */
  readonly incident: string;
  readonly owner: string;
  readonly text: string;
  readonly evidence: readonly Evidence[];
  /** Distinct tasks so far, and the first of them by name. */
  readonly count: number;
  readonly tasks: readonly string[];
  /** ISO time. */
  readonly openedAt: string;
  /** Commands: one that shows it, and those that a person may want. */
  readonly show: string;
  readonly answer: readonly string[];
}

/** `escalated`: it has gone to the fallback owner. */
export type NoticeKind = 'asked' | 'reminder' | 'escalated';

/** A text of the configuration, or the variable of the worker's environment that holds it. */
export type Setting = string | { readonly env: string };

export type ChannelSettings =
  | { readonly kind: 'webhook'; readonly url: Setting; readonly headers: Readonly<Record<string, Setting>> }
  | { readonly kind: 'slack'; readonly url: Setting }
  | { readonly kind: 'command'; readonly argv: readonly string[] };

/** How people are told of open questions. Recorded by `begin`, so that a task keeps its own while configurations change. */
export interface Attention {
  /** How many channels there are; none: nothing goes out. */
  readonly channels: number;
  readonly remindMs: number;
  readonly escalateMs: number;
  /** Who is to answer what nobody has answered for `escalateMs`; left out: nobody else. */
  readonly fallback?: string;
}

/** What has gone out about a question so far. */
export interface Told {
  readonly reminders: number;
  readonly escalated: boolean;
}

const DAY_MS = 86_400_000;

/** The next notice about a question, and when, counted from its asking; undefined where nobody is to be told anything more. */
export function nextNotice(
  { channels, remindMs, escalateMs, fallback }: Attention,
  { reminders, escalated }: Told,
): { readonly kind: NoticeKind; readonly atMs: number } | undefined {
  const remindAtMs = channels > 0 ? reminderAt(reminders + 1, remindMs) : Number.POSITIVE_INFINITY;
  if (fallback !== undefined && !escalated && escalateMs <= remindAtMs) return { kind: 'escalated', atMs: escalateMs };
  return Number.isFinite(remindAtMs) ? { kind: 'reminder', atMs: remindAtMs } : undefined;
}

/** Each after twice the time of the one before, and at least one a day. */
function reminderAt(number: number, remindMs: number): number {
  let atMs = 0;
  for (let k = 0; k < number; k += 1) atMs += Math.min(remindMs * 2 ** Math.min(k, 20), Math.max(remindMs, DAY_MS));
  return atMs;
}

export function noticeOf(
  kind: NoticeKind,
  k: number,
  { id: task, title }: { readonly id: string; readonly title: string },
  question: Question,
): QuestionNotice {
  const { id, text, evidence, choices, owner, askedAt, needsChange } = question;
  return {
    v: 1,
    kind,
    key: `${task}/${id}/${askedAt}/${kind}${kind === 'reminder' ? `-${k}` : ''}`,
    task,
    title,
    owner,
    question: id,
    text,
    evidence,
    choices,
    askedAt,
    show: `outlive show ${task}`,
    answer: choices.map((choice) => `outlive answer ${task} ${choice}${needsChange && choice === 'retry' ? " --note '…'" : ''}`),
  };
}

/** What it is about, for logs and the environment of a command. */
export const aboutNotice = (notice: Notice): { readonly task: string; readonly question: string } | { readonly incident: string } =>
  notice.kind === 'incident' ? { incident: notice.incident } : { task: notice.task, question: notice.question };

/** One line, for channels that take no more. */
export function sayNotice(notice: Notice): string {
  if (notice.kind === 'incident') return `${notice.incident} is ill (${notice.owner}): ${notice.text}`;
  const { kind, task, title, owner, text } = notice;
  const what = { asked: 'asks', reminder: 'still asks', escalated: 'has had no answer, and now asks' }[kind];
  return `${task} (${title}) ${what} ${owner}: ${text}`;
}
