// Bank refs that are not needed any more: which there are in a cache, and how they go, each only where it still stands at
// the commit that is expected.

import { stat } from 'node:fs/promises';
import { git, gitOrThrow } from '../git.ts';
import { remoteRefs } from '../remote.ts';
import { withRepoCache } from '../repo-cache.ts';

/** Full name of the ref → commit. */
export type Refs = Readonly<Record<string, string>>;

/** `run` is the name of the run's folder. `committedAt` in milliseconds since 1970. */
export interface CachedRef {
  readonly ref: string;
  readonly sha: string;
  readonly taskId: string;
  readonly run: string;
  readonly committedAt: number;
}

const BANK_REF = /^refs\/outlive\/([^/]+)\/run-(\d+-[^-]+)(?:-wip)?$/;
const ASK_MS = 60_000;
/** A command has its limits. */
const REFS_A_PUSH = 200;

/** Every bank ref in the cache, or only those named. A cache that is not there has none. Throws GitError. */
export async function refsInCache(cache: string, only: readonly string[] = ['refs/outlive/']): Promise<CachedRef[]> {
  if (!(await isThere(cache))) return [];
  const format = '--format=%(objectname) %(committerdate:unix) %(refname)';
  const listed = await gitOrThrow([`--git-dir=${cache}`, 'for-each-ref', format, ...only]);
  return listed.split('\n').flatMap((line) => {
    const [sha = '', seconds = '', ref = ''] = line.split(' ');
    const [, taskId, run] = BANK_REF.exec(ref) ?? [];
    return taskId && run ? [{ ref, sha, taskId, run, committedAt: Number(seconds) * 1000 }] : [];
  });
}

/** Ones that have moved on since, or are gone, stay as they are. */
export async function dropFromCache(cache: string, refs: Refs, signal: AbortSignal): Promise<void> {
  if (!(await isThere(cache))) return;
  // The cache is given back after each: a run may be waiting for it.
  for (const [ref, sha] of Object.entries(refs))
    await withRepoCache(cache, () => git([`--git-dir=${cache}`, 'update-ref', '-d', ref, sha], { signal }), signal);
}

/** `left`: still there, with git's words why. Refs that are gone, or that stand at another commit, are none of ours any more. */
export interface DroppedAtOrigin {
  readonly left: ReadonlySet<string>;
  readonly why: string;
}

/** All of them in one push. */
export async function dropAtOrigin(repo: string, cache: string, refs: Refs, signal: AbortSignal): Promise<DroppedAtOrigin> {
  const all = Object.entries(refs);
  const left = new Set<string>();
  let why = '';
  // Git pushes from a repository only, though nothing of it is needed to delete.
  if (all.length > 0) await withRepoCache(cache, async () => {}, signal);
  for (let from = 0; from < all.length; from += REFS_A_PUSH) {
    const some = all.slice(from, from + REFS_A_PUSH);
    const names = some.map(([ref]) => ref);
    const leases = some.map(([ref, sha]) => `--force-with-lease=${ref}:${sha}`);
    const push = [`--git-dir=${cache}`, 'push', '--porcelain', '--no-verify', ...leases, '--', repo, ...names.map((ref) => `:${ref}`)];
    const pushed = await git(push, { timeoutMs: ASK_MS, signal });
    if (pushed.ok) continue;
    // One that is gone already, or is another's by now, makes the push fail too: what stands there decides.
    const there = await remoteRefs(repo, names, signal);
    why = there.ok ? pushed.summary : there.evidence;
    for (const [ref, sha] of some) if (!there.ok || there.heads.get(ref) === sha) left.add(ref);
  }
  return { left, why };
}

const isThere = (path: string): Promise<boolean> =>
  stat(path).then(
    () => true,
    () => false,
  );
