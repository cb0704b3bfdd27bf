// What people are asked and how they answer; what Outlive makes, and what it leaves alone.

import { renameSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { ANSWER, CONTROL_QUEUE, TASK_WORKFLOW, taskBranch, taskWorkflowId } from '../../src/domain/names.ts';
import type { TaskSpec } from '../../src/domain/task.ts';
import { startTask } from '../../src/start-task.ts';
import { agent, type SmallFleet, startSmallFleet } from './small-fleet.ts';

let fleet: SmallFleet;
beforeAll(async () => {
  fleet = await startSmallFleet('questions');
});
afterAll(() => fleet?.stop());

const WORK = 'echo work > work && git add . && git commit -qm work';
const fails = (result: object) => `printf '%s' '${JSON.stringify({ outcome: 'failed', ...result })}' > $OUTLIVE_RESULT_FILE; exit 1`;

function start(id: string, first: string, later = WORK, more: Partial<TaskSpec> = {}) {
  return startTask(fleet.client, {
    id,
    prompt: 'Do the work.',
    agent: { use: 'command', argv: agent('ends-as-told', first, later) },
    workspace: { repo: fleet.origin },
    outputs: [{ kind: 'commit' }, { kind: 'push' }],
    ...more,
  });
}
const handleOf = (id: string) => fleet.client.workflow.getHandle(taskWorkflowId(id));
const eventsOf = async (id: string) => (await handleOf(id).fetchHistory()).events ?? [];

async function question(id: string) {
  const asked = await vi.waitFor(async () => (await fleet.status(id)).question ?? Promise.reject(new Error('not asked yet')), {
    timeout: 15_000,
    interval: 50,
  });
  if (!asked) throw new Error('no question');
  return asked;
}
const answer = (id: string, sent: object) => handleOf(id).executeUpdate(ANSWER, { args: [sent] });
const refusal = (message: RegExp) => ({ cause: { message: expect.stringMatching(message) } });

describe('a question', () => {
  it('refuses what is no choice without an event, keeps garbage in sight, takes a bare word by signal, and tells who was first', async () => {
    await start('unclassified', 'echo the gears are tired >&2; exit 3');
    const { text, evidence, choices } = await question('unclassified');
    expect(text).toContain('unknown.unclassified');
    expect(evidence).toContainEqual({ where: 'stderr', value: 'the gears are tired' });
    expect(choices).toContain('retry');
    const before = (await eventsOf('unclassified')).length;
    await expect(answer('unclassified', { choice: 'maybe' })).rejects.toMatchObject(
      refusal(/"maybe" is no choice here. Choose one of: retry/),
    );
    await expect(answer('unclassified', { choice: 'retry', question: 'q9' })).rejects.toMatchObject(refusal(/q9 is not open; q1 is/));
    expect(await eventsOf('unclassified')).toHaveLength(before);
    await handleOf('unclassified').signal(ANSWER, 42);
    await vi.waitFor(async () => expect((await fleet.status('unclassified')).refused).toHaveLength(1));
    await handleOf('unclassified').signal(ANSWER, 'retry');
    await handleOf('unclassified').result();
    await expect(answer('unclassified', { choice: 'close' })).rejects.toThrow();
    expect(await fleet.status('unclassified')).toMatchObject({
      state: 'done',
      answers: [{ question: 'q1', choice: 'retry', by: 'somebody' }],
    });
  });

  it('after context exhaustion wants something changed, and tells the next run what', async () => {
    await start('context', fails({ reason: 'context_window_exceeded' }), `grep -q 'only the index' $OUTLIVE_PROMPT_FILE && ${WORK}`);
    await question('context');
    await expect(answer('context', { choice: 'retry' })).rejects.toMatchObject(refusal(/same inputs would end the same way/));
    await answer('context', { choice: 'retry', note: 'Read only the index.', by: 'ann' });
    await handleOf('context').result();
    expect((await fleet.status('context')).runs.map((run) => run.outcome)).toEqual(['failed', 'finished']);
  });

  it('may be answered by closing the task: only then does a workflow fail', async () => {
    await start('closed', 'exit 3');
    await question('closed');
    await answer('closed', { choice: 'close', note: 'nobody needs it', by: 'ann' });
    await expect(handleOf('closed').result()).rejects.toMatchObject({
      cause: { type: 'task.infeasible', message: 'ann answered close: nobody needs it' },
    });
  });
});

describe('a wait', () => {
  it('is at least as long as the provider asked, and stands in the history as a timer with its reason', async () => {
    await start('limited', fails({ reason: 'rate_limited', retryAfterMs: 1500 }));
    await handleOf('limited').result();
    const { runs } = await fleet.status('limited');
    const [first, second] = runs;
    expect(first).toMatchObject({
      failure: { class: 'adapter', reason: 'rate_limited', basis: 'typed', retryAfterMs: 1500 },
      decision: { kind: 'retry' },
    });
    expect(Date.parse(second?.startedAt ?? '') - Date.parse(first?.endedAt ?? '')).toBeGreaterThanOrEqual(1500);
    expect((await eventsOf('limited')).filter((event) => event.timerStartedEventAttributes)).toHaveLength(1);
  });
});

describe('a red check', () => {
  it('gives one more run with its own words, then a person is asked', async () => {
    const check = { argv: ['sh', '-c', 'cat work; grep -q good work'] };
    const bad = (word: string) => `echo ${word} > work && git add . && git commit -qm ${word}`;
    await start('red', bad('bad'), `grep -q 'is red' $OUTLIVE_PROMPT_FILE && ${bad('worse')}`, { checks: [check] });
    const { choices } = await question('red');
    expect(choices).toContain('finish');
    const { runs } = await fleet.status('red');
    expect(runs.map((run) => [run.failure?.reason, run.decision?.kind])).toEqual([
      ['output_rejected', 'retry'],
      ['output_rejected', 'ask'],
    ]);
    expect(fleet.git('for-each-ref', 'refs/heads/outlive/red')).toBe('');
    await answer('red', { choice: 'close' });
    await handleOf('red')
      .result()
      .catch(() => {});
  });
});

describe('the push by Outlive', () => {
  it('overwrites nothing that somebody else put there: it asks, and is made once the way is free', async () => {
    const foreign = `git --git-dir ${fleet.origin} update-ref refs/heads/outlive/taken $(git --git-dir ${fleet.origin} -c user.name=x -c user.email=x@y commit-tree -m foreign 'main^{tree}' -p main)`;
    await start('taken', `${WORK}; ${foreign}`);
    const { text, choices } = await question('taken');
    expect(text).toContain('nothing was overwritten');
    expect(choices).not.toContain('retry');
    expect(fleet.git('log', '-1', '--format=%s', 'outlive/taken')).toBe('foreign');
    fleet.git('update-ref', '-d', 'refs/heads/outlive/taken');
    await answer('taken', { choice: 'finish', by: 'ann' });
    await handleOf('taken').result();
    expect(await fleet.status('taken')).toMatchObject({ state: 'done', runs: [{ n: 1 }] });
    expect(fleet.commits('taken')).toHaveLength(1);
  });

  it('waits for an origin that is away, and never runs the agent again for it', async () => {
    const away = `${fleet.origin}.away`;
    await start('away', `${WORK}; mv ${fleet.origin} ${away}`);
    await vi.waitFor(
      async () => {
        const { raw } = await handleOf('away').describe();
        expect(raw.pendingActivities?.some((activity) => activity.activityType?.name === 'finish' && (activity.attempt ?? 0) >= 2)).toBe(
          true,
        );
      },
      { timeout: 15_000, interval: 100 },
    );
    renameSync(away, fleet.origin);
    await handleOf('away').result();
    expect(await fleet.status('away')).toMatchObject({ state: 'done', runs: [{ n: 1, outcome: 'finished' }] });
    expect(fleet.commits('away')).toHaveLength(1);
  });
});

describe('before the first run', () => {
  it('work that is already at the origin is not done again', async () => {
    fleet.git(
      'update-ref',
      `refs/heads/${taskBranch('there')}`,
      fleet.git('-c', 'user.name=x', '-c', 'user.email=x@y', 'commit-tree', '-m', 'work', 'main^{tree}', '-p', 'main'),
    );
    await start('there', 'exit 1');
    expect(await handleOf('there').result()).toMatchObject({ state: 'done', runs: 0 });
  });

  it.each([[{ id: 'raw' }], [null], [7], [['x']]])(
    'a raw client that sends %j is told every mistake, and nothing is started',
    async (sent) => {
      const workflowId = `task/raw-${JSON.stringify(sent).replace(/\W+/g, '-')}`;
      const handle = await fleet.client.workflow.start(TASK_WORKFLOW, { taskQueue: CONTROL_QUEUE, workflowId, args: [sent] });
      await expect(handle.result()).rejects.toMatchObject({
        cause: { type: 'task.invalid_request', message: expect.stringContaining('nothing was started') },
      });
      expect(((await handle.fetchHistory()).events ?? []).some((event) => event.activityTaskScheduledEventAttributes)).toBe(false);
    },
  );
});

describe('a happy short task that owes nothing', () => {
  it('takes twelve events', async () => {
    await startTask(fleet.client, {
      id: 'short',
      prompt: 'x',
      agent: { use: 'command', argv: ['sh', '-c', 'echo work > work'] },
      outputs: [{ kind: 'file', path: 'work' }],
    });
    await handleOf('short').result();
    expect((await eventsOf('short')).length).toBeLessThanOrEqual(12);
  });
});

describe('an agent that goes on for too long', () => {
  it.each([
    ['wall', 'while :; do echo x; sleep 0.1; done', { wall: '1s', stall: '1s' }, 'budget_exhausted', 'ask'],
    ['stall', 'sleep 60', { wall: '30s', stall: '1s' }, 'heartbeat_lost', 'retry'],
  ])('is ended by its %s limit', async (id, shell, run, reason, kind) => {
    await start(`limit-${id}`, shell, WORK, { limits: { run } });
    if (kind === 'ask') {
      await question(`limit-${id}`);
      await answer(`limit-${id}`, { choice: 'close' });
    }
    await handleOf(`limit-${id}`)
      .result()
      .catch(() => {});
    expect((await fleet.status(`limit-${id}`)).runs[0]).toMatchObject({ failure: { reason, basis: 'supervisor' }, decision: { kind } });
  });
});
