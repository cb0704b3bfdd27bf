// A worker that dies at each point of a run's life, and one that is stopped: the run goes on, and nothing is done twice.

import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { TaskSpec } from '../../src/domain/task.ts';
import type { Host } from './host-process.ts';
import { processesIn } from './processes-in.ts';
import { makeSlowGit } from './slow-git.ts';
import { type SmallFleet, startSmallFleet } from './small-fleet.ts';
import { PATIENCE, type WatchedTask, watchTask } from './watched-task.ts';

const TIMEOUT_MS = 240_000;

let fleet: SmallFleet;
beforeAll(async () => {
  fleet = await startSmallFleet('worker-dies', { lease: '1m' });
});
afterAll(() => fleet?.stop());

/** Frozen first: where it stands can then be looked at before it dies. */
async function killFrozen(task: WatchedTask, look: () => unknown): Promise<void> {
  task.host().signal('SIGSTOP');
  await look();
  await task.host().end('SIGKILL');
}

/** One run through however many workers, one agent, the work once, and nothing lives. */
async function expectOneRun(task: WatchedTask): Promise<void> {
  expect(await task.result()).toMatchObject({ state: 'done', runs: 1, reasons: {} });
  expect((await fleet.status(task.id)).runs).toMatchObject([{ n: 1, host: task.id, outcome: 'finished' }]);
  expect(task.said('started')).toHaveLength(1);
  expect(fleet.commits(task.id)).toHaveLength(2);
  expect(await task.alive()).toEqual([]);
}

/** A limit of one run does not stand in its way: the first one had no agent. */
async function expectFreeRun(task: WatchedTask): Promise<void> {
  expect(await task.result()).toMatchObject({ state: 'done', runs: 2, reasons: { 'host.killed': 1 } });
  expect((await fleet.status(task.id)).runs).toMatchObject([{ failure: { reason: 'killed', progress: false } }, { outcome: 'finished' }]);
  expect(task.said('started').map(({ run }) => run)).toEqual([2]);
  expect(fleet.commits(task.id)).toHaveLength(2);
  expect(await task.alive()).toEqual([]);
}

/** Its order lies in the pipe to a frozen supervisor, whose pid this gives. */
async function startUnread(task: WatchedTask, more?: Partial<TaskSpec>): Promise<number> {
  const [supervisor = 0] = await vi.waitFor(() => {
    const ready = processesIn(task.state);
    expect(ready).toHaveLength(1);
    return ready;
  }, PATIENCE);
  process.kill(supervisor, 'SIGSTOP');
  await task.start(more);
  await vi.waitFor(
    async () => expect(await task.journal()).toMatchObject({ owned: {}, prepared: { supervisor: { pid: supervisor } } }),
    PATIENCE,
  );
  // It is sent once the worker has logged it.
  await vi.waitFor(() => expect(task.host().log()).toContain('agent handed to its supervisor'), PATIENCE);
  return supervisor;
}

const runsOf = async (task: WatchedTask) => (await task.activities()).filter((id) => id.startsWith('run-'));
const reattachesOf = async (task: WatchedTask) => (await task.activities()).filter((id) => id.startsWith('reattach-'));

describe.concurrent('a worker killed by SIGKILL', () => {
  it(
    'while the agent works: the next one takes the run up',
    async () => {
      const task = await watchTask(fleet, 'at-work');
      await task.start();
      const { pid } = await task.works();
      await killFrozen(task, async () => expect((await task.journal()).phase).toBe('entered'));
      expect(await task.alive()).toContain(pid);
      await task.newWorker();
      task.goOn();
      await expectOneRun(task);
      expect(await runsOf(task)).toEqual(['run-1']);
      expect(await reattachesOf(task)).not.toEqual([]);
    },
    TIMEOUT_MS,
  );

  it(
    'before its supervisor has looked at the order: the run begins without a worker, and once',
    async () => {
      const task = await watchTask(fleet, 'ordered');
      const supervisor = await startUnread(task);
      await killFrozen(task, async () => expect((await task.journal()).phase).toBe('prepared'));
      expect(task.said('started')).toEqual([]);
      process.kill(supervisor, 'SIGCONT');
      await task.works();
      await task.newWorker();
      task.goOn();
      await expectOneRun(task);
      expect(await runsOf(task)).toEqual(['run-1']);
    },
    TIMEOUT_MS,
  );

  it(
    'and its supervisor with it, before that has looked at the order: the run never began and is free',
    async () => {
      const task = await watchTask(fleet, 'order-lost');
      const supervisor = await startUnread(task, { limits: { runs: 1 } });
      await killFrozen(task, async () => {
        process.kill(supervisor, 'SIGKILL');
        expect((await task.journal()).phase).toBe('prepared');
      });
      await task.newWorker();
      task.goOn();
      await expectFreeRun(task);
    },
    TIMEOUT_MS,
  );

  it.each([
    ['before anybody was told', 'untold', (host: Host) => host.signal('SIGSTOP')],
    ['while there is no worker', 'unseen', (host: Host) => host.end('SIGKILL')],
  ] as const)(
    'and the agent ends %s: the next one tells it',
    async (_, id, silence) => {
      const task = await watchTask(fleet, id);
      await task.start();
      await task.works();
      await silence(task.host());
      task.goOn();
      await task.reaches(['ended']);
      await task.host().end('SIGKILL');
      expect(await task.alive()).toEqual([]);
      await task.newWorker();
      await expectOneRun(task);
      expect(await runsOf(task)).toEqual(['run-1']);
    },
    TIMEOUT_MS,
  );

  it(
    'during the checks: the next one makes them anew, and the old one is not beside it',
    async () => {
      const task = await watchTask(fleet, 'checking');
      const [log, go] = [join(fleet.folder, 'checks'), join(fleet.folder, 'checks-go')];
      const words = () => (existsSync(log) ? readFileSync(log, 'utf8').trim().split('\n') : []);
      const check = `echo $$ >> ${log}; while [ ! -e ${go} ]; do sleep 0.05; done`;
      await task.start({ checks: [{ argv: ['sh', '-c', check] }] });
      await task.works();
      task.goOn();
      await vi.waitFor(() => expect(words()).toHaveLength(1), PATIENCE);
      await killFrozen(task, async () => expect((await task.journal()).phase).toBe('ended'));
      await task.newWorker();
      await vi.waitFor(() => expect(words()).toHaveLength(2), PATIENCE);
      const [first, second] = words().map(Number);
      expect(await task.alive()).toContain(second);
      expect(await task.alive()).not.toContain(first);
      writeFileSync(go, '');
      await expectOneRun(task);
    },
    TIMEOUT_MS,
  );

  it(
    'after the end was told: there is nothing to be done',
    async () => {
      const task = await watchTask(fleet, 'told');
      await task.start();
      await task.works();
      task.goOn();
      await task.reaches(['reported']);
      await task.host().end('SIGKILL');
      await task.newWorker();
      await expectOneRun(task);
      expect(await task.activities()).toEqual(['run-1', 'finish-2-push']);
      expect((await task.journal()).reported).toMatchObject({ how: 'accepted' });
    },
    TIMEOUT_MS,
  );

  it(
    'while the workspace is made: the run never began and is free, and the next one is the first with an agent',
    async () => {
      const slow = makeSlowGit(join(fleet.folder, 'unprepared-bin'));
      const task = await watchTask(fleet, 'unprepared', { PATH: `${slow.folder}:${process.env['PATH']}` });
      await task.start({ limits: { runs: 1 } });
      await vi.waitFor(() => expect(slow.isWaiting()).toBe(true), PATIENCE);
      await killFrozen(task, async () => expect(existsSync((await task.dir()).journal)).toBe(false));
      await task.newWorker();
      slow.goOn();
      task.goOn();
      await expectFreeRun(task);
      await vi.waitFor(() => expect(slow.alive()).toEqual([]), PATIENCE);
    },
    TIMEOUT_MS,
  );
});

describe.concurrent('a worker stopped by SIGTERM', () => {
  it(
    'while the agent works, twice in a row: it ends at once, and its run goes on to its end',
    async () => {
      const task = await watchTask(fleet, 'stopped');
      await task.start();
      const { pid } = await task.works();
      for (const _ of ['once', 'twice']) {
        await task.host().end('SIGTERM');
        expect(await task.alive()).toContain(pid);
        const before = (await task.journal()).owned?.activityId;
        await task.newWorker();
        await vi.waitFor(async () => expect((await task.journal()).owned?.activityId).not.toBe(before), PATIENCE);
      }
      task.goOn();
      await expectOneRun(task);
      expect(await task.activities()).toEqual(['run-1', 'reattach-1', 'reattach-1.2', 'finish-2-push']);
    },
    TIMEOUT_MS,
  );
});
