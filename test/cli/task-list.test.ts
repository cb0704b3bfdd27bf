import { describe, expect, it } from 'vitest';
import { inParallel } from '../../src/cli/in-parallel.ts';
import { listQuery } from '../../src/cli/task-list.ts';

describe('the query for the fleet', () => {
  it.each([
    ['everything', {}, `WorkflowType = 'task' AND ExecutionStatus != 'ContinuedAsNew'`],
    [
      'a closed state by how the workflow closed',
      { state: 'cancelled' },
      `WorkflowType = 'task' AND ExecutionStatus IN ('Canceled', 'Terminated', 'Completed')`,
    ],
    [
      'an open state by the attribute',
      { state: 'asking' },
      `WorkflowType = 'task' AND ExecutionStatus IN ('Running') AND OutliveState = 'asking'`,
    ],
    [
      'queued tasks among the running, which is all that the attribute knows',
      { state: 'queued' },
      `WorkflowType = 'task' AND ExecutionStatus IN ('Running') AND OutliveState = 'running'`,
    ],
    [
      'an owner, quoted',
      { owner: "o'neil' OR '1" },
      `WorkflowType = 'task' AND ExecutionStatus != 'ContinuedAsNew' AND OutliveOwner = 'o''neil'' OR ''1'`,
    ],
    [
      'one run fewer than asked, because the attribute lags',
      { minRuns: 3 },
      `WorkflowType = 'task' AND ExecutionStatus != 'ContinuedAsNew' AND OutliveRuns >= 2`,
    ],
  ] as const)('asks for %s', (_, filter, query) => {
    expect(listQuery(filter, true)).toBe(query);
  });

  it('uses no attribute where they are missing', () => {
    expect(listQuery({ state: 'asking', owner: 'a', minRuns: 3 }, false)).toBe(`WorkflowType = 'task' AND ExecutionStatus IN ('Running')`);
  });
});

describe('rows in parallel', () => {
  async function* numbers(upTo: number) {
    for (let n = 1; n <= upTo; n += 1) yield n;
  }

  it('keep their order and lose those that do not match', async () => {
    const rows = await inParallel(
      numbers(40),
      async (n) => n * 10,
      (row) => row % 20 === 0,
    );
    expect(rows).toEqual(Array.from({ length: 20 }, (_, i) => (i + 1) * 20));
  });

  it('fail as a whole where one fails', async () => {
    const fail = async (n: number) => (n === 3 ? Promise.reject(new Error('no answer')) : n);
    await expect(inParallel(numbers(40), fail, () => true)).rejects.toThrow('no answer');
  });
});
