// Is a work's whole change in the base already, whatever became of its branch? By patch-id, so that a rebase or a squash
// counts as well as a merge.

import { git } from './git.ts';
import { fetchIntoCache, withRepoCache } from './repo-cache.ts';

export interface Work {
  /** The host's bare cache of the repository, and where it comes from. */
  readonly cache: string;
  readonly repo: string;
  readonly base: string;
  /** The newest commit of the work, and the ref at the origin that keeps it. */
  readonly head: string;
  readonly ref?: string;
  readonly signal?: AbortSignal | undefined;
}

/** How it came into the base; undefined where it did not, or nobody can say. */
export async function mergedAs({ cache, repo, base, head, ref, signal }: Work): Promise<'merge' | 'rebase' | 'squash' | undefined> {
  return withRepoCache(
    cache,
    async () => {
      const branches = await fetchIntoCache(cache, repo, ['+refs/heads/*:refs/heads/*'], { prune: true, signal });
      if (!branches.ok) return undefined;
      const inCache = async (...args: readonly string[]) => {
        const result = await git([`--git-dir=${cache}`, ...args], { signal });
        return result.ok ? result.stdout.trim() : undefined;
      };
      if ((await inCache('cat-file', '-e', `${head}^{commit}`)) === undefined) {
        if (ref === undefined || !(await fetchIntoCache(cache, repo, [`+${ref}:${ref}`], { signal })).ok) return undefined;
      }
      const tip = `refs/heads/${base}`;
      const began = await inCache('merge-base', tip, head);
      if (began === undefined) return undefined;
      if (began === head) return 'merge';
      if (isAllThere(await inCache('cherry', tip, head))) return 'rebase';
      // One commit with the whole change: what a squash merge would have made of it.
      const squashed = await inCache(...NOBODY, 'commit-tree', `${head}^{tree}`, '-p', began, '-m', 'squashed');
      return squashed !== undefined && isAllThere(await inCache('cherry', tip, squashed)) ? 'squash' : undefined;
    },
    signal,
  );
}

const NOBODY = ['-c', 'user.name=Outlive', '-c', 'user.email=outlive@localhost'];

/** `git cherry` writes a minus before each commit whose change the base has. */
const isAllThere = (listed: string | undefined): boolean =>
  listed !== undefined && listed !== '' && listed.split('\n').every((line) => line.startsWith('- '));
