// docs/reactions.md, made by asking the policy itself: the page cannot say anything else than the code does.

import { REASON_NAMES } from '../src/domain/failure.ts';
import { BY_CREDENTIAL, BY_INCIDENT, BY_LEDGERS, BY_OUTPUTS, type Table } from '../test/domain/cells.ts';

/** The whole page, as Markdown. */
export function reactionsPage(): string {
  return [
    '<!-- Made by `npm run docs:reactions` from src/domain/decide.ts. Do not edit. -->',
    '# Reactions',
    '',
    'What Outlive decides after a run has ended, for every reason. First by what is there, when it is the first run of the task',
    'and nothing is used up. Then by what the task has used up, when nothing is there. What the kinds of decisions mean stands in',
    'the [glossary](glossary.md), what the reasons mean in [failures](failures.md), and why in [decisions](decisions).',
    '',
    'Every decision in a history says more than its kind: why, on what evidence, what was used up before and after it, and what',
    'would have changed it.',
    '',
    '## By what is there',
    '',
    ...table(BY_OUTPUTS),
    '',
    '## By what is used up',
    '',
    ...table(BY_LEDGERS),
    '',
    '## After a check of the credential',
    '',
    ...table(BY_CREDENTIAL),
    '',
    '## While there is an incident',
    '',
    'Of the host, the credential or the provider that the failure speaks against. What these are, and how their tasks are let go',
    'again, stands in [operations](operations.md#incidents).',
    '',
    ...table(BY_INCIDENT),
    '',
  ].join('\n');
}

function table(of: Table): string[] {
  const columns = Object.keys(of);
  const reasons = REASON_NAMES.filter((reason) => columns.some((column) => of[column]?.[reason]));
  return [
    `| reason | ${columns.join(' | ')} |`,
    `|---|${columns.map(() => '---|').join('')}`,
    ...reasons.map((reason) => `| \`${reason}\` | ${columns.map((column) => of[column]?.[reason]?.kind ?? '').join(' | ')} |`),
  ];
}
