// The current details of a task in Temporal's Web UI, as Markdown: what happened, why, and what is next, for a
// stranger who has not opened a log. The server takes 20 kB; long lives show their newest runs.

import type { RunStatus, TaskStatus } from './contract.ts';
import { sayDuration } from './duration.ts';
import { failureType } from './failure.ts';
import type { StepStatus } from './plan.ts';
import { CHOICES, type Question } from './question.ts';
import { count, cut, times } from './story.ts';

const MAX_RUNS = 12;
const MAX_EVIDENCE = 8;
const MAX_QUESTION = 2000;
const MAX_BYTES = 18_000;

/** At most 18 kB of UTF-8. What is next comes first: a long life loses the end of its lists, never its question. */
export function detailsOf(status: TaskStatus): string {
  const parts = [headline(status), whatIsNext(status), plan(status), runs(status), outputs(status), answers(status)];
  return withinLimit(parts.filter((part) => part !== '').join('\n\n'));
}

function headline({ title, state, owner, runs, unchecked }: TaskStatus): string {
  return `### ${prose(title, 200)}\n\n**${state}** · ${count(runs.length, 'run')}${owner ? ` · owner ${prose(owner, 100)}` : ''}${unchecked ? ' · unchecked' : ''}`;
}

function whatIsNext({ id, state, hold, question, result, runs }: TaskStatus): string {
  if (result)
    return `**How it ended**: ${prose(result.because)}${result.waitedMs > 0 ? ` (waited ${sayDuration(result.waitedMs)} in all)` : ''}`;
  if (question) return asked(id, question);
  if (hold) return `**Waiting**${hold.until ? ` until ${hold.until}` : ''}: ${prose(hold.because)}`;
  if (state === 'finishing') return '**Next**: Outlive makes what it owes; no agent is started.';
  const last = runs.at(-1);
  if (last && !last.endedAt) return `**Now**: run ${last.n} by ${last.agent}${sayPart(last)}`;
  return last?.decision ? `**Next**: ${last.decision.kind}, because ${prose(last.decision.because)}` : '**Next**: the first run';
}

/** The commands are exact: each can be copied as it stands. */
function asked(id: string, { id: question, owner, askedFirst, text, evidence, choices, needsChange }: Question): string {
  const seen = evidence.slice(0, MAX_EVIDENCE).map(({ where, value }) => `- ${prose(`${where}: ${value}`, 250)}`);
  const commands = choices.map((choice) => {
    const note = needsChange && choice === 'retry' ? ' --note "what to do otherwise"' : '';
    return `- \`outlive answer ${id} ${choice}${note}\`: ${CHOICES[choice]}`;
  });
  return [
    `**Question ${question}${owner ? ` to ${prose(owner, 100)}` : ''}**${askedFirst ? ` (${prose(askedFirst, 100)} has not answered)` : ''}: ${prose(text, MAX_QUESTION)}`,
    seen.join('\n'),
    `Choose one:\n\n${commands.join('\n')}`,
    'A note may come with any of them: `--note "…"`. In this Web UI, send the signal `answer` with the choice as a text, such as `"look"`.',
  ]
    .filter((part) => part !== '')
    .join('\n\n');
}

function sayPart({ plans, step }: RunStatus): string {
  if (plans) return ', which plans the work in steps';
  return step === undefined ? '' : ` on step ${step} of the plan`;
}

function plan({ plan }: TaskStatus): string {
  if (!plan) return '';
  const steps = plan.steps.map(({ title, state, runs }, index) => {
    const by = runs.length > 0 ? ` (run ${runs.join(', ')})` : '';
    return `${index + 1}. ${state === 'later' ? prose(title, 120) : `**${prose(title, 120)}**`}: ${STEP_STATES[state]}${by}`;
  });
  return `Plan:\n\n${steps.join('\n')}`;
}

/** How the state of a step is called to people. */
export const STEP_STATES: Readonly<Record<StepStatus['state'], string>> = {
  done: 'done',
  adopted: 'taken as it is',
  current: 'now',
  later: 'later',
};

function runs({ runs }: TaskStatus): string {
  if (runs.length === 0) return '';
  const told = runs.slice(-MAX_RUNS).map(sayRun);
  const earlier = runs.length - MAX_RUNS;
  const left = earlier > 0 ? `\n\nThe history has ${count(earlier, 'earlier run')}.` : '';
  return `Runs:\n\n${told.join('\n')}${left}`;
}

/** A list and no table: the Web UI draws tables without padding, in half its width. */
function sayRun(run: RunStatus): string {
  const { n, host, failure, outcome, decision } = run;
  const part = sayPart(run);
  const ended = failure ? `ended as \`${failureType(failure.reason)}\`` : (outcome ?? 'is at work');
  const evidence = failure?.evidence.map(({ where, value }) => `${where}: ${value}`).join('; ');
  return [
    `- **run ${n}**${part}${host ? ` on ${prose(host, 100)}` : ''} ${ended}${evidence ? ` (${prose(evidence, 300)})` : ''}`,
    ...afterLife(run).map((line) => `- ${line}`),
    ...(decision ? [`- then **${decision.kind}**, because ${prose(decision.because, 400)}`] : []),
  ].join('\n');
}

/** What a run went through beside its own work. */
export function afterLife({ reattached, late }: RunStatus): readonly string[] {
  return [
    ...(reattached ? [`taken up again ${times(reattached)} after its worker was gone`] : []),
    ...(late ? [`it had been given up, and its host told late that it ended as ${late.ended}`] : []),
  ];
}

/** Somebody else's words as a paragraph: one line, and no tag of it is taken for HTML. */
export const prose = (text: string, length = 1000): string => oneLine(text, length).replace(/[\\<]/g, '\\$&');

const oneLine = (text: string, length: number): string => cut(text.replace(/\s+/g, ' ').trim(), length);

function outputs({ outputs }: TaskStatus): string {
  if (outputs.length === 0) return '';
  const told = outputs.map(({ kind, by, state, evidence }) => `- **${kind}**, by ${by}: ${state}, ${prose(evidence, 300)}`);
  return `Outputs:\n\n${told.join('\n')}`;
}

function answers({ answers }: TaskStatus): string {
  if (answers.length === 0) return '';
  const told = answers
    .slice(-5)
    .map(({ question, choice, by, note }) => `- ${question}: **${choice}** by ${prose(by, 100)}${note ? `: ${prose(note, 200)}` : ''}`);
  return `Answers:\n\n${told.join('\n')}`;
}

const LEFT_OUT = '\n\n… the rest is in the history';

/** Whole lines as long as they fit: a line that is cut in the middle is no line. */
function withinLimit(text: string): string {
  if (utf8Length(text) <= MAX_BYTES) return text;
  let left = MAX_BYTES - utf8Length(LEFT_OUT);
  const lines: string[] = [];
  for (const line of text.split('\n')) {
    left -= utf8Length(line) + 1;
    if (left < 0) break;
    lines.push(line);
  }
  return lines.join('\n').trimEnd() + LEFT_OUT;
}

/** Counted by hand, because this runs in the workflow, where there is no Buffer. Half a surrogate pair is sent as three bytes. */
function utf8Length(text: string): number {
  let bytes = 0;
  for (const character of text) {
    const code = character.codePointAt(0) ?? 0;
    bytes += code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
  }
  return bytes;
}
