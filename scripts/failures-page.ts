// docs/failures.md, made from the table of reasons: the page cannot say anything else than the code does.

import { type Class, REASON_NAMES, REASONS, type Reason } from '../src/domain/failure.ts';

const CLASSES: Readonly<Record<Class, string>> = {
  adapter: 'Between the agent and its provider: credentials, limits, capacity. The task and the host are not at fault.',
  host: 'The machine under the run, or what it stands on. The same work may go well elsewhere; on two hosts it is the task that is suspect.',
  context: 'The work was too large for one run as it was cut. It never runs again with the same inputs.',
  post_completion: 'The work had landed before the run died. Nothing is run again; what is owed is finished.',
  task: 'The work itself, as it was asked for. A person decides.',
  unknown: 'Nobody can tell. A guess would cost more than the question.',
};

const RETRY: Readonly<Record<string, string>> = { true: 'yes', false: 'no', after_check: 'after a check' };

/** The whole page, as Markdown. */
export function failuresPage(): string {
  return [
    '<!-- Made by `npm run docs:failures` from src/domain/failure.ts. Do not edit. -->',
    '# Failures',
    '',
    "Every run that did not end well gets one class and one reason from this closed table. They stand in the task's history as the",
    'type `<class>.<reason>`, with the evidence. Names are never changed, because old histories hold them.',
    '',
    '*Again by itself* answers one question: may Outlive start another run with the very same inputs without asking anybody? *Yes*',
    'still means within the budgets of the task, and after a look at what the dead run left. *After a check*: only once whatever was',
    'wrong is seen to be right. *No* is not the end of the task; it means that something has to be different first.',
    ...(Object.keys(CLASSES) as Class[]).flatMap(classSection),
    '',
  ].join('\n');
}

function classSection(name: Class): string[] {
  return [
    '',
    `## ${name}`,
    '',
    CLASSES[name],
    '',
    '| reason | it is this one when | again by itself | what you can do |',
    '|---|---|---|---|',
    ...REASON_NAMES.filter((reason) => REASONS[reason].class === name).map(reasonRow),
  ];
}

function reasonRow(reason: Reason): string {
  const { when, retry, advice } = REASONS[reason];
  return `| \`${reason}\` | ${[when, RETRY[String(retry)] ?? '', advice].map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
}
