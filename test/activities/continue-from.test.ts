// The border cases of looking up what an earlier task left: who can be asked, and what a silence means. The ordinary ways
// are lived through in test/e2e/again.test.ts.

import { WorkflowNotFoundError } from '@temporalio/client';
import { beforeEach, describe, expect, it } from 'vitest';
import { continueFrom } from '../../src/activities/continue-from.ts';
import type { Deps } from '../../src/activities/deps.ts';
import type { Banked } from '../../src/domain/output.ts';
import { agentGit, makeOrigin, type Origin, tempFolder } from '../host/scratch.ts';

type Earlier = { readonly bank?: Banked } | 'silent' | 'forgotten' | 'open';

let origin: Origin;
let state: string;
beforeEach(async () => {
  [origin, state] = await Promise.all([makeOrigin(), tempFolder()]);
});

/** A worker whose server says this of the earlier task. */
function workerWhere(earlier: Earlier): Deps {
  const handle = {
    describe: async () => {
      if (earlier === 'forgotten') throw new WorkflowNotFoundError('no such workflow', 'task/old', undefined);
      if (earlier === 'silent') throw new Error('no poller seen');
      return { status: { name: earlier === 'open' ? 'RUNNING' : 'FAILED' } };
    },
    query: async () => ({ ...(earlier as object), result: { state: 'failed', because: 'given up\nfor now' } }),
  };
  const client = { workflow: { getHandle: () => handle }, withDeadline: (_: number, call: () => Promise<unknown>) => call() };
  return { client, state } as unknown as Deps;
}
const look = (earlier: Earlier, repo = origin.repo) => continueFrom(workerWhere(earlier), { workspace: { repo, base: 'main' } }, 'old');

/** A commit that stands at the origin under this ref. */
async function banked(ref: string): Promise<string> {
  const head = (await origin.at('refs/heads/main')) ?? '';
  const made = await agentGit(
    origin.repo,
    '-c',
    'user.name=Test',
    '-c',
    'user.email=test@localhost',
    'commit-tree',
    `${head}^{tree}`,
    '-p',
    head,
    '-m',
    ref,
  );
  await agentGit(origin.repo, 'update-ref', ref, made);
  return made;
}
const REF = 'refs/outlive/old/run-2-aaaaaaaa';
const bankAt = (at: Banked['at'], head: string): Banked => ({ state: 'banked', ref: REF, head, at, host: 'host-a' });

describe('what an earlier task left', () => {
  it('is what that task says, as it stands at the origin now', async () => {
    const head = await banked(REF);
    const other = 'f'.repeat(40);
    expect(await look({ bank: { ...bankAt('origin', other), wip: other } })).toMatchObject({
      start: { kind: 'bank', ref: REF, head, at: 'origin', host: 'host-a' },
    });
  });

  it('is the newest run at the origin, where the bank that the task named was dropped', async () => {
    const head = await banked('refs/outlive/old/run-1-aaaaaaaa');
    expect(await look({ bank: bankAt('origin', 'f'.repeat(40)) })).toMatchObject({ start: { head } });
  });

  it('is what the task says, where the origin does not answer here: the host of the run may reach it', async () => {
    const bank = bankAt('origin', 'f'.repeat(40));
    expect(await look({ bank }, `${state}/nowhere.git`)).toMatchObject({ start: { kind: 'bank', head: bank.head } });
  });

  it('is on its host, where only that keeps it, whatever the origin has', async () => {
    await banked(REF);
    const bank = bankAt('host', 'f'.repeat(40));
    expect(await look({ bank })).toMatchObject({ start: { kind: 'bank', head: bank.head, at: 'host', host: 'host-a' } });
  });

  it('is told to the first run in one line, with how the task ended', async () => {
    const { note } = (await look({})) as { note: string };
    expect(note).toBe(
      'This task continues the task old, which ended as failed (given up for now). Nothing that its runs did is kept, so this one starts anew.',
    );
  });

  it('is nothing for a task without a repository', async () => {
    expect(await continueFrom(workerWhere({ bank: bankAt('host', 'f'.repeat(40)) }), {}, 'old')).toMatchObject({
      start: { kind: 'base' },
    });
  });

  it('is not asked for while the task is open', async () => {
    expect(await look('open')).toEqual({ kind: 'open' });
  });
});

describe('an earlier task that cannot be asked', () => {
  it('is known by what the origin has', async () => {
    const head = await banked(REF);
    expect(await look('silent')).toMatchObject({ start: { kind: 'bank', head } });
  });

  it('is not taken for one that left nothing', async () => {
    await expect(look('silent')).rejects.toThrow('What old left could not be looked up, so nothing is started yet: no poller seen.');
  });

  it('nor where the server has forgotten it and the origin does not answer', async () => {
    await expect(look('forgotten', `${state}/nowhere.git`)).rejects.toThrow('the bank could not be asked');
  });
});
