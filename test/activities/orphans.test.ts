import { mkdir, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ActivityCompletionError } from '@temporalio/client';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { createOrphans, findOrphans } from '../../src/activities/orphans.ts';
import { bankRef } from '../../src/domain/names.ts';
import type { Exit, RunInput } from '../../src/domain/run.ts';
import type { Task } from '../../src/domain/task.ts';
import { replaceFile } from '../../src/host/durable-file.ts';
import { outcomeOf, writeJournal, writeOutcome } from '../../src/host/journal.ts';
import type { ProcessIdentity } from '../../src/host/process-tree.ts';
import type { RunDir } from '../../src/host/state-dir.ts';
import { prepareWorkspace } from '../../src/host/workspace.ts';
import { taskOf } from '../domain/facts.ts';
import { agentGit, makeOrigin, runIn, tempFolder, until, WORKFLOW_RUN, write } from '../host/scratch.ts';
import { agentArgv, FENCE, journalOf, leavesNothing, prepareRun, saysReady, startRun } from '../host/supervised.ts';
import { hostIn, type TaskAnswer, type TestHost } from './a-host.ts';

const NOBODY: ProcessIdentity = { pid: 2 ** 22 + 1, startTime: 1 };
const GOOD: Exit = { exitCode: 0, endedBy: 'itself', durationMs: 5 };
const AWAITED: TaskAnswer = { awaits: ['reattach-1'] };
const NOT_AWAITED: TaskAnswer = { awaits: ['settle-1'] };

const { workspace: _, ...withoutWorkspace } = taskOf({
  id: 'fix-it',
  checks: [],
  outputs: [{ kind: 'file', by: 'agent', path: 'report.md' }],
});
const inputOf = (task: Task): RunInput => ({
  task,
  n: 1,
  start: { kind: 'base' },
  avoid: [],
  notes: [],
  heartbeatMs: 1000,
  leaseMs: 5000,
  stateId: 'state-1',
});

const own = (dir: RunDir, token: string): Promise<void> =>
  writeJournal(dir, { kind: 'owned', activityId: 'run-1', taskToken: Buffer.from(token).toString('base64') });

/** A run that ended while nobody answered for it. */
async function endedRun(state: string, exit: Exit = GOOD, task: Task = withoutWorkspace): Promise<RunDir> {
  const dir = runIn(state);
  await prepareRun(dir, NOBODY);
  await replaceFile(dir.input, inputOf(task));
  await own(dir, 'token-1');
  await writeJournal(dir, { kind: 'entered', agent: NOBODY, oomKills: 0 });
  await writeOutcome(dir, outcomeOf(FENCE, exit));
  return dir;
}

/** A run whose agent lives, and whose worker does not. */
async function livingRun(): Promise<RunDir> {
  const { dir } = await startRun(agentArgv('forever'));
  await replaceFile(dir.input, inputOf(withoutWorkspace));
  await own(dir, 'token-1');
  await saysReady(dir);
  return dir;
}

function see({ deps }: TestHost, dir: RunDir) {
  const orphans = createOrphans(deps, 20);
  onTestFinished(() => orphans.stop());
  deps.seats.occupy(dir.root);
  orphans.see(dir);
  return orphans;
}

const reported = (dir: RunDir): Promise<void> => until('it is reported', async () => (await journalOf(dir)).reported !== undefined);
const looked = ({ server }: TestHost, times: number): Promise<void> => until(`it looked ${times} times`, () => server.looks >= times);

describe('a worker that starts', () => {
  it('finds every run that nobody was told of, and gives the living ones their seats', async () => {
    const state = await tempFolder();
    const [living, ended, told, foreign] = [runIn(state, 1), runIn(state, 2), runIn(state, 3), runIn(state, 4)];
    const { over } = await startRun(agentArgv('forever'), { dir: living });
    await saysReady(living);
    for (const [n, dir] of [
      [2, ended],
      [3, told],
    ] as const) {
      await prepareRun(dir, NOBODY, { n });
      await writeOutcome(dir, outcomeOf({ ...FENCE, n }, GOOD));
    }
    await writeJournal(told, { kind: 'reported', how: 'accepted' });
    await mkdir(foreign.root, { recursive: true });
    const host = hostIn(state);
    expect(new Set(await findOrphans(host.deps))).toEqual(new Set([living, ended]));
    expect(host.deps.seats.taken()).toEqual([living.root]);
    expect(host.warnings).toEqual([]);
    process.kill((await journalOf(living)).entered?.agent.pid ?? 0, 'SIGKILL');
    await over;
  });

  it('says of a run whose journal cannot be relied on that it ended it', async () => {
    const state = await tempFolder();
    const dir = runIn(state);
    leavesNothing(dir);
    await startRun(agentArgv('forever'), { dir });
    await saysReady(dir);
    await writeFile(dir.journal, '{"v":1,');
    const host = hostIn(state);
    expect(await findOrphans(host.deps)).toEqual([]);
    expect(host.warnings).toEqual(['a run with a journal that cannot be relied on']);
    expect(host.deps.seats.taken()).toEqual([]);
  });
});

describe('an orphan', () => {
  it('is offered back to its task once for each owner, and waited for while the task wants it', async () => {
    const dir = await endedRun(await tempFolder());
    const host = hostIn(dir.state);
    host.server.task = [AWAITED];
    see(host, dir);
    await looked(host, 3);
    expect(host.server.failed.map(({ token }) => token)).toEqual(['token-1']);
    expect(host.server.failed[0]?.failure).toMatchObject({
      type: 'run.orphaned',
      nonRetryable: true,
      details: [{ host: 'h1', n: 1, stateId: 'state-1' }],
    });
    await own(dir, 'token-2');
    await until('it is offered again', () => host.server.failed.length === 2);
    expect(host.server.failed[1]?.token).toBe('token-2');
    expect((await journalOf(dir)).phase).toBe('ended');
  });

  it('is left to the activity that took it up, with its seat', async () => {
    const dir = await endedRun(await tempFolder());
    const host = hostIn(dir.state);
    host.server.task = [AWAITED];
    const holds = vi.spyOn(host.deps.claims, 'holds');
    const orphans = see(host, dir);
    await looked(host, 1);
    const claim = host.deps.claims.take(dir.root);
    await until('it is seen that somebody has it', () => holds.mock.results.some(({ value }) => value === true));
    const { looks } = host.server;
    claim.release();
    await orphans.stop();
    expect(host.server.looks).toBe(looks);
    expect(host.deps.seats.taken()).toEqual([dir.root]);
  });

  it('goes on while the server cannot be reached, and is offered back when it can', async () => {
    const dir = await livingRun();
    const host = hostIn(dir.state);
    host.server.token = new ActivityCompletionError('14 UNAVAILABLE');
    host.server.task = [AWAITED];
    see(host, dir);
    await until('it was tried three times', () => host.warnings.length >= 3);
    expect(host.warnings[0]).toBe('an orphaned run could not be seen to; tried again');
    expect((await journalOf(dir)).phase).toBe('entered');
    host.server.token = 'known';
    await until('it is offered back', () => host.server.failed.length === 1);
    host.server.task = ['forgotten'];
    await reported(dir);
  });

  it('is not asked about once it was told of', async () => {
    const dir = await endedRun(await tempFolder());
    await writeJournal(dir, { kind: 'reported', how: 'accepted' });
    const host = hostIn(dir.state);
    see(host, dir);
    await until('its seat is free', () => host.deps.seats.free() === 2);
    expect(host.server).toMatchObject({ failed: [], looks: 0 });
  });

  it('is let go when the worker ends, and is not seen to after that', async () => {
    const dir = await endedRun(await tempFolder());
    const host = hostIn(dir.state);
    host.server.task = [AWAITED];
    const orphans = see(host, dir);
    await looked(host, 1);
    await orphans.stop();
    const { looks } = host.server;
    orphans.see(dir);
    await orphans.stop();
    expect({ looks: host.server.looks, offers: host.server.failed.length }).toEqual({ looks, offers: 1 });
  });
});

describe('an orphan whose task is over', () => {
  it.each<TaskAnswer & string>(['closed', 'forgotten'])('is ended, because nobody needs it any more: %s', async (answer) => {
    const dir = await livingRun();
    const host = hostIn(dir.state);
    host.server.token = 'void';
    host.server.task = [answer];
    see(host, dir);
    await reported(dir);
    expect(await journalOf(dir)).toMatchObject({ exit: { endedBy: 'cancel' }, reported: { how: 'kept' } });
    expect(host.server.signals).toEqual([]);
    await until('its seat is free', () => host.deps.seats.free() === 2);
  });

  it('has what it left banked, however long its origin is away', async () => {
    const origin = await makeOrigin();
    const state = await tempFolder();
    const { checks: _checks, ...task } = taskOf({ id: 'fix-it', workspace: { repo: origin.repo, base: 'main' } });
    const dir = runIn(state);
    await prepareWorkspace({ state, dir, task, start: { kind: 'base' } });
    await write(dir.workspace, 'fixed.txt', 'yes\n');
    await agentGit(dir.workspace, 'add', '--all');
    await agentGit(dir.workspace, 'commit', '--quiet', '-m', 'Fix it');
    const head = await agentGit(dir.workspace, 'rev-parse', 'HEAD');
    await endedRun(state, GOOD, { ...task, checks: [] });
    const host = hostIn(state);
    host.server.token = 'void';
    host.server.task = ['closed'];
    await rename(origin.repo, `${origin.repo}.away`);
    see(host, dir);
    await looked(host, 2);
    expect((await journalOf(dir)).reported).toBeUndefined();
    await rename(`${origin.repo}.away`, origin.repo);
    await reported(dir);
    expect(await origin.at(bankRef('fix-it', WORKFLOW_RUN, 1))).toBe(head);
  });

  it('is kept where nobody can say any more what it was asked to do', async () => {
    const dir = await endedRun(await tempFolder());
    await writeFile(dir.input, '{"task":');
    const host = hostIn(dir.state);
    host.server.token = 'void';
    host.server.task = ['closed'];
    see(host, dir);
    await reported(dir);
    expect(host.warnings).toEqual(['what the run was asked to do cannot be read']);
  });
});

describe('an orphan that its task has given up', () => {
  it('is told of as evidence once it has ended, and never before the second look', async () => {
    const dir = await endedRun(await tempFolder(), { exitCode: 3, endedBy: 'itself', durationMs: 5 });
    await writeFile(dir.result, JSON.stringify({ outcome: 'failed', reason: 'infeasible' }));
    const host = hostIn(dir.state);
    host.server.token = 'void';
    host.server.task = [NOT_AWAITED];
    see(host, dir);
    await reported(dir);
    expect((await journalOf(dir)).reported?.how).toBe('refused');
    expect(host.server.looks).toBe(2);
    expect(host.server.signals).toHaveLength(1);
    expect(host.server.signals[0]).toMatchObject({
      workflowId: 'task/fix-it',
      runId: WORKFLOW_RUN,
      name: 'lateResult',
      late: { n: 1, facts: { host: 'h1', entered: true }, failure: { class: 'task', reason: 'infeasible' } },
    });
    await until('its seat is free', () => host.deps.seats.free() === 2);
  });

  it('is told of without a failure where it ended well', async () => {
    const dir = await endedRun(await tempFolder());
    await writeFile(join(dir.workspace, 'report.md'), 'All is well.\n');
    const host = hostIn(dir.state);
    host.server.token = 'void';
    see(host, dir);
    await reported(dir);
    const [signal] = host.server.signals;
    expect(signal?.late.facts.seen.outputs).toMatchObject([{ kind: 'file', state: 'present' }]);
    expect(signal?.late).not.toHaveProperty('failure');
  });

  it('is not told of while its task may still ask for it', async () => {
    const dir = await endedRun(await tempFolder());
    const host = hostIn(dir.state);
    host.server.token = 'void';
    host.server.task = [NOT_AWAITED, AWAITED, NOT_AWAITED, AWAITED];
    see(host, dir);
    await looked(host, 6);
    expect(host.server.signals).toEqual([]);
    host.server.task = [NOT_AWAITED];
    await reported(dir);
    expect(host.server.signals).toHaveLength(1);
  });

  it('lives on where no other run has taken its place', async () => {
    const dir = await livingRun();
    const host = hostIn(dir.state);
    host.server.token = 'void';
    host.server.task = [{ awaits: ['settle-1', 'run-0'] }];
    see(host, dir);
    await looked(host, 4);
    expect((await journalOf(dir)).endedBy).toBeUndefined();
    host.server.task = ['closed'];
    await reported(dir);
  });

  it('is ended where another run has', async () => {
    const dir = await livingRun();
    const host = hostIn(dir.state);
    host.server.token = 'void';
    host.server.task = [{ awaits: ['run-2'] }];
    see(host, dir);
    await reported(dir);
    expect(await journalOf(dir)).toMatchObject({ endedBy: 'lease', exit: { endedBy: 'lease' }, reported: { how: 'refused' } });
    expect(host.server.signals[0]?.late).toMatchObject({ n: 1, failure: { class: 'host', reason: 'heartbeat_lost' } });
  });
});
