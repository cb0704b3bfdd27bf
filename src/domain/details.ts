// The current details of a task in Temporal's Web UI, as Markdown: what happened, why, and what is next, for a
// stranger who has not opened a log. The server takes 20 kB; long lives show their newest runs.

import type { RunStatus, TaskStatus } from './contract.ts';
import { sayDuration } from './duration.ts';
import { failureType } from './failure.ts';
import { CHOICES } from './question.ts';
import { count, cut } from './story.ts';

const MAX_RUNS = 12;
const MAX_LENGTH = 18_000;

export function detailsOf(status: TaskStatus): string {
  const parts = [headline(status), whatIsNext(status), runs(status), outputs(status), answers(status)];
  return cut(parts.filter((part) => part !== '').join('\n\n'), MAX_LENGTH);
}

function headline({ title, state, owner, runs, unchecked }: TaskStatus): string {
  return `### ${title}\n\n**${state}** · ${count(runs.length, 'run')}${owner ? ` · owner ${owner}` : ''}${unchecked ? ' · unchecked' : ''}`;
}

function whatIsNext({ id, state, hold, question, result, runs }: TaskStatus): string {
  if (result) return `**How it ended**: ${result.because}${result.waitedMs > 0 ? ` (waited ${sayDuration(result.waitedMs)} in all)` : ''}`;
  if (question) {
    const choices = question.choices.map((choice) => `- \`${choice}\`: ${CHOICES[choice]}`).join('\n');
    return `**Question ${question.id} to ${question.owner}**: ${question.text}\n\n${choices}\n\nAnswer with \`outlive answer ${id} CHOICE --note "…"\`, or send the signal \`answer\` with \`"CHOICE"\`.`;
  }
  if (hold) return `**Waiting**${hold.until ? ` until ${hold.until}` : ''}: ${hold.because}`;
  if (state === 'finishing') return '**Next**: Outlive makes what it owes; no agent is started.';
  const last = runs.at(-1);
  if (last && !last.endedAt) return `**Now**: run ${last.n} by ${last.agent}`;
  return last?.decision ? `**Next**: ${last.decision.kind}, because ${last.decision.because}` : '**Next**: the first run';
}

function runs({ runs }: TaskStatus): string {
  if (runs.length === 0) return '';
  const rows = runs.slice(-MAX_RUNS).map(row);
  const left = runs.length > MAX_RUNS ? `\n\n${runs.length - MAX_RUNS} earlier runs are in the history.` : '';
  return `| run | host | ended | evidence | decision | because |\n|---|---|---|---|---|---|\n${rows.join('\n')}${left}`;
}

function row({ n, host, failure, outcome, decision }: RunStatus): string {
  const ended = failure ? failureType(failure.reason) : (outcome ?? 'at work');
  const evidence = failure?.evidence.map(({ where, value }) => `${where}: ${value}`).join('; ') ?? '';
  return `| ${[String(n), host ?? '', ended, evidence, decision?.kind ?? '', decision?.because ?? ''].map(cell).join(' | ')} |`;
}

const cell = (text: string): string => cut(text.replace(/\s+/g, ' ').replaceAll('|', '\\|'), 300);

function outputs({ outputs }: TaskStatus): string {
  if (outputs.length === 0) return '';
  const rows = outputs.map(({ kind, by, state, evidence }) => `| ${[kind, by, state, evidence].map(cell).join(' | ')} |`);
  return `| output | by | state | evidence |\n|---|---|---|---|\n${rows.join('\n')}`;
}

function answers({ answers }: TaskStatus): string {
  return answers
    .slice(-5)
    .map(
      ({ question, choice, by, note }) => `- ${question}: **${choice}** by ${by}${note ? `: ${cut(note.replace(/\s+/g, ' '), 200)}` : ''}`,
    )
    .join('\n');
}
