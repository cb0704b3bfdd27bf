// Supervisors, agents and whole hosts that die, and journals that cannot be read: one typed reason each, what was written is
// kept, and nothing of the dead run lives when the next one begins.

import { spawn } from 'node:child_process';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { ANSWER, STOP_UPDATE } from '../../src/domain/names.ts';
import { type ProcessIdentity, processIdentity } from '../../src/host/process-tree.ts';
import type { RunDir } from '../../src/host/state-dir.ts';
import { sendUpdate } from '../../src/send-update.ts';
import { type SmallFleet, startSmallFleet } from './small-fleet.ts';
import { PATIENCE, type WatchedTask, watchTask } from './watched-task.ts';

const TIMEOUT_MS = 240_000;

let fleet: SmallFleet;
beforeAll(async () => {
  fleet = await startSmallFleet('deaths', { lease: '1m' });
});
afterAll(() => fleet?.stop());

const kill = (...pids: readonly number[]) => {
  for (const pid of pids) process.kill(pid, 'SIGKILL');
};

async function atWork(id: string): Promise<WatchedTask> {
  const task = await watchTask(fleet, id);
  await task.start();
  await task.works();
  return task;
}

/** Worker, supervisor and the agent's whole tree at one blow. */
async function killAll(task: WatchedTask): Promise<void> {
  const { prepared } = await task.journal();
  process.kill(prepared.supervisor.pid, 'SIGSTOP');
  kill(...(await task.alive()));
  kill(prepared.supervisor.pid);
  await task.host().end('SIGKILL');
}

/** The second run goes on from what the first one left, and nothing is made twice. */
async function expectContinued(task: WatchedTask, reason: 'killed' | 'evicted') {
  task.goOn();
  expect(await task.result()).toMatchObject({ state: 'done', runs: 2, reasons: { [`host.${reason}`]: 1 } });
  const { runs } = await fleet.status(task.id);
  expect(runs).toMatchObject([
    { failure: { class: 'host', reason, progress: true }, decision: { kind: 'retry' } },
    { n: 2, outcome: 'finished' },
  ]);
  expect(task.said('started').map(({ run }) => run)).toEqual([1, 2]);
  expect(fleet.commits(task.id)).toHaveLength(2);
  expect(['part', 'rest'].map((file) => fleet.git('show', `outlive/${task.id}:${file}`))).toEqual(['done by run 1', 'done by run 2']);
  expect(await task.alive()).toEqual([]);
  return runs[0]?.failure;
}

describe.concurrent('a run', () => {
  it(
    'whose supervisor is killed is ended by its worker: its agent cannot be told from one that nobody watches',
    async () => {
      const task = await atWork('unwatched');
      const { prepared } = await task.journal();
      kill(prepared.supervisor.pid);
      await task.reaches(['ended', 'reported']);
      expect(task.said('ended').filter(({ run }) => run === 1)).toHaveLength(1);
      await expectContinued(task, 'killed');
      expect((await task.journal()).exit).toMatchObject({ endedBy: 'supervisor_lost' });
    },
    TIMEOUT_MS,
  );

  it(
    "whose agent's whole group is killed",
    async () => {
      const task = await atWork('group');
      const { entered } = await task.journal();
      process.kill(-(entered?.agent.pid ?? Number.NaN), 'SIGKILL');
      await expectContinued(task, 'killed');
      expect((await task.journal()).exit).toMatchObject({ endedBy: 'itself', signal: 'SIGKILL' });
    },
    TIMEOUT_MS,
  );

  it(
    'of which worker, supervisor and agent die at once: the next worker says so, and whoever has their numbers now is left alone',
    async () => {
      const task = await atWork('all-at-once');
      await killAll(task);
      const failure = await besideStrangers(async (one, other) => {
        rewrite(await task.dir(), ({ supervisor, agent, ...line }) => ({
          ...line,
          ...(supervisor ? { supervisor: { ...supervisor, pid: one.pid } } : {}),
          ...(agent ? { agent: { ...agent, pid: other.pid } } : {}),
        }));
        await task.newWorker();
        return expectContinued(task, 'killed');
      });
      expect(failure?.evidence).toContainEqual(expect.objectContaining({ where: 'vanished' }));
      expect((await task.journal()).exit).toMatchObject({ endedBy: 'supervisor_lost', vanished: 'processes' });
    },
    TIMEOUT_MS,
  );

  it.each([
    ['boot', 'the machine was booted again'],
    ['container', 'its container has been replaced by another one'],
  ] as const)(
    'of another life of the machine (%s): it was evicted, and whoever has its pids now is left alone',
    async (life, says) => {
      const task = await atWork(`another-${life}`);
      await killAll(task);
      const failure = await besideStrangers(async (supervisor, agent) => {
        rewrite(await task.dir(), (line) => ({
          ...line,
          ...(line.incarnation ? { incarnation: { ...line.incarnation, [life]: 'another one' }, supervisor } : {}),
          ...(line.agent ? { agent } : {}),
        }));
        await task.newWorker();
        return expectContinued(task, 'evicted');
      });
      expect(failure?.evidence).toContainEqual({ where: 'vanished', value: says });
    },
    TIMEOUT_MS,
  );

  it(
    'whose host has lost its state while it is at work was evicted once nothing of it can live, and it was a run',
    async () => {
      const task = await atWork('forgotten');
      await vi.waitFor(() => expect(fleet.git('for-each-ref', `refs/outlive/${task.id}/`)).not.toBe(''), PATIENCE);
      const first = await task.works();
      await task.host().end('SIGKILL');
      rmSync(task.state, { recursive: true, force: true });
      await task.newWorker();
      await vi.waitFor(() => expect(processIdentity(first.pid)).toBeUndefined(), PATIENCE);
      expect(task.said('started')).toHaveLength(1);
      task.goOn();
      expect(await task.result(TIMEOUT_MS)).toMatchObject({ state: 'done', runs: 2, reasons: { 'host.evicted': 1 } });
      // A free run would have lifted the limit to seven.
      const [run] = (await fleet.status(task.id)).runs;
      expect(run?.decision?.because).toContain('run 2 of at most 6');
      expect(task.said('started').map(({ run }) => run)).toEqual([1, 2]);
      expect(fleet.commits(task.id)).toHaveLength(2);
    },
    TIMEOUT_MS,
  );

  it(
    'that is stopped while its supervisor hangs ends all the same',
    async () => {
      const task = await atWork('hung');
      const { prepared } = await task.journal();
      process.kill(prepared.supervisor.pid, 'SIGSTOP');
      await sendUpdate(fleet.handle(task.id), STOP_UPDATE, { why: 'no longer wanted', by: 'ann' });
      expect(await task.result()).toMatchObject({ state: 'cancelled', runs: 1 });
      expect(await task.alive()).toEqual([]);
      expect(processIdentity(prepared.supervisor.pid)).toBeUndefined();
      expect(fleet.git('for-each-ref', '--format=%(refname)', `refs/outlive/${task.id}/`)).toMatch(/-wip$/m);
    },
    TIMEOUT_MS,
  );
});

describe.concurrent('a journal that cannot be relied on', () => {
  it.each([
    ['is cut in its last line', 'cut', (text: string) => text.slice(0, -10)],
    ['has garbage in its midst', 'garbage', (text: string) => text.replace('\n', '\n\0\0 nonsense\n')],
  ] as const)(
    'and %s: its agent is ended, a person is asked, and nothing is tried again',
    async (_, id, damage) => {
      const task = await atWork(id);
      await task.host().end('SIGKILL');
      const { journal } = await task.dir();
      writeFileSync(journal, damage(readFileSync(journal, 'utf8')));
      await task.newWorker();
      const { text, evidence } = await vi.waitFor(
        async () => (await fleet.status(id)).question ?? Promise.reject(new Error('nothing asked yet')),
        PATIENCE,
      );
      expect(text).toMatch(/unclassified/);
      expect(evidence).toContainEqual(expect.objectContaining({ where: 'journal' }));
      expect((await fleet.status(id)).runs).toMatchObject([{ failure: { reason: 'unclassified', rule: 'journal_unreadable' } }]);
      expect(task.said('started')).toHaveLength(1);
      expect(await task.alive()).toEqual([]);
      // The worker is none the worse for it.
      await fleet.handle(id).executeUpdate(ANSWER, { args: [{ choice: 'retry', note: 'go on' }] });
      task.goOn();
      expect(await task.result()).toMatchObject({ state: 'done', runs: 2 });
      expect(fleet.commits(id)).toHaveLength(2);
    },
    TIMEOUT_MS,
  );
});

/** They have nothing to do with any run, and live on whatever is done. */
async function besideStrangers<T>(act: (one: ProcessIdentity, other: ProcessIdentity) => Promise<T>): Promise<T> {
  // Leaders of a group, as an agent is: else nobody would look for them by their number.
  const strangers = [1, 2].map(() => spawn('sleep', ['600'], { detached: true }));
  const [one, other] = strangers.map(({ pid = 0 }) => processIdentity(pid));
  if (!one || !other) throw new Error('a stranger did not start');
  try {
    const seen = await act(one, other);
    for (const { pid, startTime } of [one, other]) expect(processIdentity(pid)?.startTime).toBe(startTime);
    return seen;
  } finally {
    for (const stranger of strangers) stranger.kill('SIGKILL');
  }
}

interface Line {
  readonly incarnation?: object;
  readonly supervisor?: object;
  readonly agent?: object;
}

function rewrite({ journal }: RunDir, change: (line: Line) => object): void {
  const lines = readFileSync(journal, 'utf8').trim().split('\n');
  writeFileSync(journal, lines.map((line) => `${JSON.stringify(change(JSON.parse(line)))}\n`).join(''));
}
