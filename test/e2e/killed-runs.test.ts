// The heart of it: an agent that is killed by SIGKILL at three points of its work, on a real server with a real origin.

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Settled } from '../../src/domain/contract.ts';
import { taskWorkflowId } from '../../src/domain/names.ts';
import type { TaskSpec } from '../../src/domain/task.ts';
import { startTask } from '../../src/start-task.ts';
import { agent, type SmallFleet, startSmallFleet } from './small-fleet.ts';

let fleet: SmallFleet;
beforeAll(async () => {
  fleet = await startSmallFleet('killed-runs');
});
afterAll(() => fleet?.stop());

const spec = (id: string, steps: number, until: number, more: Partial<TaskSpec> = {}): TaskSpec => ({
  id,
  prompt: `Make ${steps} commits.`,
  agent: { use: 'command', argv: agent('commits-then-waits', String(steps), String(until), join(fleet.folder, `${id}.pid`)) },
  workspace: { repo: fleet.origin },
  outputs: [{ kind: 'commit' }, { kind: 'push' }],
  ...more,
});

async function killOnce(task: TaskSpec) {
  await startTask(fleet.client, task);
  process.kill(await fleet.pidFrom(`${task.id}.pid`), 'SIGKILL');
  const result = await fleet.client.workflow.getHandle(taskWorkflowId(task.id)).result();
  return { result, status: await fleet.status(task.id) };
}

describe('an agent killed by SIGKILL', () => {
  it('after its work was committed and proven complete, is not run again: only the push is made', async () => {
    const { status } = await killOnce(spec('after-work', 1, 1, { checks: [{ argv: ['grep', '-q', 'done', 'step-1'] }] }));
    expect(status).toMatchObject({
      state: 'done',
      runs: [{ n: 1, failure: { reason: 'crashed_after_output' }, decision: { kind: 'finish' } }],
    });
    expect(status.runs).toHaveLength(1);
    expect(fleet.commits('after-work')).toHaveLength(1);
    expect(fleet.git('log', '-1', '--format=%(trailers:key=Outlive-Task,valueonly)', 'outlive/after-work')).toBe('after-work');

    const { events = [] } = await fleet.client.workflow.getHandle(taskWorkflowId('after-work')).fetchHistory();
    const failed = events?.filter((event) => event.activityTaskFailedEventAttributes) ?? [];
    expect(failed.map((event) => event.activityTaskFailedEventAttributes?.failure?.applicationFailureInfo?.type)).toEqual([
      'post_completion.crashed_after_output',
    ]);
    const settled =
      events?.map((event) => event.activityTaskCompletedEventAttributes?.result?.payloads?.[0]?.data).filter((data) => data) ?? [];
    const decisions = settled.map((data) => (JSON.parse(Buffer.from(data as Uint8Array).toString()) as Partial<Settled>).decision?.kind);
    expect(decisions).toEqual(['finish', undefined]);
  });

  it('before it committed anything, runs once more, and the origin has one commit', async () => {
    const { status } = await killOnce(spec('before-work', 1, 0));
    expect(status).toMatchObject({
      state: 'done',
      runs: [
        { n: 1, outcome: 'failed', failure: { class: 'host', reason: 'killed', progress: false }, decision: { kind: 'retry' } },
        { n: 2, outcome: 'finished' },
      ],
    });
    expect(status.runs).toHaveLength(2);
    expect(fleet.commits('before-work')).toHaveLength(1);
  });

  it('after the first of three commits, is continued from there, and nothing is done twice', async () => {
    const { status } = await killOnce(spec('in-between', 3, 1));
    expect(status).toMatchObject({
      state: 'done',
      runs: [
        { n: 1, failure: { class: 'host', reason: 'killed', progress: true }, decision: { kind: 'retry' } },
        { n: 2, outcome: 'finished' },
      ],
    });
    expect(status.runs).toHaveLength(2);
    const commits = fleet.commits('in-between');
    expect(commits).toHaveLength(3);
    expect(commits[0]).toBe(fleet.git('for-each-ref', '--format=%(objectname)', 'refs/outlive/in-between/run-1-*'));
    expect([1, 2, 3].map((step) => fleet.git('show', `outlive/in-between:step-${step}`))).toEqual([
      'done by run 1',
      'done by run 2',
      'done by run 2',
    ]);
    const runs = join(fleet.folder, 'outlive', 'killed-runs', 'runs', 'in-between');
    const second = readdirSync(runs).find((name) => name.startsWith('2-')) ?? '';
    expect(readFileSync(join(runs, second, 'prompt.md'), 'utf8')).toContain('Verify it first, then do only the rest');
  });
});
