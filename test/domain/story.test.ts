import { describe, expect, it } from 'vitest';
import type { Completeness, Seen } from '../../src/domain/output.ts';
import { capital, count, cut, quote, sayCompleteness, sayEnd, sayFailure, sayLeft, tellNextRun, times } from '../../src/domain/story.ts';
import { banked, check, clone, committed, failureOf, outputSeen, seenOf } from './facts.ts';

describe('a failure in a sentence', () => {
  it.each([
    ['quotes its first evidence', [{ where: 'exit.signal', value: 'SIGKILL' }], 'run 2 ended as host.killed (exit.signal: SIGKILL)'],
    ['says nothing more without evidence', [], 'run 2 ended as host.killed'],
    [
      'does not repeat the reason as its own evidence',
      [{ where: 'result.reason', value: 'killed' }],
      'run 2 ended as host.killed (the agent says so)',
    ],
    [
      'does not repeat the type either',
      [{ where: 'result.reason', value: 'host.killed' }],
      'run 2 ended as host.killed (the agent says so)',
    ],
    [
      'quotes what says more than the reason',
      [
        { where: 'result.reason', value: 'killed' },
        { where: 'stderr', value: 'Killed.\n' },
      ],
      'run 2 ended as host.killed (stderr: Killed)',
    ],
    [
      'is no longer than a line',
      [{ where: 'stderr', value: 'no '.repeat(100) }],
      `run 2 ended as host.killed (stderr: ${'no '.repeat(17)}…)`,
    ],
  ])('%s', (_sentence, evidence, said) => expect(sayFailure(2, failureOf('killed', { evidence }))).toBe(said));

  it('may do without evidence', () => expect(sayEnd(2, failureOf('killed'))).toBe('run 2 ended as host.killed'));
});

describe('the work in a sentence', () => {
  it.each<[Completeness, string]>([
    [{ kind: 'complete', proof: 'good_end' }, 'every output is present, and the run itself said it was finished'],
    [{ kind: 'complete', proof: 'checks' }, 'every output is present, and every check is green'],
    [{ kind: 'complete', proof: 'outward_output' }, 'every output is present, and an output that only finished work makes is there'],
    [{ kind: 'complete', proof: 'conclusive' }, 'every output is present, and the task calls any commit the whole work'],
    [{ kind: 'unproven' }, 'the outputs are there, but nothing proves that they are the whole work'],
    [
      { kind: 'incomplete', missing: ['file absent: there is no report.md.'], red: [check('red')] },
      'file absent: there is no report.md; the check npm test is red',
    ],
    [
      { kind: 'unknown', unknown: ['push: no route\nto host.', '1 check not run'] },
      'it is not known what is there: push: no route to host; 1 check not run',
    ],
  ])('%o', (work, said) => expect(sayCompleteness(work)).toBe(said));
});

describe('what a run left', () => {
  const unseen = (state: 'unknown' | 'stranded'): Seen => ({ at: '', outputs: [outputSeen('commit', state)], checks: [], goodEnd: false });
  it.each<[string, Seen, string]>([
    ['is nothing', seenOf(), 'run 1 left nothing behind'],
    ['is a commit', committed(), 'run 1 left 1 commit (abcdef1234), banked as refs/outlive/fix-login/run-1-0a1b2c3d'],
    [
      'is a merge in the middle',
      seenOf({ repository: clone({ commits: 2, dirty: 1, busy: 'merge' }) }),
      'run 1 left 2 commits (abcdef1234), 1 changed file not committed, a merge cut off in the middle',
    ],
    [
      'is what could not be banked',
      seenOf({ repository: clone({ dirty: 3 }), bank: { state: 'failed', evidence: 'fatal: no route.' } }),
      'run 1 left 3 changed files not committed, not banked: fatal: no route',
    ],
    [
      'is an output without a repository',
      { ...unseen('unknown'), outputs: [outputSeen('file', 'present'), outputSeen('command', 'partial'), outputSeen('push', 'absent')] },
      'run 1 left the file output, a part of the command output',
    ],
    ['is not what Outlive made', seenOf({ outputs: [outputSeen('push', 'present', { by: 'outlive' })] }), 'run 1 left nothing behind'],
    [
      'is what the bank keeps, where its host does not answer',
      { ...unseen('stranded'), bank: banked },
      'what is kept of the work stands in refs/outlive/fix-login/run-1-0a1b2c3d',
    ],
    ['is not called nothing where it could not be seen', unseen('stranded'), 'what run 1 left could not be seen'],
    [
      'is not called nothing where a look failed',
      seenOf({ outputs: [outputSeen('push', 'unknown')] }),
      'run 1 left nothing in its clone, and not all else could be seen',
    ],
  ])('%s', (_sentence, seen, said) => expect(sayLeft(1, seen)).toBe(said));
});

describe('the next run', () => {
  const failure = failureOf('killed');
  it('is told what is there, what is missing, and what a check said', () => {
    const work: Completeness = {
      kind: 'incomplete',
      missing: ['file absent: there is no report.md'],
      red: [check('red', 'exit 1\n2 failing')],
    };
    expect(tellNextRun({ n: 1, failure, seen: committed() }, work)).toEqual([
      'Run 1 of this task ended before the task was done (host.killed). Run 1 left 1 commit (abcdef1234), banked as refs/outlive/fix-login/run-1-0a1b2c3d.',
      'The work so far is in your workspace. Verify it first, then do only the rest; do nothing twice.',
      'Not done yet, as far as could be seen: file absent: there is no report.md.',
      'The check npm test is red:\nexit 1\n2 failing',
    ]);
  });

  it('is not told of work that it does not start from', () => {
    expect(tellNextRun({ n: 1, failure, seen: seenOf({ repository: clone({ commits: 1 }) }) }, { kind: 'unproven' })).toEqual([
      'Run 1 of this task ended before the task was done (host.killed). Run 1 left 1 commit (abcdef1234).',
    ]);
  });

  it('is told of a red check that said nothing', () => {
    const work: Completeness = { kind: 'incomplete', missing: [], red: [check('red')] };
    expect(tellNextRun({ n: 1, failure, seen: seenOf() }, work).at(-1)).toBe('The check npm test is red.');
  });

  it('is told no more than it can read', () => {
    const work: Completeness = {
      kind: 'incomplete',
      missing: Array<string>(50).fill('x'.repeat(300)),
      red: [check('red', 'y'.repeat(5000))],
    };
    for (const note of tellNextRun({ n: 1, failure, seen: committed() }, work)) expect(note.length).toBeLessThanOrEqual(1000);
  });
});

describe('words', () => {
  it.each([
    ['It broke.', 'It broke'],
    [' two\n  lines;\n', 'two lines'],
    ['...', ''],
    ['a.b', 'a.b'],
  ])('%j of somebody else are quoted as %j', (text, said) => expect(quote(text)).toBe(said));

  it('are cut with a mark, and counted', () => {
    expect(cut('abcdef', 6)).toBe('abcdef');
    expect(cut('abcdefg', 6)).toBe('abcde…');
    expect([count(0, 'run'), count(1, 'run'), count(2, 'run')]).toEqual(['0 runs', '1 run', '2 runs']);
    expect([times(1), times(2), times(3)]).toEqual(['once', 'twice', '3 times']);
    expect([capital('run 1'), capital('')]).toEqual(['Run 1', '']);
  });
});
