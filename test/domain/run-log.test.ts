import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { hostLogAskProblem, logAskProblem } from '../../src/domain/run-log.ts';

const ASK = { task: 'fix-it', workflowRunId: '0198c0de-1111-7000-8000-000000000000', n: 1, waitMs: 0 };

describe('a question for a log', () => {
  it('may be about any place, and need not be', () => {
    expect(logAskProblem(ASK)).toBeUndefined();
    expect(logAskProblem({ ...ASK, from: { stdout: 0, stderr: 12 }, over: true, waitMs: 20_000 })).toBeUndefined();
    expect(hostLogAskProblem({ ...ASK, host: 'build-box.2' })).toBeUndefined();
  });

  it.each<[string, object, string]>([
    ['a path for a task', { task: '../../etc' }, '"task" must be the id of a task'],
    ['a path for a workflow run', { workflowRunId: '../../../x' }, '"workflowRunId" must be'],
    ['a run that is no number', { n: '1/../2' }, '"n" must be the number of a run'],
    ['the run 0', { n: 0 }, '"n" must be'],
    ['a place before the beginning', { from: { stdout: -1, stderr: 0 } }, '"from" must be {"stdout": bytes, "stderr": bytes}'],
    ['half a place', { from: { stdout: 1 } }, '"from" must be'],
    ['an endless wait', { waitMs: 20_001 }, 'at most 20000'],
    ['an end that is no yes or no', { over: 'yes' }, '"over" must be true or false'],
  ])('is none with %s', (_, change, says) => {
    expect(logAskProblem({ ...ASK, ...change })).toContain(says);
  });

  it('is none for a host that would be another queue', () => {
    expect(hostLogAskProblem({ ...ASK, host: 'a/b' })).toBe('"host" must be the id of a host');
    expect(hostLogAskProblem(ASK)).toBe('"host" must be the id of a host');
  });

  it('may be anything at all, and is then refused in words', () => {
    fc.assert(fc.property(fc.anything(), (sent) => typeof hostLogAskProblem(sent) === 'string'));
  });
});
