// What a run leaves is put where it survives the host: its commits under one ref, its uncommitted work under a second one.
// Everything goes through the host's bare cache. The agent may have rewritten its clone's configuration, and Outlive's
// credentials must only ever meet one that no agent could write to.

import { copyFile, mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { bankRef, wipRef } from '../domain/names.ts';
import type { BankSeen } from '../domain/output.ts';
import type { Task } from '../domain/task.ts';
import { GitError, type GitOptions, git, gitInWorkspace, gitOrThrow } from './git.ts';
import { remoteHeads } from './remote.ts';
import { fetchIntoCache, withRepoCache } from './repo-cache.ts';
import { type RunDir, repoCache } from './state-dir.ts';
import { lookAtRepository } from './workspace.ts';

export interface Banking {
  readonly dir: RunDir;
  readonly task: Pick<Task, 'id' | 'workspace' | 'bank'>;
  readonly workflowRunId: string;
  readonly n: number;
  readonly host: string;
}

interface Left {
  readonly head: string;
  readonly wip: string | undefined;
}

/** Banks what lies in the run's clone now, as often as it is called. Leaves the clone's index, head and files alone. Never throws. */
export async function bankRun(banking: Banking): Promise<BankSeen> {
  const { dir, task, workflowRunId, n, host } = banking;
  if (!task.workspace) return { state: 'nothing' };
  try {
    const looked = await lookAtRepository(dir.workspace);
    if (!looked.ok) return { state: 'failed', evidence: looked.evidence };
    const { head, commits } = looked.repository;
    const wip = await commitUncommitted(dir, head);
    if (commits === 0 && !wip) return { state: 'nothing' };
    const ref = bankRef(task.id, workflowRunId, n);
    const cache = repoCache(dir.state, task.workspace.repo);
    await intoCache(cache, dir.workspace, ref, { head, wip });
    if (task.bank === 'origin') await toOrigin(cache, task.workspace.repo, ref, { head, wip });
    return { state: 'banked', ref, head, at: task.bank, host, ...(wip ? { wip } : {}) };
  } catch (error) {
    const words = error instanceof GitError ? error.summary : String(error);
    return { state: 'failed', evidence: `what run ${n} left lies only on host ${host}: ${words}`.slice(0, 300) };
  }
}

/**
 * A commit of all that is changed or new and not ignored, or undefined where there is nothing. Made with an index of its
 * own, so that a merge in progress, a lock and the agent's staging stay as they are. The date is its parent's: the same
 * work gives the same commit. Branches and stashes that neither the head nor the origin has become further parents,
 * because a rebase that was cut off leaves the work there.
 */
async function commitUncommitted({ root, workspace }: RunDir, head: string): Promise<string | undefined> {
  const scratch = await mkdtemp(join(root, 'bank-'));
  try {
    const env = { GIT_INDEX_FILE: join(scratch, 'index') };
    const hasIndex = await copyFile(join(workspace, '.git', 'index'), env.GIT_INDEX_FILE).then(
      () => true,
      () => false,
    );
    if (!hasIndex) await inClone(workspace, ['read-tree', head], env);
    const added = await gitInWorkspace(workspace, ['add', '--all', '--ignore-errors', '--', '.'], { env });
    const tree = await inClone(workspace, ['write-tree'], env);
    const aside = await tipsAside(workspace);
    if (aside.length === 0 && tree === (await inClone(workspace, ['rev-parse', `${head}^{tree}`]))) {
      if (!added.ok) throw new GitError(added);
      return undefined;
    }
    const message = `Uncommitted work of an Outlive run\n${added.ok ? '' : `\nNot all of it could be read:\n${added.stderr}\n`}`;
    const parents = [head, ...aside].flatMap((parent) => ['-p', parent]);
    const date = `@${await inClone(workspace, ['show', '--no-patch', '--format=%ct', head])} +0000`;
    return await inClone(workspace, ['commit-tree', tree, ...parents, '-m', message], {
      ...env,
      GIT_AUTHOR_NAME: 'Outlive',
      GIT_AUTHOR_EMAIL: 'outlive@localhost',
      GIT_AUTHOR_DATE: date,
      GIT_COMMITTER_NAME: 'Outlive',
      GIT_COMMITTER_EMAIL: 'outlive@localhost',
      GIT_COMMITTER_DATE: date,
    });
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

async function tipsAside(workspace: string): Promise<string[]> {
  const listed = await inClone(workspace, ['for-each-ref', '--format=%(objectname)', '--no-merged=HEAD', 'refs/heads', 'refs/stash']);
  const tips = [...new Set(listed.split('\n').filter((sha) => sha !== ''))];
  const own = await Promise.all(tips.map((tip) => inClone(workspace, ['rev-list', '--max-count=1', tip, '--not', 'HEAD', '--remotes'])));
  return tips.filter((_, place) => own[place] !== '');
}

async function inClone(workspace: string, args: readonly string[], env?: GitOptions['env']): Promise<string> {
  const result = await gitInWorkspace(workspace, args, { env });
  if (!result.ok) throw new GitError(result);
  return result.stdout;
}

async function intoCache(cache: string, workspace: string, ref: string, { head, wip }: Left): Promise<void> {
  const refspecs = [`+${head}:${ref}`, ...(wip ? [`+${wip}:${wipRef(ref)}`] : [])];
  await withRepoCache(cache, async () => {
    const fetched = await fetchIntoCache(cache, join(workspace, '.git'), refspecs);
    if (!fetched.ok) throw new GitError(fetched);
    // What was uncommitted at an earlier bank of this run is committed or dropped by now.
    if (!wip) await gitOrThrow([`--git-dir=${cache}`, 'update-ref', '-d', wipRef(ref)]);
  });
}

/** Each run has refs of its own, so nobody else's work can be overwritten, and force is right. */
async function toOrigin(cache: string, repo: string, ref: string, { head, wip }: Left): Promise<void> {
  const stands = async () => refsAt(repo, [ref, wipRef(ref)]);
  const before = await stands();
  if (isBanked(before, ref, { head, wip })) return;
  const dropsWip = !wip && before.has(wipRef(ref));
  const refspecs = [`+${head}:${ref}`, ...(wip ? [`+${wip}:${wipRef(ref)}`] : []), ...(dropsWip ? [`:${wipRef(ref)}`] : [])];
  const pushed = await git([`--git-dir=${cache}`, 'push', '--quiet', '--no-verify', '--', repo, ...refspecs]);
  // An answer that got lost on its way is no failure: what stands there now decides.
  if (!pushed.ok && !isBanked(await stands().catch(() => new Map()), ref, { head, wip })) throw new GitError(pushed);
}

function isBanked(refs: ReadonlyMap<string, string>, ref: string, { head, wip }: Left): boolean {
  return refs.get(ref) === head && refs.get(wipRef(ref)) === wip;
}

async function refsAt(repo: string, patterns: readonly string[], env?: GitOptions['env']): Promise<Map<string, string>> {
  const listed = await gitOrThrow(['ls-remote', '--quiet', '--', repo, ...patterns], { env });
  const lines = listed.split('\n').filter((line) => line !== '');
  return new Map(lines.map((line) => line.split('\t')).map(([sha = '', ref = '']) => [ref, sha]));
}

export interface BankedRun {
  readonly ref: string;
  readonly head: string;
  readonly wip?: string;
  readonly n: number;
}
export type BankLook = { readonly ok: true; readonly refs: readonly BankedRun[] } | { readonly ok: false; readonly evidence: string };

/**
 * What is banked of a task at the origin (or in a cache: `repo` may be its path), highest number of run first. Numbers are
 * only comparable within one Temporal run: with `workflowRunId` all others are left out.
 */
export async function lookAtBank(asked: {
  readonly repo: string;
  readonly taskId: string;
  readonly workflowRunId?: string;
  readonly env?: GitOptions['env'];
}): Promise<BankLook> {
  const { repo, taskId, workflowRunId, env } = asked;
  let refs: Map<string, string>;
  try {
    refs = await refsAt(repo, [`refs/outlive/${taskId}/run-*`], env);
  } catch (error) {
    return { ok: false, evidence: `the bank could not be asked: ${(error as Error).message}` };
  }
  const found = [...refs].flatMap(([ref, head]): BankedRun[] => {
    const n = Number(/\/run-(\d+)-[^/]+$/.exec(ref)?.[1]);
    const isOurs = ref === bankRef(taskId, workflowRunId ?? ref.split('-').at(-1) ?? '', n);
    const wip = refs.get(wipRef(ref));
    return isOurs ? [{ ref, head, n, ...(wip ? { wip } : {}) }] : [];
  });
  return { ok: true, refs: found.sort((one, other) => other.n - one.n) };
}

/**
 * The repository that has the commit: a cache, into which `bankRef` is fetched from the origin where it lacks it, or an
 * agent's clone, from whose objects is borrowed in a folder of its run: what a killed worker leaves there goes with the run.
 */
export type PushSource = {
  readonly gitDir: string;
  /** A sha, or any name that git resolves there. */
  readonly from: string;
} & ({ readonly bankRef: string } | { readonly borrowIn: string });

export type Push = PushSource & {
  readonly repo: string;
  readonly branch: string;
  /** The sha that must stand there now, or that nothing may. */
  readonly expected: string;
  readonly env?: GitOptions['env'];
};

/** `foreign`: something else stands there (`head`: a sha, or `absent`), and nothing was changed. `failed`: nothing is known to have been changed. */
export type Pushed =
  | { readonly kind: 'pushed'; readonly head: string }
  | { readonly kind: 'already'; readonly head: string }
  | { readonly kind: 'foreign'; readonly head: string }
  | { readonly kind: 'failed'; readonly evidence: string };

/** Compare-and-swap of one branch at the origin. Whatever git says of a failure, the remote is read again before this does. */
export async function pushBranch(push: Push): Promise<Pushed> {
  try {
    const head = await commitToPush(push);
    return 'borrowIn' in push
      ? await borrowed(push, push.borrowIn, (gitDir, env) => pushFrom(gitDir, { ...push, env }, head))
      : await pushFrom(push.gitDir, push, head);
  } catch (error) {
    return { kind: 'failed', evidence: (error as Error).message };
  }
}

async function pushFrom(gitDir: string, push: Push, head: string): Promise<Pushed> {
  const { repo, branch, expected, env } = push;
  const lease = `--force-with-lease=refs/heads/${branch}:${expected === 'absent' ? '' : expected}`;
  const pushed = await git([`--git-dir=${gitDir}`, 'push', '--porcelain', lease, '--', repo, `${head}:refs/heads/${branch}`], { env });
  if (pushed.ok) return { kind: /^=\t/m.test(pushed.stdout) ? 'already' : 'pushed', head };
  return await whatStandsThere(push, head, pushed.summary);
}

/** An empty repository that only borrows the objects: the source is an agent's clone, with its configuration. */
async function borrowed<T>(
  { gitDir, env }: Push,
  folder: string,
  use: (scratch: string, env: NonNullable<GitOptions['env']>) => Promise<T>,
): Promise<T> {
  const scratch = await mkdtemp(join(folder, 'push-'));
  try {
    await gitOrThrow(['init', '--quiet', '--bare', '--template=', scratch]);
    return await use(scratch, { ...env, GIT_ALTERNATE_OBJECT_DIRECTORIES: join(gitDir, 'objects') });
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

async function whatStandsThere({ repo, branch, expected }: Push, head: string, words: string): Promise<Pushed> {
  const looked = await remoteHeads(repo, [branch]);
  if (!looked.ok) return { kind: 'failed', evidence: `${words}; whether it arrived is not known, because then ${looked.evidence}` };
  const there = looked.heads.get(branch) ?? 'absent';
  if (there === head) return { kind: 'already', head };
  return there === expected ? { kind: 'failed', evidence: words } : { kind: 'foreign', head: there };
}

async function commitToPush(push: Push): Promise<string> {
  const { gitDir, from, repo, env } = push;
  const resolve = () => git([`--git-dir=${gitDir}`, 'rev-parse', '--verify', '--quiet', `${from}^{commit}`]);
  const here = await resolve();
  if (here.ok) return here.stdout;
  if ('borrowIn' in push) throw new Error(`${gitDir} has no commit ${from}, and no bank was named to fetch it from`);
  const { bankRef: banked } = push;
  const fetched = await withRepoCache(gitDir, () => fetchIntoCache(gitDir, repo, [`+${banked}:${banked}`], { env }));
  const now = fetched.ok ? await resolve() : fetched;
  if (!now.ok) throw new Error(`${banked} does not give the commit ${from}: ${now.summary}`);
  return now.stdout;
}
