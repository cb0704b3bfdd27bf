// What a person reads about a task in Temporal's Web UI, written once at its start: Markdown, at most some 10 kB.

import { sayDuration } from './domain/duration.ts';
import { sayOutput } from './domain/output.ts';
import { sayAgent, sayArgv, type Task } from './domain/task.ts';

const PROMPT_CHARS = 6000;
const LINE_CHARS = 300;

export function taskDetails(task: Task): string {
  return [
    `### ${oneLine(task.title)}`,
    `Task \`${task.id}\` of ${oneLine(task.owner)}, pool \`${task.pool}\`. Its story: \`outlive show ${task.id}\``,
    section('Prompt', fenced(task.prompt.length > PROMPT_CHARS ? `${task.prompt.slice(0, PROMPT_CHARS)} …` : task.prompt)),
    section('Agent', `\`${oneLine(sayAgent(task.agent))}\``),
    task.workspace && section('Workspace', `\`${oneLine(task.workspace.repo)}\` from \`${oneLine(task.workspace.base)}\``),
    section('Done when there is', bullets(task.outputs.map(sayOutput))),
    section(
      'Checks',
      task.checks.length === 0 ? 'none: the task is *unchecked*' : bullets(task.checks.map((check) => `\`${sayArgv(check.argv)}\``)),
    ),
    section('Limits', bullets(limits(task))),
  ]
    .filter((part) => part !== undefined)
    .join('\n\n');
}

function limits({ limits: { runs, perReason, wallMs, costUsd, run } }: Task): readonly string[] {
  return [
    `${runs} runs, ${perReason} for one reason`,
    `${sayDuration(wallMs)} of run time${costUsd === undefined ? '' : `, ${costUsd} USD`}`,
    `a run: ${sayDuration(run.wallMs)}, ${sayDuration(run.stallMs)} of silence${run.costUsd === undefined ? '' : `, ${run.costUsd} USD`}`,
  ];
}

const section = (title: string, body: string): string => `**${title}**\n\n${body}`;
const bullets = (lines: readonly string[]): string =>
  lines
    .slice(0, 30)
    .map((line) => `- ${oneLine(line)}`)
    .join('\n');
const oneLine = (text: string): string => text.replace(/\s+/g, ' ').slice(0, LINE_CHARS);

// A fence longer than any in the text, so that a prompt with its own code blocks stays one block.
function fenced(text: string): string {
  const longest = Math.max(2, ...[...text.matchAll(/`+/g)].map(([ticks]) => ticks.length));
  const fence = '`'.repeat(longest + 1);
  return `${fence}text\n${text.trimEnd()}\n${fence}`;
}
