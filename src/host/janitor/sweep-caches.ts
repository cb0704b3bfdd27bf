// The caches of repositories: bank refs in them that came from elsewhere and are not needed any more, and caches that
// nobody has used for long. A cache may be the only bank of a task, so it goes only once no bank ref is in it.

import { readdir, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import { taskWorkflowId } from '../../domain/names.ts';
import { sayError } from '../../domain/say-error.ts';
import { withRepoCache } from '../repo-cache.ts';
import { listRunDirs, repoCache } from '../state-dir.ts';
import { readRecords } from './bank-record.ts';
import { dropFromCache, type Refs, refsInCache } from './bank-refs.ts';
import type { DiskUse } from './disk-use.ts';
import { removeFolder } from './folder-removal.ts';
import { keyOfRun, type SurveyedRun } from './run-survey.ts';
import { isTimeOver, type Sweep } from './sweep.ts';

/** The folders in the place of caches that have this ending. */
export async function listCaches(state: string, ending: string): Promise<string[]> {
  const folder = join(state, 'cache');
  const entries = await readdir(folder, { withFileTypes: true }).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return [];
    throw error;
  });
  return entries.filter((entry) => entry.isDirectory() && entry.name.endsWith(ending)).map((entry) => join(folder, entry.name));
}

/** `uses` has what each cache takes, `runs` the runs that were there when the sweep began. */
export async function sweepCaches(sweep: Sweep, runs: readonly SurveyedRun[], uses: ReadonlyMap<string, DiskUse>): Promise<void> {
  const { state, now, swept, signal } = sweep;
  const used = new Set(runs.flatMap(({ banking }) => (banking?.task.workspace ? [repoCache(state, banking.task.workspace.repo)] : [])));
  for (const [cache, use] of uses) {
    signal.throwIfAborted();
    try {
      await dropFromCache(cache, await strangersOver(sweep, cache), signal);
      // When it was last used is read from its newest file, and to work in a clone writes nothing here.
      if (used.has(cache)) await utimes(cache, now / 1000, now / 1000);
      else if (now - use.newest >= sweep.terms.otherMs) await dropUnused(sweep, cache, use);
    } catch (error) {
      signal.throwIfAborted();
      swept.kept.push({
        run: cache,
        why: `the cache cannot be tidied up: ${sayError(error)}. Where nothing of it is needed, remove it by hand`,
      });
    }
  }
}

/** Runs that have a folder or a record: their refs go with those. */
async function knownRuns(state: string): Promise<ReadonlySet<string>> {
  const { records } = await readRecords(state);
  return new Set([...(await listRunDirs(state)).map(keyOfRun), ...records.map(({ taskId, run }) => `${taskId}/${run}`)]);
}

/** Refs of runs of other hosts, fetched to go on from there, or of folders that a person removed. */
async function strangersOver(sweep: Sweep, cache: string): Promise<Refs> {
  const refs = await refsInCache(cache);
  // After the refs: a run that banks just now has its folder before its ref.
  const known = await knownRuns(sweep.state);
  const over: Record<string, string> = {};
  for (const { ref, sha, taskId, run, committedAt } of refs) {
    if (known.has(`${taskId}/${run}`)) continue;
    if (await isTimeOver(sweep, taskWorkflowId(taskId), { done: false, closedAt: committedAt })) over[ref] = sha;
  }
  return over;
}

async function dropUnused({ swept, signal }: Sweep, cache: string, { bytes }: DiskUse): Promise<void> {
  const isDropped = await withRepoCache(
    cache,
    async () => {
      if ((await refsInCache(cache)).length > 0) return false;
      await removeFolder(cache);
      return true;
    },
    signal,
  );
  if (!isDropped) return;
  swept.caches.push(cache);
  swept.freedBytes += bytes;
}
