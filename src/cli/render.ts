// A task's whole story as text: what it is, why it waits, what each run did and what was decided, what is there, what
// is asked. Nothing else knows how a task looks to a person.

import type { Hold, RunStatus, TaskResult, TaskState, TaskStatus } from '../domain/contract.ts';
import { STEP_STATES } from '../domain/details.ts';
import { sayDuration } from '../domain/duration.ts';
import type { Banked, OutputSeen, OutputState } from '../domain/output.ts';
import type { PlanStatus } from '../domain/plan.ts';
import { CHOICES, type Question } from '../domain/question.ts';
import { count } from '../domain/story.ts';
import type { Ink, Paint } from './ink.ts';
import { type Cell, columns, plain, plainLines, sayTime } from './layout.ts';
import { renderRun } from './render-run.ts';

/** `now` in epoch milliseconds, for ages; times are shown in UTC. */
export interface Look {
  readonly ink: Ink;
  readonly now: number;
}

export function renderTask(status: TaskStatus, look: Look): string {
  return [
    head(status, look),
    status.runs.length > 0 ? titled('runs', runs(status, look), look) : undefined,
    status.plan && titled('plan', plan(status.plan, look), look),
    status.outputs.length > 0 ? titled('outputs', outputs(status.outputs, look), look) : undefined,
    answers(status, look),
    status.question && titled('question', renderQuestion(status.id, status.question, look), look),
    status.result && titled('result', renderResult(status.result, look), look),
  ]
    .filter((part) => part !== undefined)
    .join('\n\n');
}

function head(status: TaskStatus, { ink, now }: Look): string {
  const unchecked = status.unchecked ? ink.dim(' (unchecked: its spec has no checks)') : '';
  const rows = [
    ['state', `${stateInk(status.state, ink)(status.state)}${unchecked}`],
    ['owner', plain(status.owner) || '-'],
    ...(status.bank ? [['bank', sayBank(status.bank)]] : []),
    ...(status.hold ? [['waits', sayHold(status.hold, now)]] : []),
    ...(status.untold ? [['untold', `${count(status.untold, 'notice')} could not be sent; the worker's log says why`]] : []),
  ];
  return `${ink.bold(status.id)}  ${plain(status.title)}\n${columns(rows, '  ')}`;
}

function sayBank({ ref, head, wip, at, host }: Banked): string {
  const where = at === 'origin' ? 'at the origin' : `on host ${plain(host)} only`;
  return `${plain(ref)} at ${head.slice(0, 10)}${wip ? ', and uncommitted work beside it' : ''}, ${where}`;
}

function sayHold(hold: Hold, now: number): string {
  const end = hold.until === undefined ? '' : `, until ${sayTime(hold.until)}${left(hold.until, now)}`;
  const owner = hold.for === 'question' ? ` of ${plain(hold.owner)}` : '';
  return `for ${WAITS_FOR[hold.for]}${owner} since ${sayTime(hold.since)} (${age(hold.since, now)})${end}: ${plain(hold.because)}`;
}

const WAITS_FOR: Readonly<Record<Hold['for'], string>> = {
  time: 'a time',
  incident: 'an incident',
  question: 'an answer',
  host: 'a host',
};

const left = (until: string, now: number): string => {
  const ms = Date.parse(until) - now;
  return ms > 0 ? ` (${sayDuration(ms)} left)` : '';
};
function runs({ runs, state }: TaskStatus, look: Look): string {
  // Held back by an incident, it was offered too.
  const isOffered = (run: RunStatus, i: number) =>
    i === runs.length - 1 && (state === 'queued' || (state === 'held' && run.endedAt === undefined));
  return runs.map((run, i) => renderRun(run, look, isOffered(run, i))).join('\n');
}

function plan({ steps }: PlanStatus, { ink }: Look): string {
  return columns(
    steps.map(({ title, state, runs }, index): (string | Cell)[] => [
      String(index + 1),
      { text: STEP_STATES[state], paint: state === 'done' ? ink.green : state === 'later' ? ink.dim : ink.yellow },
      plain(title),
      runs.length === 0 ? '' : `run ${runs.join(', ')}`,
    ]),
    '  ',
  );
}

const age = (since: string, now: number): string => sayDuration(Math.max(0, now - Date.parse(since)));

function outputs(seen: readonly OutputSeen[], { ink }: Look): string {
  return columns(
    seen.map((output): (string | Cell)[] => [
      output.kind,
      { text: output.state, paint: outputInk(output.state, ink) },
      output.by === 'outlive' ? 'by Outlive' : '',
      `${plain(output.evidence)}${output.madeAt === undefined ? '' : ` (made ${sayTime(output.madeAt)})`}`,
    ]),
    '  ',
  );
}

function answers(status: TaskStatus, look: Look): string | undefined {
  if (status.answers.length === 0 && status.refused.length === 0) return undefined;
  const given = status.answers.map((answer) => [
    sayTime(answer.at),
    `${plain(answer.by)} answered ${plain(answer.question)}:`,
    `${answer.choice}${answer.note ? ` (${plain(answer.note)})` : ''}`,
  ]);
  const refused = status.refused.map((why) => `  ${look.ink.yellow('refused')}  ${plain(why)}`);
  return titled('answers', [...(given.length > 0 ? [columns(given, '  ')] : []), ...refused].join('\n'), look);
}

/** What is asked, the evidence, and the exact commands that answer. */
export function renderQuestion(taskId: string, question: Question, { ink, now }: Look): string {
  const commands = question.choices.map((choice): (string | Cell)[] => [
    `outlive answer ${taskId} ${choice}${choice === 'retry' && question.needsChange ? " --note '…'" : ''}`,
    { text: CHOICES[choice], paint: ink.dim },
  ]);
  return [
    `  ${question.id}, asked ${age(question.askedAt, now)} ago, owner ${plain(question.owner)}${question.askedFirst === undefined ? '' : `, because ${plain(question.askedFirst)} has not answered`}`,
    ...plainLines(question.text).map((line) => `  ${ink.yellow(line)}`),
    ...question.evidence.map(({ where, value }) => `    ${plain(where)}: ${plain(value)}`),
    '  answer with one of',
    columns(commands, '    '),
  ].join('\n');
}

export function renderResult(result: TaskResult, { ink }: Look): string {
  const reasons = Object.entries(result.reasons).map(([type, times]) => `${times} × ${type}`);
  const runs = `${result.runs} ${result.runs === 1 ? 'run' : 'runs'}${reasons.length > 0 ? ` (${reasons.join(', ')})` : ''}`;
  const waited = result.waitedMs > 0 ? `, waited ${sayDuration(result.waitedMs)}` : '';
  return `  ${stateInk(result.state, ink)(result.state)}: ${plain(result.because)}\n  ${runs}${waited}`;
}

const titled = (title: string, body: string, { ink }: Look): string => `${ink.dim(title)}\n${body}`;

export function stateInk(state: TaskState, ink: Ink): Paint {
  if (state === 'done') return ink.green;
  if (state === 'failed') return ink.red;
  return state === 'asking' || state === 'held' ? ink.yellow : ink.bold;
}

function outputInk(state: OutputState, ink: Ink): Paint {
  if (state === 'present') return ink.green;
  return state === 'absent' ? ink.red : ink.yellow;
}
