// `outlive demo`: tells the stories, then the table: what happened to each task, what was decided, and why.

import { failureType } from '../../domain/failure.ts';
import { count } from '../../domain/story.ts';
import { type DemoEnd, runDemo, type StoryEnd } from '../demo/demo.ts';
import type { Made } from '../demo/stories.ts';
import { EXIT, type ExitCode } from '../errors.ts';
import { columns, plain } from '../layout.ts';
import type { Screen } from '../screen.ts';

interface DemoOptions {
  readonly keep?: boolean;
}

export async function demo({ keep }: DemoOptions, screen: Screen): Promise<ExitCode> {
  const interrupted = new AbortController();
  const interrupt = () => interrupted.abort();
  process.on('SIGINT', interrupt);
  process.on('SIGTERM', interrupt);
  try {
    const end = await runDemo({
      env: screen.env,
      progress: (line) => screen.note(screen.warnInk.dim(line)),
      signal: interrupted.signal,
      onTold: async (told) => {
        screen.say(table(told, screen));
        if (keep) await open(told, screen, interrupted.signal);
        else screen.say(`Its Web UI was ${told.webUi}; \`npm run demo -- --keep\` leaves it open.`);
      },
    });
    screen.give(jsonOf(end));
    return isWell(end) ? EXIT.ok : EXIT.notSo;
  } finally {
    process.off('SIGINT', interrupt);
    process.off('SIGTERM', interrupt);
  }
}

const isWell = ({ lost, doubled, tasks }: DemoEnd): boolean => lost === 0 && doubled === 0 && tasks.every(({ asTold }) => asTold);

function table(end: DemoEnd, { ink }: Screen): string {
  const stories = end.tasks.map((told) => storyOf(told, ink.bold, ink.dim)).join('\n\n');
  const rows = end.tasks.map(({ status, made, asTold }) => {
    const [first] = status.runs;
    const reason = first?.failure ? failureType(first.failure.reason) : 'none';
    return [
      status.id,
      status.state,
      String(status.runs.length),
      reason,
      first?.decision?.kind ?? 'none',
      sayMade(made),
      asTold ? '' : 'NOT AS TOLD',
    ];
  });
  const verdict = `lost ${end.lost}, doubled ${end.doubled}`;
  return [
    '',
    stories,
    '',
    columns([['task', 'state', 'runs', 'first run ended as', 'decision', 'made', ''].map((text) => ({ text, paint: ink.bold })), ...rows]),
    '',
    isWell(end)
      ? ink.green(verdict)
      : ink.red(`${verdict}${end.tasks.every(({ asTold }) => asTold) ? '' : '; a story did not go as it is told'}`),
  ].join('\n');
}

const sayMade = ({ commits, pulls = 0, comments = 0 }: Made): string =>
  [
    count(commits, 'commit'),
    ...(pulls > 0 ? [count(pulls, 'pull request')] : []),
    ...(comments > 0 ? [count(comments, 'comment')] : []),
  ].join(', ');

function storyOf({ story, status }: StoryEnd, bold: (text: string) => string, dim: (text: string) => string): string {
  const runs = status.runs.map(({ n, host, outcome, failure, decision, plans, step }) =>
    [
      `  run ${n} on ${host}${plans ? ', which plans' : step === undefined ? '' : `, step ${step}: ${plain(status.plan?.steps[step - 1]?.title ?? '')}`}: ${failure ? failureType(failure.reason) : outcome}`,
      ...(decision ? [`    ${decision.kind}, because ${plain(decision.because)}`] : []),
    ].join('\n'),
  );
  const answers = status.answers.map(({ choice, by, note }) => `  ${by} answered ${choice}${note ? `: ${plain(note)}` : ''}`);
  return [bold(`${status.id}: ${story.says}`), ...runs, ...answers, dim(`  ${status.state}: ${plain(status.result?.because ?? '')}`)].join(
    '\n',
  );
}

async function open({ webUi }: DemoEnd, screen: Screen, signal: AbortSignal): Promise<void> {
  screen.say(`The Web UI stays open at ${webUi} until Ctrl-C.`);
  if (!signal.aborted) await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
}

function jsonOf({ webUi, tasks, lost, doubled }: DemoEnd): unknown {
  return {
    webUi,
    lost,
    doubled,
    tasks: tasks.map(({ story, status, made, asTold }) => ({ story: story.name, asTold, made, status })),
  };
}
