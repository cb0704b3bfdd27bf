import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { StartPoint } from '../../src/domain/run.ts';
import { incarnation } from '../../src/host/incarnation.ts';
import { writeJournal } from '../../src/host/journal.ts';
import { type RunDir, repoCache } from '../../src/host/state-dir.ts';
import { lookAtRepository, type Preparation, type Prepared, prepareWorkspace } from '../../src/host/workspace.ts';
import { agentGit, makeOrigin, type Origin, runIn, tempFolder, WORKFLOW_RUN, write } from './scratch.ts';

interface Run extends Prepared {
  readonly dir: RunDir;
  readonly workspace: string;
}

function preparation(state: string, origin: Pick<Origin, 'repo'>, more: Partial<Preparation> = {}): Preparation {
  const task = { id: 'fix-it', workspace: { repo: origin.repo, base: 'main' }, outputs: [] };
  return { state, dir: runIn(state), task, start: { kind: 'base' }, ...more };
}

async function prepare(state: string, origin: Pick<Origin, 'repo'>, more: Partial<Preparation> = {}): Promise<Run> {
  const given = preparation(state, origin, more);
  const prepared = await prepareWorkspace(given);
  if (!prepared) throw new Error('a clone was expected');
  return { ...prepared, dir: given.dir, workspace: given.dir.workspace };
}

async function seen(workspace: string) {
  const looked = await lookAtRepository(workspace);
  if (!looked.ok) throw new Error(looked.evidence);
  return looked.repository;
}

const trailers = (workspace: string, commit = 'HEAD'): Promise<string> =>
  agentGit(workspace, 'show', '-s', '--format=%(trailers:key=Outlive-Task)', commit);

async function commitFile(workspace: string, file: string, content: string): Promise<string> {
  await write(workspace, file, content);
  await agentGit(workspace, 'add', '--all');
  await agentGit(workspace, 'commit', '--quiet', '-m', `Change ${file}`);
  return agentGit(workspace, 'rev-parse', 'HEAD');
}

describe('a workspace', () => {
  it('is an empty folder for a task without a repository', async () => {
    const state = await tempFolder();
    const dir = runIn(state);
    expect(await prepareWorkspace({ state, dir, task: { id: 'fix-it', outputs: [] }, start: { kind: 'base' } })).toBeUndefined();
    expect(await readdir(dir.workspace)).toEqual([]);
    expect(await readdir(dir.tmp)).toEqual([]);
  });

  it('is a clone of the origin on the task’s branch, at its base', async () => {
    const [state, origin] = [await tempFolder(), await makeOrigin()];
    const base = await origin.at('refs/heads/main');
    const run = await prepare(state, origin);
    expect(run).toMatchObject({ base, head: base });
    expect(await seen(run.workspace)).toEqual({ branch: 'outlive/fix-it', head: base, base, commits: 0, dirty: 0 });
    expect(await agentGit(run.workspace, 'remote', 'get-url', 'origin')).toBe(origin.repo);
    expect(await agentGit(run.workspace, 'rev-parse', 'origin/main')).toBe(base);
    expect(await agentGit(run.workspace, 'branch', '--format=%(refname:short)')).toBe('outlive/fix-it');
  });

  it('has what was pushed since the last clone, and no branch that was deleted', async () => {
    const [state, origin] = [await tempFolder(), await makeOrigin()];
    await agentGit(origin.repo, 'branch', 'old', 'main');
    await prepare(state, origin);
    const moved = await origin.commit('new.txt', 'new');
    await agentGit(origin.repo, 'branch', '-D', 'old');
    await agentGit(origin.repo, 'branch', 'old/but-renamed', 'main');
    const run = await prepare(state, origin, { dir: runIn(state, 2) });
    expect(run.base).toBe(moved);
    expect(await agentGit(run.workspace, 'branch', '--remotes', '--format=%(refname:short)')).toBe('origin/main\norigin/old/but-renamed');
  });

  it('stands on its own objects: without the cache it is still whole', async () => {
    const [state, origin] = [await tempFolder(), await makeOrigin()];
    const run = await prepare(state, origin);
    await rm(repoCache(state, origin.repo), { recursive: true });
    await agentGit(run.workspace, 'fsck', '--full');
    expect(await readFile(join(run.workspace, 'shop.txt'), 'utf8')).toBe('one\ntwo\nthree\n');
  });

  it('can be made twice at once from a repository that the host has never seen', async () => {
    const [state, origin] = [await tempFolder(), await makeOrigin()];
    const runs = await Promise.all([1, 2].map((n) => prepare(state, origin, { dir: runIn(state, n) })));
    const base = await origin.at('refs/heads/main');
    expect(runs.map((run) => run.head)).toEqual([base, base]);
    for (const run of runs) await agentGit(run.workspace, 'fsck', '--full');
    expect((await readdir(join(state, 'cache'))).length).toBe(1);
  });

  it('refuses the agent’s pushes with words, and lets it fetch', async () => {
    const [state, origin] = [await tempFolder(), await makeOrigin()];
    const run = await prepare(state, origin);
    await expect(agentGit(run.workspace, 'push', 'origin', 'HEAD')).rejects.toThrow(/outlive-pushes-not-the-agent/);
    await agentGit(run.workspace, 'fetch', '--quiet', 'origin');
  });

  it('lets the agent push where the task says that it pushes', async () => {
    const [state, origin] = [await tempFolder(), await makeOrigin()];
    const task = { id: 'fix-it', workspace: { repo: origin.repo, base: 'main' }, outputs: [{ kind: 'push', by: 'agent' }] } as const;
    const run = await prepare(state, origin, { task });
    const head = await commitFile(run.workspace, 'fix.txt', 'fixed');
    await agentGit(run.workspace, 'push', '--quiet', 'origin', 'HEAD');
    expect(await origin.at('refs/heads/outlive/fix-it')).toBe(head);
  });
});

describe('a workspace that cannot be made', () => {
  it('says that its base does not exist', async () => {
    const [state, origin] = [await tempFolder(), await makeOrigin()];
    const task = { id: 'fix-it', workspace: { repo: origin.repo, base: 'mian' }, outputs: [] };
    await expect(prepareWorkspace(preparation(state, origin, { task }))).rejects.toMatchObject({
      stage: 'base',
      code: 'base_missing',
      message: expect.stringMatching(/The branch mian does not exist in/),
    });
  });

  it('carries git’s own words where the origin does not answer', async () => {
    const state = await tempFolder();
    await expect(prepareWorkspace(preparation(state, { repo: join(state, 'nowhere.git') }))).rejects.toMatchObject({
      stage: 'fetch',
      code: 'git_failed',
      stderr: expect.stringMatching(/does not appear to be a git repository/),
    });
  });

  it('says which bank is gone', async () => {
    const [state, origin] = [await tempFolder(), await makeOrigin()];
    const bank = { kind: 'bank', ref: 'refs/outlive/fix-it/run-1-0198c0de', head: 'a'.repeat(40), host: 'h1' } as const;
    const prepareFrom = (at: 'origin' | 'host') => prepareWorkspace(preparation(state, origin, { start: { ...bank, at } }));
    await expect(prepareFrom('origin')).rejects.toMatchObject({
      code: 'bank_missing',
      message: expect.stringMatching(/run-1-0198c0de at aaaaaaaaaaaa/),
    });
    await expect(prepareFrom('host')).rejects.toMatchObject({
      code: 'bank_missing',
      message: expect.stringMatching(/the cache of host h1/),
    });
  });

  it('leaves the clone of a run alone that was started', async () => {
    const [state, origin] = [await tempFolder(), await makeOrigin()];
    const { dir, workspace } = await prepare(state, origin);
    await write(workspace, 'work.txt', 'work');
    const identity = { taskId: 'fix-it', n: 1, workflowId: 'task/fix-it', workflowRunId: WORKFLOW_RUN };
    const supervisor = { pid: 1, startTime: 1 };
    await writeJournal(dir, { kind: 'prepared', ...identity, incarnation: incarnation(), mark: 'm', supervisor });
    await expect(prepare(state, origin)).rejects.toMatchObject({ stage: 'folder', code: 'already_used' });
    expect(await readFile(join(workspace, 'work.txt'), 'utf8')).toBe('work');
  });

  it('stops when it is no longer wanted', async () => {
    const [state, origin] = [await tempFolder(), await makeOrigin()];
    await expect(prepareWorkspace(preparation(state, origin, { signal: AbortSignal.abort('cancel') }))).rejects.toBeDefined();
  });
});

describe('a commit of the agent', () => {
  it('carries the task’s trailer exactly once, also when amended, and whoever Outlive was told to be', async () => {
    const [state, origin] = [await tempFolder(), await makeOrigin()];
    const run = await prepare(state, origin, { identity: { name: 'Bot', email: 'bot@example.org' } });
    await commitFile(run.workspace, 'fix.txt', 'fixed');
    expect(await trailers(run.workspace)).toBe('Outlive-Task: fix-it\n');
    await agentGit(run.workspace, 'commit', '--quiet', '--amend', '--no-edit', '--no-verify');
    await agentGit(run.workspace, 'commit', '--quiet', '--amend', '-m', 'Other words\n\nSigned-off-by: Bot <bot@example.org>');
    expect(await trailers(run.workspace)).toBe('Outlive-Task: fix-it\n');
    const message = await agentGit(run.workspace, 'show', '-s', '--format=%an <%ae>%n%B', 'HEAD');
    expect(message.trim()).toBe('Bot <bot@example.org>\nOther words\n\nSigned-off-by: Bot <bot@example.org>\nOutlive-Task: fix-it');
  });

  it('carries it when it is made in a subfolder', async () => {
    const run = await prepare(await tempFolder(), await makeOrigin());
    const sub = join(run.workspace, 'deep', 'down');
    await mkdir(sub, { recursive: true });
    await commitFile(sub, 'fix.txt', 'fixed');
    expect(await trailers(run.workspace)).toBe('Outlive-Task: fix-it\n');
  });

  it('carries it when it is a merge', async () => {
    const run = await prepare(await tempFolder(), await makeOrigin());
    await agentGit(run.workspace, 'checkout', '--quiet', '-b', 'side');
    await commitFile(run.workspace, 'side.txt', 'side');
    await agentGit(run.workspace, 'checkout', '--quiet', 'outlive/fix-it');
    await commitFile(run.workspace, 'fix.txt', 'fixed');
    await agentGit(run.workspace, 'merge', '--quiet', '--no-edit', 'side');
    expect(await agentGit(run.workspace, 'show', '-s', '--format=%s%n%(trailers:key=Outlive-Task)')).toBe(
      "Merge branch 'side' into outlive/fix-it\nOutlive-Task: fix-it\n",
    );
  });
});

describe('a later run', () => {
  async function bankByHand(run: Run, origin: Origin, ref: string): Promise<string> {
    const head = await commitFile(run.workspace, 'fix.txt', 'half of it');
    await agentGit(run.workspace, 'push', '--quiet', origin.repo, `HEAD:${ref}`);
    return head;
  }
  const ref = 'refs/outlive/fix-it/run-1-0198c0de';

  it('starts from the bank on another host and keeps the base of the first one, though the base has moved', async () => {
    const origin = await makeOrigin();
    const first = await prepare(await tempFolder(), origin);
    const head = await bankByHand(first, origin, ref);
    const moved = await origin.commit('other.txt', 'other');
    const state = await tempFolder();
    const start: StartPoint = { kind: 'bank', ref, head, at: 'origin', host: 'h1' };
    const second = await prepare(state, origin, { dir: runIn(state, 2), start });
    expect(second).toMatchObject({ base: first.base, head });
    expect(moved).not.toBe(first.base);
    expect(await seen(second.workspace)).toMatchObject({ branch: 'outlive/fix-it', head, base: first.base, commits: 1, dirty: 0 });
  });

  it('says that the branch was written anew where bank and base have nothing in common', async () => {
    const origin = await makeOrigin();
    const run = await prepare(await tempFolder(), origin);
    await agentGit(run.workspace, 'checkout', '--quiet', '--orphan', 'another-world');
    const head = await bankByHand(run, origin, ref);
    const state = await tempFolder();
    const start: StartPoint = { kind: 'bank', ref, head, at: 'origin', host: 'h1' };
    await expect(prepare(state, origin, { start })).rejects.toMatchObject({ stage: 'bank', code: 'unrelated_bank' });
  });
});

describe('a look at the repository', () => {
  it('counts commits since the base and paths that are not committed', async () => {
    const run = await prepare(await tempFolder(), await makeOrigin());
    await commitFile(run.workspace, 'one.txt', '1');
    const head = await commitFile(run.workspace, 'two.txt', '2');
    await write(run.workspace, 'one.txt', 'changed');
    await agentGit(run.workspace, 'mv', 'two.txt', 'renamed.txt');
    await write(run.workspace, 'a file with a space', 'new');
    expect(await seen(run.workspace)).toEqual({
      branch: 'outlive/fix-it',
      head,
      base: run.base,
      commits: 2,
      dirty: 4,
      diff: { files: 2, insertions: 2, deletions: 0 },
    });
  });

  async function conflicting(): Promise<Run> {
    const run = await prepare(await tempFolder(), await makeOrigin());
    await agentGit(run.workspace, 'checkout', '--quiet', '-b', 'side');
    await commitFile(run.workspace, 'shop.txt', 'side\n');
    await agentGit(run.workspace, 'checkout', '--quiet', 'outlive/fix-it');
    await commitFile(run.workspace, 'shop.txt', 'ours\n');
    return run;
  }

  it.each([
    ['merge', ['merge', 'side']],
    ['rebase', ['rebase', 'side']],
    ['cherry-pick', ['cherry-pick', 'side']],
    ['revert', ['revert', '--no-edit', 'HEAD~1', 'side']],
  ])('names a %s that was cut off', async (busy, command) => {
    const run = await conflicting();
    await agentGit(run.workspace, ...command).catch(() => undefined);
    expect(await seen(run.workspace)).toMatchObject({ busy });
  });

  it('names a bisect', async () => {
    const run = await conflicting();
    await agentGit(run.workspace, 'bisect', 'start');
    expect(await seen(run.workspace)).toMatchObject({ busy: 'bisect' });
  });

  it('names a lock on the index, and is not held up by it', async () => {
    const run = await conflicting();
    await writeFile(join(run.workspace, '.git', 'index.lock'), '');
    expect(await seen(run.workspace)).toMatchObject({ busy: 'index lock', dirty: 0 });
  });

  it('has no branch where the head is detached', async () => {
    const run = await conflicting();
    await agentGit(run.workspace, 'checkout', '--quiet', '--detach');
    expect(await seen(run.workspace)).not.toHaveProperty('branch');
  });

  it.each([
    ['the clone is gone', async (run: Run) => rm(run.workspace, { recursive: true })],
    ['its .git is gone', async (run: Run) => rm(join(run.workspace, '.git'), { recursive: true })],
    ['its head is broken', async (run: Run) => writeFile(join(run.workspace, '.git', 'HEAD'), 'nonsense')],
    ['it no longer says where it began', async (run: Run) => void (await agentGit(run.workspace, 'config', '--unset', 'outlive.base'))],
  ])('is no look where %s', async (_, destroy) => {
    const run = await conflicting();
    await destroy(run);
    expect(await lookAtRepository(run.workspace)).toEqual({ ok: false, evidence: expect.stringMatching(/^the clone /) });
  });
});
