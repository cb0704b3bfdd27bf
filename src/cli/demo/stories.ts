// The stories of the demo: one for each class of failure that this version reacts to.

import { fileURLToPath } from 'node:url';
import type { Answer } from '../../domain/question.ts';
import type { TaskSpec } from '../../domain/task.ts';

export interface Story {
  readonly name: string;
  /** What happens, in the words of the table. */
  readonly says: string;
  /** The demo kills the agent's process as soon as it says that it may. */
  readonly kill?: true;
  /** What a person answers to the questions that come, one after the other. */
  readonly answers?: readonly Omit<Answer, 'by'>[];
  /** What its spec has beside that of the others. */
  readonly more?: Partial<Pick<TaskSpec, 'approve' | 'outputs' | 'split' | 'credentials'>>;
  /** It needs the key that is revoked until every task with it waits. */
  readonly keyed?: true;
  readonly expected: Expected;
}

/** What its first run must have ended as and what must have been decided (missing where it ended well), and what there must be in the end. */
export interface Expected extends Made {
  readonly type?: string;
  readonly decision?: string;
  readonly runs: number;
  /** Another task may have met the incident before it: then its first run begins when that is over. */
  readonly orHeld?: true;
}

/** What is there for a task: commits on its branch at the origin, pull requests and comments on the forge. */
export interface Made {
  readonly commits: number;
  readonly pulls?: number;
  readonly comments?: number;
}

/** The name of the key in the configuration, and the file in the demo's folder that stands for its being revoked. */
export const KEY_NAME = 'demo-key';
export const REVOKED_FILE = 'key-is-revoked';

export const STORIES: readonly Story[] = [
  {
    name: 'killed',
    says: 'the agent is killed in mid-run',
    kill: true,
    expected: { type: 'host.killed', decision: 'retry', runs: 2, commits: 1 },
  },
  {
    name: 'finished',
    says: 'the agent is killed after its work, before it can say so',
    kill: true,
    expected: { type: 'post_completion.crashed_after_output', decision: 'finish', runs: 1, commits: 1 },
  },
  {
    name: 'limited',
    says: 'the provider answers 429 with retry-after: 3',
    expected: { type: 'adapter.rate_limited', decision: 'retry', runs: 2, commits: 1 },
  },
  {
    name: 'strange',
    says: 'the last words mean nothing to anybody',
    answers: [{ choice: 'retry', note: 'Seen before: it is harmless, go on.' }],
    expected: { type: 'unknown.unclassified', decision: 'ask', runs: 2, commits: 1 },
  },
  {
    name: 'red',
    says: 'the work is there, and its check is red',
    expected: { type: 'task.output_rejected', decision: 'retry', runs: 2, commits: 2 },
  },
  {
    name: 'enriched',
    says: 'the context window is exhausted after half of the work',
    expected: { type: 'context.context_window_exceeded', decision: 'enrich', runs: 2, commits: 2 },
  },
  {
    name: 'split',
    says: 'the context window is exhausted before any work: it is planned in steps',
    more: { split: 'auto' },
    expected: { type: 'context.context_window_exceeded', decision: 'split', runs: 5, commits: 3 },
  },
  ...['one', 'two', 'three'].map(
    (which): Story => ({
      name: `key-${which}`,
      says: `the key of three tasks is revoked: one incident, until it is let in again (${which})`,
      keyed: true,
      more: { credentials: [KEY_NAME] },
      expected: { type: 'adapter.credential_rejected', decision: 'hold', runs: 2, commits: 1, orHeld: true },
    }),
  ),
  {
    name: 'approved',
    says: 'a person approves the work before Outlive pushes, opens the pull request and comments',
    more: {
      approve: 'before_finish',
      outputs: [
        { kind: 'commit' },
        { kind: 'push' },
        { kind: 'pull_request', title: 'The work of the demo' },
        { kind: 'comment', issue: 41, body: 'It is done.' },
      ],
    },
    answers: [{ choice: 'refuse', note: 'Once more, please.' }, { choice: 'retry', note: 'Say who did it.' }, { choice: 'approve' }],
    expected: { runs: 2, commits: 2, pulls: 1, comments: 1 },
  },
];

/** The task of a story: a commit that a check agrees with, and the push that Outlive owes. */
export function specOf(story: Story, repo: string, folder: string): TaskSpec {
  return {
    id: `demo-${story.name}`,
    title: `Demo: ${story.says}`,
    owner: 'demo',
    agent: { use: 'command', argv: [...program('agent'), story.name, folder] },
    prompt: `Write ${story.name}.md and commit it.`,
    workspace: { repo, base: 'main' },
    outputs: [{ kind: 'commit' }, { kind: 'push' }],
    checks: [{ argv: ['grep', '--quiet', 'The work of', `${story.name}.md`], timeout: '30s' }],
    limits: { run: { wall: '2m', stall: '90s' } },
    ...story.more,
  };
}

/** How node runs a file of this folder: compiled as it is, from source through tsx. */
function program(name: string): string[] {
  const isSource = import.meta.url.endsWith('.ts');
  const file = fileURLToPath(new URL(`./${name}.${isSource ? 'ts' : 'js'}`, import.meta.url));
  return isSource ? [process.execPath, '--import', import.meta.resolve('tsx'), file] : [process.execPath, file];
}
