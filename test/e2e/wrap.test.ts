// What a host puts around its agents: a wrapper that each is started inside, and a bound on what it may write.

import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { ANSWER, STOP_UPDATE } from '../../src/domain/names.ts';
import { processIdentity } from '../../src/host/process-tree.ts';
import { sendUpdate } from '../../src/send-update.ts';
import { type SmallFleet, startSmallFleet, WORK } from './small-fleet.ts';
import { PATIENCE, type WatchedTask, watchTask } from './watched-task.ts';

/** Stays around the agent, as a container's client does, and hands its exit code on. */
const WRAP = ['sh', '-c', 'run=$0 place=$1; export run place; shift; "$@"; exit $?', '{run}', '{workspace}'];

const TIMEOUT_MS = 120_000;

let fleet: SmallFleet;
beforeAll(async () => {
  fleet = await startSmallFleet('wrap', { lease: '1m' });
});
afterAll(() => fleet?.stop());

/** A task on a host of its own, with these settings of how agents live there. */
async function watchOn(id: string, host: { readonly wrap?: readonly string[]; readonly maxOutput?: string }): Promise<WatchedTask> {
  const config = join(fleet.folder, `${id}.yaml`);
  writeFileSync(config, JSON.stringify({ host }));
  return watchTask(fleet, id, { OUTLIVE_CONFIG: config });
}

const shell = (script: string) => ({ agent: { use: 'command', argv: ['sh', '-c', script] } }) as const;

/** Resolves once nobody does anything before a person has answered. */
async function asked(task: WatchedTask) {
  await vi.waitFor(async () => expect((await fleet.status(task.id)).question).toBeDefined(), PATIENCE);
  return fleet.status(task.id);
}

describe.concurrent('a wrapped agent', { timeout: TIMEOUT_MS }, () => {
  it(
    'is a child of its wrapper, which is told the folders of the run',
    async () => {
      const task = await watchOn('inside', { wrap: WRAP });
      const file = join(fleet.folder, 'inside.seen');
      await task.start(shell(`printf '%s\\n' "$run" "$place" "$PWD" $PPID > ${file}; ${WORK}`));
      expect(await task.result()).toMatchObject({ state: 'done', runs: 1 });
      const { root, workspace } = await task.dir();
      const { entered } = await task.journal();
      expect(readFileSync(file, 'utf8').trim().split('\n')).toEqual([root, workspace, workspace, String(entered?.agent.pid)]);
      expect(fleet.commits(task.id)).toHaveLength(1);
    },
    TIMEOUT_MS,
  );

  it(
    'that fails does so with its own exit code',
    async () => {
      const task = await watchOn('code', { wrap: WRAP });
      await task.start(shell('exit 74'));
      const { runs } = await asked(task);
      expect(runs).toMatchObject([{ outcome: 'failed' }]);
      expect(runs[0]?.failure?.evidence).toContainEqual({ where: 'exit.code', value: '74' });
      expect((await task.journal()).exit).toMatchObject({ exitCode: 74, endedBy: 'itself' });
    },
    TIMEOUT_MS,
  );

  it(
    'is taken up by the next worker as any other is',
    async () => {
      const task = await watchOn('handed-on', { wrap: WRAP });
      await task.start();
      const { pid } = await task.works();
      await task.host().end('SIGKILL');
      await task.newWorker();
      await vi.waitFor(async () => expect((await task.journal()).owned?.activityId).toMatch(/^reattach-1/), PATIENCE);
      expect(await task.alive()).toContain(pid);
      task.goOn();
      expect(await task.result()).toMatchObject({ state: 'done', runs: 1, reasons: {} });
      expect(task.said('started')).toHaveLength(1);
    },
    TIMEOUT_MS,
  );

  it(
    'is ended with its wrapper and with what it has started',
    async () => {
      const task = await watchOn('ended', { wrap: WRAP });
      await task.start();
      const { pid } = await task.works();
      const { entered } = await task.journal();
      const wrapper = entered?.agent.pid ?? Number.NaN;
      expect(wrapper).not.toBe(pid);
      expect(await task.alive()).toEqual(expect.arrayContaining([pid, wrapper]));
      await sendUpdate(fleet.handle(task.id), STOP_UPDATE, { why: 'a test', by: 'ann' });
      expect(await task.result()).toMatchObject({ state: 'cancelled', runs: 1 });
      expect(task.said('ended')).toHaveLength(1);
      expect([pid, wrapper].filter((one) => processIdentity(one))).toEqual([]);
      expect(await task.alive()).toEqual([]);
    },
    TIMEOUT_MS,
  );

  it(
    'never begins where its wrapper is missing: the program that is named is the wrapper',
    async () => {
      const task = await watchOn('no-wrapper', { wrap: ['a-wrapper-that-nobody-has', '--'] });
      await task.start();
      const { runs } = await asked(task);
      expect(runs).toMatchObject([{ failure: { class: 'host', reason: 'tool_missing' } }]);
      expect(JSON.stringify(runs[0]?.failure?.evidence)).toContain('a-wrapper-that-nobody-has');
      expect(task.said('started')).toEqual([]);
    },
    TIMEOUT_MS,
  );
});

describe.concurrent('an agent that writes', { timeout: TIMEOUT_MS }, () => {
  const write = (kib: number) => `head -c ${kib * 1024} /dev/zero`;

  it(
    'more than its host allows is ended, and the same inputs are never tried again',
    async () => {
      const task = await watchOn('flood', { maxOutput: '1MiB' });
      const again = join(fleet.folder, 'flood.starts');
      await task.start(shell(`echo $OUTLIVE_RUN >> ${again}; echo part > part; ${write(600)}; ${write(600)} >&2; sleep 600`));
      const { runs, question } = await asked(task);
      expect(runs).toMatchObject([{ failure: { class: 'context', reason: 'budget_exhausted', rule: 'ended_by_output_limit' } }]);
      expect(runs[0]?.failure?.evidence).toContainEqual({ where: 'ended_by', value: 'output_limit' });
      expect((await task.journal()).exit).toMatchObject({ endedBy: 'output_limit' });
      expect(await task.alive()).toEqual([]);
      expect(fleet.git('show', `refs/outlive/${task.id}/${wipOf(task.id)}:part`)).toBe('part');
      expect(question?.choices).toContain('retry');
      const bare = fleet.handle(task.id).executeUpdate(ANSWER, { args: [{ choice: 'retry' }] });
      await expect(bare).rejects.toMatchObject({ cause: { message: expect.stringContaining('the same inputs would end the same way') } });
      expect(readFileSync(again, 'utf8')).toBe('1\n');
    },
    TIMEOUT_MS,
  );

  it(
    'just as much as that is left alone',
    async () => {
      const task = await watchOn('trickle', { maxOutput: '1MiB' });
      // Long enough for its supervisor to have seen all of it more than once.
      await task.start(shell(`${write(512)}; ${write(512)} >&2; sleep 2; ${WORK}`));
      expect(await task.result()).toMatchObject({ state: 'done', runs: 1, reasons: {} });
      expect((await task.journal()).exit).toMatchObject({ exitCode: 0, endedBy: 'itself' });
    },
    TIMEOUT_MS,
  );
});

/** Uncommitted work is banked beside the branch. */
function wipOf(id: string): string {
  const refs = fleet.git('for-each-ref', '--format=%(refname:lstrip=3)', `refs/outlive/${id}/`).split('\n');
  return refs.find((ref) => ref.endsWith('-wip')) ?? 'nothing';
}
