// The clone that a run works in: its own, from the host's cache, with nothing in it that could publish. A clone stands on
// its own objects (hard links, no alternates), so it outlives its cache.
//
// Limit of the trailer's hook: a repository that sets core.hooksPath itself (husky does, on install) puts its own hooks in
// the place of ours, and commits after that carry no trailer. No probe rests on the trailer; it is a hint for people.

import { mkdir, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { TASK_TRAILER, taskBranch } from '../domain/names.ts';
import type { DiffSize, RepositorySeen } from '../domain/output.ts';
import { isPart } from '../domain/plan.ts';
import type { StartPoint } from '../domain/run.ts';
import type { Task, Workspace } from '../domain/task.ts';
import { type GitResult, git, gitInWorkspace } from './git.ts';
import { readJournal } from './journal.ts';
import { fetchIntoCache, withRepoCache } from './repo-cache.ts';
import { type RunDir, repoCache } from './state-dir.ts';

export type WorkspaceStage = 'folder' | 'fetch' | 'base' | 'bank' | 'clone' | 'checkout' | 'restore';
/** `git_failed`: `stderr` has git's words. The others are verdicts of Outlive's own. */
export type WorkspaceErrorCode = 'git_failed' | 'base_missing' | 'bank_missing' | 'unrelated_bank' | 'already_used';

/** A run's clone could not be made; the agent was not started. */
export class WorkspaceError extends Error {
  override readonly name = 'WorkspaceError';
  readonly stage: WorkspaceStage;
  readonly code: WorkspaceErrorCode;
  readonly stderr: string;

  constructor(stage: WorkspaceStage, code: WorkspaceErrorCode, message: string, stderr = '') {
    super(message);
    this.stage = stage;
    this.code = code;
    this.stderr = stderr;
  }
}

/** Who stands as author of an agent's commits. */
export interface Identity {
  readonly name: string;
  readonly email: string;
}
const NOBODY_IN_PARTICULAR: Identity = { name: 'Outlive', email: 'outlive@localhost' };

/** Git finds no helper for this scheme and says its name: the agent reads why its push does not work. */
const NO_PUSH = 'outlive-pushes-not-the-agent://';
const BASE_SETTING = 'outlive.base';

export interface Preparation {
  readonly state: string;
  readonly dir: RunDir;
  readonly task: Pick<Task, 'id' | 'workspace' | 'outputs' | 'step'>;
  readonly start: StartPoint;
  readonly identity?: Identity | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Shas. `base` is where the task's first run began, `head` where this one begins. */
export interface Prepared {
  readonly base: string;
  readonly head: string;
}

/** Makes the run's folders and its clone; an empty folder, and undefined, for a task without a repository. Throws WorkspaceError. */
export async function prepareWorkspace(preparation: Preparation): Promise<Prepared | undefined> {
  const { state, dir, task, signal } = preparation;
  if ((await readJournal(dir)).kind !== 'missing') {
    throw new WorkspaceError(
      'folder',
      'already_used',
      `${dir.root} belongs to a run that was started; it is adopted or settled, not prepared again.`,
    );
  }
  await rm(dir.workspace, { recursive: true, force: true });
  await mkdir(dir.workspace, { recursive: true });
  await mkdir(dir.tmp, { recursive: true });
  const { workspace } = task;
  if (!workspace) return undefined;
  const cache = repoCache(state, workspace.repo);
  // The clone is made with the cache in hand too: housekeeping must not repack objects while they are being linked.
  const prepared = await withRepoCache(cache, () => cloneFromCache(cache, workspace, preparation), signal);
  await checkOut(preparation, prepared, workspace.repo);
  return prepared;
}

async function cloneFromCache(cache: string, workspace: Workspace, preparation: Preparation): Promise<Prepared> {
  const { dir, start, signal } = preparation;
  const mirror = ['+refs/heads/*:refs/heads/*', '+refs/tags/*:refs/tags/*'];
  expect('fetch', await fetchIntoCache(cache, workspace.repo, mirror, { prune: true, signal }));
  const tip = await git([`--git-dir=${cache}`, 'rev-parse', '--verify', '--quiet', `refs/heads/${workspace.base}^{commit}`]);
  if (!tip.ok) {
    const words = `The branch ${workspace.base} does not exist in ${workspace.repo}. Create it, or name another base in the task's workspace.`;
    throw new WorkspaceError('base', 'base_missing', words, tip.stderr);
  }
  const prepared =
    start.kind === 'base' ? { base: tip.stdout, head: tip.stdout } : await fromBank(cache, workspace, start, tip.stdout, signal);
  // A step of a task counts what is newer than itself; the last one counts all of it.
  const base = isPart(preparation.task) ? (preparation.task.step?.since ?? prepared.base) : prepared.base;
  const settings = cloneSettings(preparation, base).flatMap((setting) => ['--config', setting]);
  expect(
    'clone',
    await git(['clone', '--quiet', '--local', '--no-checkout', '--template=', ...settings, '--', cache, dir.workspace], { signal }),
  );
  return prepared;
}

type BankStart = Extract<StartPoint, { kind: 'bank' }>;

async function fromBank(cache: string, workspace: Workspace, start: BankStart, tip: string, signal?: AbortSignal): Promise<Prepared> {
  const wanted = [start.head, ...(start.wip ? [start.wip] : [])];
  const isHere = async () =>
    (await Promise.all(wanted.map((sha) => git([`--git-dir=${cache}`, 'cat-file', '-e', `${sha}^{commit}`])))).every(({ ok }) => ok);
  if (!(await isHere()) && start.at === 'origin') {
    const refspecs = [`+${start.ref}*:${start.ref}*`];
    expect('bank', await fetchIntoCache(cache, workspace.repo, refspecs, { signal }));
  }
  if (!(await isHere())) {
    const where = start.at === 'origin' ? workspace.repo : `the cache of host ${start.host}`;
    throw new WorkspaceError(
      'bank',
      'bank_missing',
      `${start.ref} at ${start.head.slice(0, 12)} is not to be had from ${where}: start from an older bank or from the base.`,
    );
  }
  // The base branch may have moved on since the first run; what the runs have in common with it is where they began.
  const common = await git([`--git-dir=${cache}`, 'merge-base', tip, start.head]);
  if (!common.ok) {
    const words = `${start.ref} has no commit in common with ${workspace.base}: the branch was written anew. Start from the base.`;
    throw new WorkspaceError('bank', 'unrelated_bank', words, common.stderr);
  }
  return { base: common.stdout, head: start.head };
}

function cloneSettings({ dir, task, identity = NOBODY_IN_PARTICULAR }: Preparation, base: string): string[] {
  const agentPushes = task.outputs.some(({ kind, by }) => (kind === 'push' || kind === 'pull_request') && by === 'agent');
  return [
    `${BASE_SETTING}=${base}`,
    `user.name=${identity.name}`,
    `user.email=${identity.email}`,
    // The host's user signs with a key that is not this identity's, or with a passphrase that nobody is there to type.
    'commit.gpgSign=false',
    'tag.gpgSign=false',
    `core.hooksPath=${hooksFolder(dir)}`,
    ...(agentPushes ? [] : [`remote.origin.pushurl=${NO_PUSH}`]),
  ];
}

async function checkOut({ dir, task, start, signal }: Preparation, { head }: Prepared, repo: string): Promise<void> {
  const inClone = (args: readonly string[]) => git(args, { cwd: dir.workspace, signal });
  expect('checkout', await inClone(['config', 'remote.origin.url', repo]));
  await mkdir(hooksFolder(dir), { recursive: true });
  await writeFile(join(hooksFolder(dir), 'prepare-commit-msg'), trailerHook(task.id), { mode: 0o755 });
  expect('checkout', await inClone(['checkout', '--quiet', '--no-track', '-B', taskBranch(task.id), head]));
  if (start.kind !== 'bank' || !start.wip) return;
  // The work tree becomes the banked one, deletions included; then the index alone goes back, and the difference is dirty.
  expect('restore', await inClone(['read-tree', '-u', '--reset', start.wip]));
  expect('restore', await inClone(['reset', '--quiet', '--mixed', head]));
}

const hooksFolder = (dir: RunDir): string => join(dir.workspace, '.git', 'hooks');

/** Not commit-msg, which --no-verify skips. Never stops a commit: the trailer is worth less than the work. */
const trailerHook = (taskId: string): string => `#!/bin/sh
# Outlive: marks each commit with its task, once. A merge's message has no line end, and the trailer would become its subject.
[ -z "$(tail -c 1 "$1")" ] || echo >> "$1"
git -c trailer.separators=: interpret-trailers --in-place --if-exists addIfDifferent --if-missing add \\
  --trailer '${TASK_TRAILER}: ${taskId}' "$1" || true
`;

function expect(stage: WorkspaceStage, result: GitResult): void {
  if (!result.ok)
    throw new WorkspaceError(stage, 'git_failed', `The workspace could not be made (${stage}): ${result.summary}`, result.stderr);
}

export type RepositoryLook = { readonly ok: true; readonly repository: RepositorySeen } | { readonly ok: false; readonly evidence: string };

/** What a run's clone looks like now. Changes nothing and takes no lock, so it may be asked while the agent works. */
export async function lookAtRepository(workspace: string): Promise<RepositoryLook> {
  const status = await gitInWorkspace(workspace, [
    'status',
    '--porcelain=v2',
    '--branch',
    '-z',
    '--no-renames',
    '--untracked-files=normal',
  ]);
  if (!status.ok) return { ok: false, evidence: `the clone cannot be read: ${status.summary}` };
  const lines = status.stdout.split('\0').filter((line) => line !== '');
  const header = (name: string) => lines.find((line) => line.startsWith(`# ${name} `))?.slice(name.length + 3);
  const [head, branch] = [header('branch.oid'), header('branch.head')];
  const base = await gitInWorkspace(workspace, ['config', '--get', BASE_SETTING]);
  if (!base.ok) return { ok: false, evidence: `the clone does not say where it began (${BASE_SETTING}): its configuration was changed` };
  const commits = await gitInWorkspace(workspace, ['rev-list', '--count', `${base.stdout}..HEAD`, '--']);
  if (!commits.ok || !head) return { ok: false, evidence: `the clone has no readable head: ${commits.ok ? 'no commit' : commits.summary}` };
  const busy = await operationIn(join(workspace, '.git'));
  const diff = Number(commits.stdout) > 0 ? await diffSize(workspace, base.stdout) : undefined;
  const repository = {
    ...(branch && branch !== '(detached)' ? { branch } : {}),
    head,
    base: base.stdout,
    commits: Number(commits.stdout),
    dirty: lines.filter((line) => !line.startsWith('# ')).length,
    ...(diff ? { diff } : {}),
    ...(busy ? { busy } : {}),
  };
  return { ok: true, repository };
}

/** What the commits since `base` change; undefined where git cannot say it. */
async function diffSize(workspace: string, base: string): Promise<DiffSize | undefined> {
  const stat = await gitInWorkspace(workspace, ['diff', '--shortstat', '--no-ext-diff', base, 'HEAD', '--']);
  if (!stat.ok) return undefined;
  const number = (of: RegExp) => Number(of.exec(stat.stdout)?.[1] ?? 0);
  return { files: number(/(\d+) files? changed/), insertions: number(/(\d+) insertion/), deletions: number(/(\d+) deletion/) };
}

/** The commits since `base` and the files that they change, as git says it; undefined where it cannot. */
export async function workSince(workspace: string, base: string): Promise<string | undefined> {
  const [commits, files] = await Promise.all([
    gitInWorkspace(workspace, ['log', '--oneline', '--no-decorate', '--max-count=20', `${base}..HEAD`, '--']),
    gitInWorkspace(workspace, ['diff', '--stat=100', base, '--']),
  ]);
  return commits.ok && files.ok ? `${commits.stdout}\n${files.stdout}` : undefined;
}

/** A rebase stops with a CHERRY_PICK_HEAD or a MERGE_HEAD of its own: it is asked for first. */
const OPERATIONS = [
  ['rebase-merge', 'rebase'],
  ['rebase-apply', 'rebase'],
  ['MERGE_HEAD', 'merge'],
  ['CHERRY_PICK_HEAD', 'cherry-pick'],
  ['REVERT_HEAD', 'revert'],
  ['sequencer', 'cherry-pick'],
  ['BISECT_LOG', 'bisect'],
  ['index.lock', 'index lock'],
] as const;

async function operationIn(gitDir: string): Promise<(typeof OPERATIONS)[number][1] | undefined> {
  for (const [file, operation] of OPERATIONS) {
    if (
      await stat(join(gitDir, file)).then(
        () => true,
        () => false,
      )
    )
      return operation;
  }
  return undefined;
}
