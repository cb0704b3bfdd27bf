import { createHash } from 'node:crypto';
import { chmod, mkdir, readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { BankSeen } from '../../src/domain/output.ts';
import type { StartPoint } from '../../src/domain/run.ts';
import { bankRun, lookAtBank, type Push, pushBranch } from '../../src/host/bank.ts';
import { type RunDir, repoCache } from '../../src/host/state-dir.ts';
import { lookAtRepository, prepareWorkspace } from '../../src/host/workspace.ts';
import { agentGit, makeOrigin, type Origin, runIn, tempFolder, WORKFLOW_RUN, write } from './scratch.ts';

const REF = 'refs/outlive/fix-it/run-1-00000000';

type Banked = Extract<BankSeen, { state: 'banked' }>;

interface Run {
  readonly dir: RunDir;
  readonly workspace: string;
  readonly base: string;
  bank(at?: 'origin' | 'host'): Promise<BankSeen>;
  banked(at?: 'origin' | 'host'): Promise<Banked>;
  git(...args: string[]): Promise<string>;
}

async function prepare(origin: Origin, n = 1, start: StartPoint = { kind: 'base' }, state?: string): Promise<Run> {
  const dir = runIn(state ?? (await tempFolder()), n);
  const workspace = { repo: origin.repo, base: 'main' };
  const prepared = await prepareWorkspace({ state: dir.state, dir, task: { id: 'fix-it', workspace, outputs: [] }, start });
  const bank = (at: 'origin' | 'host' = 'origin') =>
    bankRun({ dir, task: { id: 'fix-it', workspace, bank: at }, workflowRunId: WORKFLOW_RUN, n, host: 'h1' });
  const banked = async (at?: 'origin' | 'host') => {
    const seen = await bank(at);
    if (seen.state !== 'banked') throw new Error(JSON.stringify(seen));
    return seen;
  };
  return { dir, workspace: dir.workspace, base: prepared?.base ?? '', bank, banked, git: (...args) => agentGit(dir.workspace, ...args) };
}

async function commit(run: Run, file: string, content: string): Promise<string> {
  await write(run.workspace, file, content);
  await run.git('add', '--all');
  await run.git('commit', '--quiet', '-m', `Change ${file}`);
  return run.git('rev-parse', 'HEAD');
}

/** Everything of the agent's that a bank must not touch. */
async function traces(run: Run): Promise<unknown> {
  const index = createHash('sha256')
    .update(await readFile(join(run.workspace, '.git', 'index')))
    .digest('hex');
  return [index, await run.git('--no-optional-locks', 'status', '--porcelain=v2', '--branch'), await run.git('for-each-ref')];
}

describe('the bank', () => {
  it('has nothing to keep of a run that left nothing', async () => {
    const origin = await makeOrigin();
    const run = await prepare(origin);
    expect(await run.bank()).toEqual({ state: 'nothing' });
    expect(await origin.at('refs/outlive/*')).toBeUndefined();
  });

  it('keeps commits at the origin, as often as it is asked', async () => {
    const origin = await makeOrigin();
    const run = await prepare(origin);
    const head = await commit(run, 'fix.txt', 'fixed');
    const banked = { state: 'banked', ref: REF, head, at: 'origin', host: 'h1' };
    expect(await run.bank()).toEqual(banked);
    expect(await run.bank()).toEqual(banked);
    expect(await origin.at(REF)).toBe(head);
    expect(await origin.at(`${REF}-wip`)).toBeUndefined();
  });

  it('follows a run that works on, also when it commits what was uncommitted', async () => {
    const origin = await makeOrigin();
    const run = await prepare(origin);
    await write(run.workspace, 'fix.txt', 'half');
    const { wip } = await run.banked();
    expect(await origin.at(`${REF}-wip`)).toBe(wip);
    const head = await commit(run, 'fix.txt', 'whole');
    expect(await run.bank()).toEqual({ state: 'banked', ref: REF, head, at: 'origin', host: 'h1' });
    expect(await origin.at(REF)).toBe(head);
    expect(await origin.at(`${REF}-wip`)).toBeUndefined();
  });

  it('keeps uncommitted work, gives the same commit for the same work, and leaves the agent’s clone alone', async () => {
    const origin = await makeOrigin();
    const run = await prepare(origin);
    await commit(run, '.gitignore', 'ignored.txt\n');
    await write(run.workspace, 'shop.txt', 'staged\n');
    await run.git('add', 'shop.txt');
    await write(run.workspace, 'shop.txt', 'changed again\n');
    await write(run.workspace, 'new file.txt', 'new');
    await write(run.workspace, 'ignored.txt', 'no matter');
    const before = await traces(run);
    const { head, wip } = await run.banked();
    expect(await traces(run)).toEqual(before);
    expect((await run.banked()).wip).toBe(wip);
    const at = (file: string) => agentGit(origin.repo, 'show', `${wip}:${file}`);
    expect([await at('shop.txt'), await at('new file.txt')]).toEqual(['changed again', 'new']);
    expect(await agentGit(origin.repo, 'ls-tree', '--name-only', wip ?? '')).not.toMatch(/ignored\.txt/);
    expect(await agentGit(origin.repo, 'rev-parse', `${wip}^`)).toBe(head);
  });

  it('gives the next run, on another host, the same dirty files back', async () => {
    const origin = await makeOrigin();
    const run = await prepare(origin);
    await commit(run, 'doomed.txt', 'soon gone');
    await rm(join(run.workspace, 'doomed.txt'));
    await write(run.workspace, 'shop.txt', 'changed\n');
    await mkdir(join(run.workspace, 'deep'));
    await write(run.workspace, 'deep/new.sh', '#!/bin/sh\n');
    await chmod(join(run.workspace, 'deep/new.sh'), 0o755);
    const { state: _, ...bank } = await run.banked();
    const next = await prepare(origin, 2, { kind: 'bank', ...bank });
    expect(await next.git('status', '--porcelain', '--untracked-files=all')).toBe(' D doomed.txt\n M shop.txt\n?? deep/new.sh');
    expect(await next.git('rev-parse', 'HEAD')).toBe(bank.head);
    expect(await lookAtRepository(next.workspace)).toMatchObject({ repository: { base: run.base, commits: 1 } });
    expect((await next.banked()).wip).toBe(bank.wip);
  });

  it('keeps a merge in progress as it lies, and the merge goes on', async () => {
    const origin = await makeOrigin();
    const run = await prepare(origin);
    await run.git('checkout', '--quiet', '-b', 'side');
    await commit(run, 'shop.txt', 'side\n');
    await run.git('checkout', '--quiet', 'outlive/fix-it');
    const head = await commit(run, 'shop.txt', 'ours\n');
    await run.git('merge', 'side').catch(() => undefined);
    const before = await traces(run);
    const banked = await run.banked();
    expect(banked.head).toBe(head);
    expect(await agentGit(origin.repo, 'show', `${banked.wip}:shop.txt`)).toMatch(/<<<<<<< HEAD\nours\n=======\nside/);
    expect(await traces(run)).toEqual(before);
    expect(await run.git('rev-parse', 'MERGE_HEAD')).toBe(await run.git('rev-parse', 'side'));
  });

  it('is not held up by a lock that the agent left on its index', async () => {
    const origin = await makeOrigin();
    const run = await prepare(origin);
    await write(run.workspace, 'fix.txt', 'half');
    await write(join(run.workspace, '.git'), 'index.lock', '');
    expect(await run.bank()).toMatchObject({ state: 'banked', wip: expect.any(String) });
  });

  it.each([
    ['a rebase that was cut off', ['rebase', 'side']],
    ['another branch', ['checkout', '--quiet', '--detach', 'origin/main']],
  ])('keeps commits that are not on the head: %s', async (_, command) => {
    const origin = await makeOrigin();
    const run = await prepare(origin);
    await run.git('checkout', '--quiet', '-b', 'side');
    await commit(run, 'shop.txt', 'side\n');
    await run.git('checkout', '--quiet', 'outlive/fix-it');
    const tip = await commit(run, 'shop.txt', 'ours\n');
    await run.git(...command).catch(() => undefined);
    const { wip } = await run.banked();
    await agentGit(origin.repo, 'merge-base', '--is-ancestor', tip, wip ?? '');
  });

  it('keeps a stash', async () => {
    const origin = await makeOrigin();
    const run = await prepare(origin);
    await write(run.workspace, 'shop.txt', 'stashed\n');
    await run.git('stash');
    const stash = await run.git('rev-parse', 'stash');
    const { wip } = await run.banked();
    await agentGit(origin.repo, 'merge-base', '--is-ancestor', stash, wip ?? '');
  });

  it('keeps everything on the host where the task says so, and tells the origin nothing', async () => {
    const origin = await makeOrigin();
    const run = await prepare(origin);
    await commit(run, 'fix.txt', 'fixed');
    await write(run.workspace, 'more.txt', 'more');
    const { state: _, ...bank } = await run.banked('host');
    expect(bank.at).toBe('host');
    expect(await origin.at('refs/outlive/*')).toBeUndefined();
    const looked = await lookAtBank({ repo: repoCache(run.dir.state, origin.repo), taskId: 'fix-it' });
    expect(looked).toEqual({ ok: true, refs: [{ ref: REF, head: bank.head, wip: bank.wip, n: 1 }] });
    const next = await prepare(origin, 2, { kind: 'bank', ...bank }, run.dir.state);
    expect(await next.git('status', '--porcelain')).toBe('?? more.txt');
  });

  it('never follows an agent that sends Outlive’s pushes somewhere else', async () => {
    const [origin, elsewhere] = [await makeOrigin(), await makeOrigin()];
    const run = await prepare(origin);
    const head = await commit(run, 'fix.txt', 'fixed');
    await run.git('config', `url.${elsewhere.repo}.insteadOf`, origin.repo);
    await run.bank();
    expect(await origin.at(REF)).toBe(head);
    expect(await elsewhere.at(REF)).toBeUndefined();
  });

  it('says where the work lies that it could not push', async () => {
    const origin = await makeOrigin();
    const run = await prepare(origin);
    await commit(run, 'fix.txt', 'fixed');
    await rm(origin.repo, { recursive: true });
    expect(await run.bank()).toEqual({
      state: 'failed',
      evidence: expect.stringMatching(
        /^what run 1 left lies only on host h1: git ls-remote failed.*does not appear to be a git repository/,
      ),
    });
  });

  it('fails, and says nothing of "nothing", where the clone cannot be read', async () => {
    const run = await prepare(await makeOrigin());
    await rm(join(run.workspace, '.git'), { recursive: true });
    expect(await run.bank()).toEqual({ state: 'failed', evidence: expect.stringMatching(/the clone cannot be read/) });
  });

  it('counts a push as done whose answer was lost', async () => {
    const origin = await makeOrigin();
    const run = await prepare(origin);
    const head = await commit(run, 'fix.txt', 'fixed');
    await loseAnswers(origin);
    expect(await run.bank()).toMatchObject({ state: 'banked', head });
    expect(await origin.at(REF)).toBe(head);
  });
});

/** The origin takes the push, then dies before it says so. */
async function loseAnswers({ repo }: Origin): Promise<void> {
  await mkdir(join(repo, 'hooks'), { recursive: true });
  await write(join(repo, 'hooks'), 'post-receive', '#!/bin/sh\nkill -9 $PPID\n');
  await chmod(join(repo, 'hooks', 'post-receive'), 0o755);
}

async function refuseAll({ repo }: Origin): Promise<void> {
  await mkdir(join(repo, 'hooks'), { recursive: true });
  await write(join(repo, 'hooks'), 'pre-receive', '#!/bin/sh\necho "the house is closed" >&2\nexit 1\n');
  await chmod(join(repo, 'hooks', 'pre-receive'), 0o755);
}

describe('a look at the bank', () => {
  it('lists the runs of one workflow run, newest first, and none of other tasks', async () => {
    const origin = await makeOrigin();
    const sha = (await origin.at('refs/heads/main')) ?? '';
    for (const ref of [
      'fix-it/run-2-00000000',
      'fix-it/run-10-00000000',
      'fix-it/run-10-00000000-wip',
      'fix-it/run-3-ffffffff',
      'fix-it-too/run-1-00000000',
    ]) {
      await agentGit(origin.repo, 'update-ref', `refs/outlive/${ref}`, sha);
    }
    const all = await lookAtBank({ repo: origin.repo, taskId: 'fix-it' });
    const ours = await lookAtBank({ repo: origin.repo, taskId: 'fix-it', workflowRunId: WORKFLOW_RUN });
    const [two, three, ten] = [
      { ref: 'refs/outlive/fix-it/run-2-00000000', head: sha, n: 2 },
      { ref: 'refs/outlive/fix-it/run-3-ffffffff', head: sha, n: 3 },
      { ref: 'refs/outlive/fix-it/run-10-00000000', head: sha, wip: sha, n: 10 },
    ];
    expect(all).toEqual({ ok: true, refs: [ten, three, two] });
    expect(ours).toEqual({ ok: true, refs: [ten, two] });
  });

  it('is no empty bank where nobody answers', async () => {
    const repo = join(await tempFolder(), 'nowhere.git');
    expect(await lookAtBank({ repo, taskId: 'fix-it' })).toEqual({ ok: false, evidence: expect.stringMatching(/could not be asked/) });
  });
});

describe('a push of the task’s branch', () => {
  type More = Partial<Pick<Push, 'gitDir' | 'from' | 'expected'> & { bankRef: string; borrowIn: string }>;
  async function pushing(): Promise<{
    origin: Origin;
    run: Run;
    push: (more?: More) => ReturnType<typeof pushBranch>;
    head: string;
  }> {
    const origin = await makeOrigin();
    const run = await prepare(origin);
    const head = await commit(run, 'fix.txt', 'fixed');
    await run.bank();
    const gitDir = repoCache(run.dir.state, origin.repo);
    const push = ({ borrowIn, bankRef = REF, ...more }: More = {}) => {
      const source = { gitDir, repo: origin.repo, from: head, branch: 'outlive/fix-it', expected: 'absent', ...more };
      return pushBranch(borrowIn === undefined ? { ...source, bankRef } : { ...source, borrowIn });
    };
    return { origin, run, push, head };
  }
  const branch = 'refs/heads/outlive/fix-it';

  it('makes the branch where none is, and is already there the second time', async () => {
    const { origin, push, head } = await pushing();
    expect(await push()).toEqual({ kind: 'pushed', head });
    expect(await origin.at(branch)).toBe(head);
    expect(await push()).toEqual({ kind: 'already', head });
    expect(await push({ expected: head })).toEqual({ kind: 'already', head });
  });

  it('replaces what Outlive pushed before, also by a branch that was written anew', async () => {
    const { origin, run, push, head } = await pushing();
    await push();
    await run.git('commit', '--quiet', '--amend', '-m', 'Other words');
    const { head: amended } = await run.banked();
    expect(await push({ from: amended, expected: head })).toEqual({ kind: 'pushed', head: amended });
    expect(await origin.at(branch)).toBe(amended);
  });

  it('overwrites nothing that somebody else put there', async () => {
    const { origin, push, head } = await pushing();
    const main = await origin.at('refs/heads/main');
    await agentGit(origin.repo, 'update-ref', branch, main ?? '');
    expect(await push()).toEqual({ kind: 'foreign', head: main });
    expect(await push({ expected: 'b'.repeat(40) })).toEqual({ kind: 'foreign', head: main });
    await agentGit(origin.repo, 'update-ref', '-d', branch);
    expect(await push({ expected: head.replace(/^./, 'f') })).toEqual({ kind: 'foreign', head: 'absent' });
    expect(await origin.at(branch)).toBeUndefined();
  });

  it('has succeeded where only the answer was lost', async () => {
    const { origin, push, head } = await pushing();
    await loseAnswers(origin);
    expect(await push()).toEqual({ kind: 'already', head });
    expect(await origin.at(branch)).toBe(head);
  });

  it('has failed, with the origin’s words, where the origin refuses it', async () => {
    const { origin, push } = await pushing();
    await refuseAll(origin);
    expect(await push()).toEqual({ kind: 'failed', evidence: expect.stringMatching(/pre-receive hook declined|the house is closed/) });
  });

  it('does not know whether it arrived where nobody answers', async () => {
    const { origin, push } = await pushing();
    await rm(origin.repo, { recursive: true });
    expect(await push()).toEqual({ kind: 'failed', evidence: expect.stringMatching(/whether it arrived is not known/) });
  });

  it('works on a host that never saw the run, from the bank', async () => {
    const { origin, run, push, head } = await pushing();
    const gitDir = repoCache(await tempFolder(), origin.repo);
    expect(await push({ gitDir, borrowIn: run.dir.root })).toEqual({
      kind: 'failed',
      evidence: expect.stringMatching(/no bank was named/),
    });
    expect(await push({ gitDir, bankRef: `${REF}0` })).toEqual({
      kind: 'failed',
      evidence: expect.stringMatching(/does not give the commit/),
    });
    expect(await push({ gitDir, bankRef: REF })).toEqual({ kind: 'pushed', head });
  });

  it('works from the run’s own clone, and does not follow its configuration', async () => {
    const { origin, run, push, head } = await pushing();
    const elsewhere = await makeOrigin();
    await run.git('config', `url.${elsewhere.repo}.insteadOf`, origin.repo);
    const before = await readdir(run.dir.root);
    expect(await push({ gitDir: join(run.workspace, '.git'), from: 'HEAD', borrowIn: run.dir.root })).toEqual({ kind: 'pushed', head });
    expect(await origin.at(branch)).toBe(head);
    expect(await readdir(run.dir.root)).toEqual(before);
  });
});
