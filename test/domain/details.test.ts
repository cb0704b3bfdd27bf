import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { RunStatus, TaskStatus } from '../../src/domain/contract.ts';
import { decide } from '../../src/domain/decide.ts';
import { detailsOf } from '../../src/domain/details.ts';
import { CHOICES, type Choice, type Question } from '../../src/domain/question.ts';
import { check, committed, factsOf, failureOf, outputSeen, runOf } from './facts.ts';

const MAX_BYTES = 20_000;
const bytes = (text: string): number => Buffer.byteLength(text);

const status = (over: Partial<TaskStatus> = {}): TaskStatus => ({
  id: 'fix-login',
  title: 'Fix the login',
  state: 'running',
  owner: 'web-team',
  runs: [],
  outputs: [],
  answers: [],
  refused: [],
  ...over,
});

const killed: RunStatus = {
  ...runOf(1, failureOf('killed')),
  decision: { kind: 'retry', because: 'run 1 ended as host.killed (exit.signal: SIGKILL), so run 2 of at most 6 goes to another host' },
};
const question = (over: Partial<Question> = {}): Question => ({
  id: 'q1',
  text: 'Run 1 ended as unknown.unclassified.',
  evidence: [{ where: 'exit.code', value: '3' }],
  choices: ['retry', 'look', 'close'],
  owner: 'web-team',
  askedAt: '2025-06-01T00:01:00.000Z',
  ...over,
});

describe('the details of a task', () => {
  it('tell what happened, why, and what is next', () => {
    const living: RunStatus = { n: 2, host: 'h2', agent: 'command', startedAt: '2025-06-01T00:02:00.000Z' };
    expect(
      detailsOf(
        status({
          runs: [killed, living],
          outputs: [outputSeen('commit', 'absent')],
          answers: [{ question: 'q1', choice: 'retry', by: 'kim', at: '2025-06-01T00:01:30.000Z', note: 'Use v2.' }],
          unchecked: true,
        }),
      ),
    ).toMatchInlineSnapshot(`
      "### Fix the login

      **running** · 2 runs · owner web-team · unchecked

      **Now**: run 2 by command

      Runs:

      - **run 1** on h1 ended as \`host.killed\` (exit.signal: SIGKILL)
      - then **retry**, because run 1 ended as host.killed (exit.signal: SIGKILL), so run 2 of at most 6 goes to another host
      - **run 2** on h2 is at work

      Outputs:

      - **commit**, by agent: absent, it is not there

      Answers:

      - q1: **retry** by kim: Use v2."
    `);
  });

  it.each<[string, Partial<TaskStatus>, string]>([
    ['before the first run', {}, '**Next**: the first run'],
    ['between two runs', { runs: [killed] }, '**Next**: retry, because run 1 ended as host.killed'],
    [
      'while it waits',
      {
        state: 'held',
        hold: {
          for: 'time',
          since: '2025-06-01T00:00:00.000Z',
          until: '2025-06-01T05:00:00.000Z',
          owner: 'web-team',
          because: 'the quota resets then',
        },
      },
      '**Waiting** until 2025-06-01T05:00:00.000Z: the quota resets then',
    ],
    ['while it finishes', { state: 'finishing' }, '**Next**: Outlive makes what it owes; no agent is started.'],
    [
      'after its end',
      {
        state: 'done',
        result: { id: 'fix-login', state: 'done', because: 'every output is present', runs: 1, reasons: {}, waitedMs: 90_000, outputs: [] },
      },
      '**How it ended**: every output is present (waited 90 s in all)',
    ],
  ])('say what is next %s', (_when, over, said) => expect(detailsOf(status(over))).toContain(said));
});

describe('a question in the details', () => {
  it('shows its evidence, and the exact command for each choice', () => {
    expect(detailsOf(status({ state: 'asking', question: question() }))).toMatchInlineSnapshot(`
      "### Fix the login

      **asking** · 0 runs · owner web-team

      **Question q1 to web-team**: Run 1 ended as unknown.unclassified.

      - exit.code: 3

      Choose one:

      - \`outlive answer fix-login retry\`: one more run; your note goes into its prompt
      - \`outlive answer fix-login look\`: look at everything again, then decide anew
      - \`outlive answer fix-login close\`: the work cannot be done: the task ends as failed

      A note may come with any of them: \`--note "…"\`. In this Web UI, send the signal \`answer\` with the choice as a text, such as \`"look"\`."
    `);
  });

  it('shows that a retry has to bring a note after context exhaustion', () => {
    const details = detailsOf(status({ state: 'asking', question: question({ needsChange: true }) }));
    expect(details).toContain('`outlive answer fix-login retry --note "what to do otherwise"`');
    expect(details).toContain('`outlive answer fix-login look`');
  });

  it('is addressed to nobody where the task has no owner', () => {
    expect(detailsOf(status({ owner: '', question: question({ owner: '' }) }))).toContain('**Question q1**: Run 1');
  });

  it('stands there as it was decided', () => {
    const { ask } = decide(factsOf('unclassified', { seen: committed([check('red', 'exit 1\n2 failing')]) }));
    const details = detailsOf(status({ question: question(ask) }));
    expect(details).toContain('What is not understood is never retried.');
    expect(details).toContain('- check npm test: red: exit 1 2 failing');
  });
});

describe('whatever a task went through', () => {
  const odd = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.constantFrom('a\n\n| b |\n# c', '<img src=x>', '\\|', '`', '😀'.repeat(400), '語'.repeat(3000)),
  );
  const aRun: fc.Arbitrary<RunStatus> = fc.record({ words: odd, host: odd, because: odd }).map(({ words, host, because }) => ({
    ...runOf(1, failureOf('killed', { evidence: [{ where: 'stderr', value: words }] }), { host }),
    decision: { kind: 'retry', because },
  }));
  const aStatus = fc
    .record({
      title: odd,
      owner: odd,
      runs: fc.array(aRun, { maxLength: 30 }),
      outputs: fc.array(odd, { maxLength: 30 }),
      note: odd,
      text: fc.option(odd, { nil: undefined }),
      because: odd,
    })
    .map(({ title, owner, runs, outputs, note, text, because }) =>
      status({
        title,
        owner,
        runs: runs.map((run, index) => ({ ...run, n: index + 1 })),
        outputs: outputs.map((evidence) => outputSeen('file', 'absent', { evidence })),
        answers: Array.from({ length: 7 }, () => ({ question: 'q1', choice: 'look', by: owner, at: '', note })),
        hold: { for: 'time', since: '', owner, because },
        ...(text === undefined
          ? {}
          : {
              question: question({
                text,
                owner,
                choices: Object.keys(CHOICES) as Choice[],
                evidence: Array.from({ length: 20 }, () => ({ where: 'stderr', value: text })),
              }),
            }),
      }),
    );
  const everyStatus = (holds: (details: string, task: TaskStatus) => void) =>
    fc.assert(
      fc.property(aStatus, (task) => {
        holds(detailsOf(task), task);
      }),
    );

  it('the details never outgrow what the server takes', () => {
    everyStatus((details) => expect(bytes(details)).toBeLessThan(MAX_BYTES));
  });

  it('the question and its commands are never cut away', () => {
    everyStatus((details, task) => {
      for (const choice of task.question?.choices ?? []) expect(details).toContain(`outlive answer fix-login ${choice}`);
    });
  });

  it('nobody’s words break a line, open a heading or become HTML', () => {
    everyStatus((details) => {
      for (const line of details.split('\n').slice(1)) {
        expect(line).toMatch(/^(?:$|- |\*\*|Runs:$|Outputs:$|Answers:$|Choose one:$|A note may come|The history has|… the rest)/);
        expect(line).not.toMatch(/(?<!\\)<\w/);
      }
    });
  });
});
