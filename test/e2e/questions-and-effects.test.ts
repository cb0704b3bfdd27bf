// What people are asked and how they answer; what Outlive makes, and what it leaves alone.

import { renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { tsToMs } from '@temporalio/common/lib/time.js';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { ANSWER, CONTROL_QUEUE, STOP_UPDATE, TASK_WORKFLOW, taskBranch } from '../../src/domain/names.ts';
import { sendUpdate } from '../../src/send-update.ts';
import { startTask } from '../../src/start-task.ts';
import { type SmallFleet, startSmallFleet, WORK } from './small-fleet.ts';

let fleet: SmallFleet;
beforeAll(async () => {
  fleet = await startSmallFleet('questions');
});
afterAll(() => fleet?.stop());

const fails = (result: object) => `printf '%s' '${JSON.stringify({ outcome: 'failed', ...result })}' > $OUTLIVE_RESULT_FILE; exit 1`;
const answer = (id: string, sent: object) => fleet.handle(id).executeUpdate(ANSWER, { args: [sent] });
const refusal = (message: RegExp) => ({ cause: { message: expect.stringMatching(message) } });

async function triesOfFinish(id: string): Promise<number> {
  const { raw } = await fleet.handle(id).describe();
  return raw.pendingActivities?.find((activity) => activity.activityType?.name === 'finish')?.attempt ?? 0;
}

describe('a question', () => {
  it('refuses what is no choice without an event, keeps garbage in sight, and takes a bare word by signal', async () => {
    await fleet.start('unclassified', 'echo the gears are tired >&2; exit 3');
    const { text, evidence, choices } = await fleet.question('unclassified');
    expect(text).toContain('unknown.unclassified');
    expect(evidence).toContainEqual({ where: 'stderr', value: 'the gears are tired' });
    expect(choices).toContain('retry');
    const before = (await fleet.events('unclassified')).length;
    await expect(answer('unclassified', { choice: 'maybe' })).rejects.toMatchObject(
      refusal(/"maybe" is no choice here. Choose one of: retry/),
    );
    await expect(answer('unclassified', { choice: 'retry', question: 'q9' })).rejects.toMatchObject(refusal(/q9 is not open; q1 is/));
    expect(await fleet.events('unclassified')).toHaveLength(before);
    await fleet.handle('unclassified').signal(ANSWER, 42);
    await vi.waitFor(async () => expect((await fleet.status('unclassified')).refused).toHaveLength(1));
    await fleet.handle('unclassified').signal(ANSWER, 'retry');
    await fleet.handle('unclassified').result();
    expect(await fleet.status('unclassified')).toMatchObject({
      state: 'done',
      answers: [{ question: 'q1', choice: 'retry', by: 'somebody' }],
    });
  });

  it('is answered once: whoever comes second is told who was first, and nothing changes', async () => {
    const go = join(fleet.folder, 'late-go');
    await fleet.start('late', 'exit 3', `while [ ! -e ${go} ]; do sleep 0.05; done; ${WORK}`);
    await fleet.question('late');
    expect(await answer('late', { choice: 'retry', by: 'ann' })).toMatchObject({ question: 'q1', choice: 'retry', by: 'ann' });
    await expect(answer('late', { choice: 'close', by: 'bob' })).rejects.toMatchObject(refusal(/q1 was answered "retry" by ann at .*; no/));
    await fleet.handle('late').signal(ANSWER, { choice: 'close', by: 'bob' });
    await vi.waitFor(async () => expect((await fleet.status('late')).refused[0]).toContain('by ann'));
    writeFileSync(go, '');
    expect(await fleet.handle('late').result()).toMatchObject({ state: 'done', runs: 2 });
    expect((await fleet.status('late')).answers).toHaveLength(1);
  });

  it('after context exhaustion wants something changed, and tells the next run what, and the one after it too', async () => {
    const told = `grep -q 'only the index' $OUTLIVE_PROMPT_FILE || exit 9; test "$OUTLIVE_RUN" = 3 || kill -9 $$; ${WORK}`;
    await fleet.start('context', fails({ reason: 'context_window_exceeded' }), told, { split: 'never' });
    await fleet.question('context');
    await expect(answer('context', { choice: 'retry' })).rejects.toMatchObject(refusal(/same inputs would end the same way/));
    await answer('context', { choice: 'retry', note: 'Read only the index.', by: 'ann' });
    await fleet.handle('context').result();
    expect((await fleet.status('context')).runs.map((run) => run.failure?.reason)).toEqual([
      'context_window_exceeded',
      'killed',
      undefined,
    ]);
  });

  it('may be answered by closing the task: only then does a workflow fail', async () => {
    await fleet.start('closed', 'exit 3');
    await fleet.question('closed');
    await answer('closed', { choice: 'close', note: 'nobody needs it', by: 'ann' });
    await expect(fleet.handle('closed').result()).rejects.toMatchObject({
      cause: { type: 'task.infeasible', message: 'ann answered close: nobody needs it' },
    });
  });
});

describe('a wait', () => {
  it('is at least as long as the provider asked, and stands in the history as a timer with its reason', async () => {
    await fleet.start('limited', fails({ reason: 'rate_limited', retryAfterMs: 1500 }));
    await fleet.handle('limited').result();
    const { runs } = await fleet.status('limited');
    const [first, second] = runs;
    expect(first).toMatchObject({
      failure: { class: 'adapter', reason: 'rate_limited', basis: 'typed', retryAfterMs: 1500 },
      decision: { kind: 'retry' },
    });
    const timers = (await fleet.events('limited')).filter((event) => event.timerStartedEventAttributes);
    expect(timers).toHaveLength(1);
    const waitMs = tsToMs(timers[0]?.timerStartedEventAttributes?.startToFireTimeout);
    expect(waitMs).toBe(first?.decision?.afterMs);
    // Counted from the end of the run: what the look took is not waited again.
    const endedMs = Date.parse(first?.endedAt ?? '');
    expect(tsToMs(timers[0]?.eventTime) + waitMs - endedMs).toBeGreaterThanOrEqual(1500);
    expect(Date.parse(second?.startedAt ?? '') - endedMs).toBeGreaterThanOrEqual(1500);
  });
});

describe('a red check', () => {
  it('gives one more run with its own words, then a person is asked', async () => {
    const check = { argv: ['sh', '-c', 'cat work; grep -q good work'] };
    const bad = (word: string) => `echo ${word} > work && git add . && git commit -qm ${word}`;
    await fleet.start('red', bad('bad'), `grep -q 'is red' $OUTLIVE_PROMPT_FILE && ${bad('worse')}`, { checks: [check] });
    const { choices } = await fleet.question('red');
    expect(choices).toContain('finish');
    const { runs } = await fleet.status('red');
    expect(runs.map((run) => [run.failure?.reason, run.decision?.kind])).toEqual([
      ['output_rejected', 'retry'],
      ['output_rejected', 'ask'],
    ]);
    expect(fleet.git('for-each-ref', 'refs/heads/outlive/red')).toBe('');
    await answer('red', { choice: 'close' });
    await fleet
      .handle('red')
      .result()
      .catch(() => {});
  });
});

describe('the push by Outlive', () => {
  it('overwrites nothing that somebody else put there: it asks, and is made once the way is free', async () => {
    const foreign = `git --git-dir ${fleet.origin} update-ref refs/heads/outlive/taken $(git --git-dir ${fleet.origin} -c user.name=x -c user.email=x@y commit-tree -m foreign 'main^{tree}' -p main)`;
    await fleet.start('taken', `${WORK}; ${foreign}`);
    const { text, choices } = await fleet.question('taken');
    expect(text).toContain('nothing was overwritten');
    expect(choices).not.toContain('retry');
    expect(fleet.git('log', '-1', '--format=%s', 'outlive/taken')).toBe('foreign');
    fleet.git('update-ref', '-d', 'refs/heads/outlive/taken');
    await answer('taken', { choice: 'finish', by: 'ann' });
    await fleet.handle('taken').result();
    expect(await fleet.status('taken')).toMatchObject({ state: 'done', runs: [{ n: 1 }] });
    expect(fleet.commits('taken')).toHaveLength(1);
  });

  it('waits for an origin that is away, and never runs the agent again for it', async () => {
    const away = `${fleet.origin}.away`;
    await fleet.start('away', `${WORK}; mv ${fleet.origin} ${away}`);
    await vi.waitFor(async () => expect(await triesOfFinish('away')).toBeGreaterThanOrEqual(2), { timeout: 15_000, interval: 100 });
    renameSync(away, fleet.origin);
    await fleet.handle('away').result();
    expect(await fleet.status('away')).toMatchObject({ state: 'done', runs: [{ n: 1, outcome: 'finished' }] });
    expect(fleet.commits('away')).toHaveLength(1);
  });
});

describe('a stop while an effect is tried', () => {
  it('makes nothing more, keeps the work in the bank, and its result says what is not there', async () => {
    const hook = join(fleet.origin, 'hooks', 'update');
    writeFileSync(hook, '#!/bin/sh\n[ "$1" != refs/heads/outlive/stopped-late ]\n', { mode: 0o755 });
    await fleet.start('stopped-late', WORK);
    await vi.waitFor(async () => expect(await triesOfFinish('stopped-late')).toBeGreaterThanOrEqual(2), { timeout: 15_000, interval: 100 });
    await sendUpdate(fleet.handle('stopped-late'), STOP_UPDATE, { why: 'not wanted', by: 'ann' });
    expect(await fleet.handle('stopped-late').result()).toMatchObject({
      state: 'cancelled',
      because: 'stopped by ann: not wanted',
      outputs: [{ state: 'present' }, { state: 'absent' }],
    });
    rmSync(hook);
    expect(fleet.git('for-each-ref', 'refs/heads/outlive/stopped-late')).toBe('');
    const bank = fleet.git('for-each-ref', '--format=%(refname)', 'refs/outlive/stopped-late/');
    expect(fleet.git('show', `${bank}:work`)).toBe('work');
  });
});

describe('before the first run', () => {
  it('work that is already at the origin is not done again', async () => {
    fleet.git(
      'update-ref',
      `refs/heads/${taskBranch('there')}`,
      fleet.git('-c', 'user.name=x', '-c', 'user.email=x@y', 'commit-tree', '-m', 'work', 'main^{tree}', '-p', 'main'),
    );
    await fleet.start('there', 'exit 1');
    expect(await fleet.handle('there').result()).toMatchObject({ state: 'done', runs: 0 });
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
    await fleet.handle('short').result();
    expect((await fleet.events('short')).length).toBeLessThanOrEqual(12);
  });
});

describe('an agent that goes on for too long', () => {
  it.each([
    ['wall', 'while :; do echo x; sleep 0.1; done', { wall: '1s', stall: '1s' }, 'budget_exhausted', 'ask'],
    ['stall', 'sleep 60', { wall: '30s', stall: '1s' }, 'heartbeat_lost', 'retry'],
  ])('is ended by its %s limit', async (id, shell, run, reason, kind) => {
    await fleet.start(`limit-${id}`, shell, WORK, { limits: { run }, split: 'never' });
    if (kind === 'ask') {
      await fleet.question(`limit-${id}`);
      await answer(`limit-${id}`, { choice: 'close' });
    }
    await fleet
      .handle(`limit-${id}`)
      .result()
      .catch(() => {});
    expect((await fleet.status(`limit-${id}`)).runs[0]).toMatchObject({ failure: { reason, basis: 'supervisor' }, decision: { kind } });
  });
});
