// Stops and cancels that come while no agent is at work: while the workspace is made, while a check runs. They are heard at
// once, the history says what happened, and nothing of it lives on.

import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { RunRecord } from '../../src/domain/run.ts';
import { makeSlowGit } from './slow-git.ts';
import { type SmallFleet, startSmallFleet, WORK } from './small-fleet.ts';
import { PATIENCE, type WatchedTask, watchTask } from './watched-task.ts';

const TIMEOUT_MS = 240_000;

let fleet: SmallFleet;
beforeAll(async () => {
  fleet = await startSmallFleet('stopped-midway', { lease: '1m' });
});
afterAll(() => fleet?.stop());

/** Resolves while its workspace is being made. */
async function startSlowly(id: string) {
  const git = makeSlowGit(join(fleet.folder, `${id}-bin`));
  const task = await watchTask(fleet, id, { PATH: `${git.folder}:${process.env['PATH']}` });
  await task.start();
  await vi.waitFor(() => expect(git.isWaiting()).toBe(true), PATIENCE);
  return { task, git };
}

/** The whole work, and an end of its agent. Its check writes its pid down each time, is red before the `waits`th time and green after it, and then waits to be told. */
async function startChecked(id: string, waits: number, ends: string) {
  const log = join(fleet.folder, `${id}.checks`);
  const script = `echo $$ >> ${log}; n=$(wc -l < ${log}); [ $n -ge ${waits} ] || exit 1; [ $n -gt ${waits} ] || while :; do sleep 0.05; done`;
  const task = await watchTask(fleet, id);
  await task.start({ agent: { use: 'command', argv: ['sh', '-c', `${WORK}; ${ends}`] }, checks: [{ argv: ['sh', '-c', script] }] });
  const pids = () => (existsSync(log) ? readFileSync(log, 'utf8').trim().split('\n').map(Number) : []);
  const hangs = async () => {
    await vi.waitFor(() => expect(pids()).toHaveLength(waits), PATIENCE);
    return pids().at(-1) ?? Number.NaN;
  };
  return { task, pids, hangs };
}

/** What the server was told of each activity that failed. */
async function failuresOf(task: WatchedTask): Promise<(string | null | undefined)[]> {
  const events = await fleet.events(task.id);
  return events.flatMap(({ activityTaskFailedEventAttributes: failed }) => (failed ? [failed.failure?.applicationFailureInfo?.type] : []));
}

const lastRun = async (task: WatchedTask) => (await fleet.status(task.id)).runs.at(-1) as Partial<RunRecord>;

describe.concurrent('while its workspace is made', { timeout: TIMEOUT_MS }, () => {
  it('a task that is cancelled is so at once', async () => {
    const { task, git } = await startSlowly('cancelled-early');
    await fleet.handle(task.id).cancel();
    await expect(task.result()).rejects.toThrow(/cancelled/i);
    expect(await failuresOf(task)).toEqual(['task.cancelled']);
    expect(await lastRun(task)).toMatchObject({ outcome: 'cancelled', host: task.id });
    await vi.waitFor(() => expect(git.alive()).toEqual([]), PATIENCE);
    expect(task.said('started')).toEqual([]);
  });

  it('a run whose worker is stopped ends there and then, is free, and the next one is the first with an agent', async () => {
    const { task, git } = await startSlowly('stopped-early');
    await task.host().end('SIGTERM');
    expect(await failuresOf(task)).toEqual(['host.evicted']);
    expect(git.alive()).toEqual([]);
    await task.newWorker();
    task.goOn();
    expect(await task.result()).toMatchObject({ state: 'done', runs: 2, reasons: { 'host.evicted': 1 } });
    expect(task.said('started').map(({ run }) => run)).toEqual([2]);
    expect(fleet.commits(task.id)).toHaveLength(2);
  });
});

describe.concurrent('while a check runs', { timeout: TIMEOUT_MS }, () => {
  it('a task that is cancelled is so at once, and its checks are not made once more', async () => {
    const { task, pids, hangs } = await startChecked('cancelled-checking', 1, 'exit 0');
    await hangs();
    await fleet.handle(task.id).cancel();
    await expect(task.result()).rejects.toThrow(/cancelled/i);
    expect(await failuresOf(task)).toEqual(['task.cancelled']);
    expect(await lastRun(task)).toMatchObject({ outcome: 'cancelled', host: task.id });
    expect(await task.alive()).toEqual([]);
    expect(pids()).toHaveLength(1);
    expect(fleet.git('for-each-ref', '--format=%(refname)', `refs/outlive/${task.id}/`)).not.toBe('');
    expect((await task.journal()).exit).toMatchObject({ exitCode: 0, endedBy: 'itself' });
  });

  it('a look whose worker is stopped is made anew by the next one', async () => {
    // The run's own look sees it red; the one that is to decide does so while it waits.
    const { task, pids, hangs } = await startChecked('stopped-looking', 2, 'kill -9 $$');
    const pid = await hangs();
    await task.host().end('SIGTERM');
    expect(existsSync(`/proc/${pid}`)).toBe(false);
    await task.newWorker();
    expect(await task.result()).toMatchObject({ state: 'done', runs: 1 });
    expect(pids()).toHaveLength(3);
    expect((await task.activities()).filter((id) => id.startsWith('settle'))).toEqual(['settle-1']);
  });
});
