// The janitor's round on a host: folders of runs, then banks that nobody needs any more, then caches. Every step may be
// cut off, also by a kill: what it leaves is what the next round begins with.

import { readdir, rmdir } from 'node:fs/promises';
import { join } from 'node:path';
import { createDiskMeter, type DiskUse } from './janitor/disk-use.ts';
import { GONE, removeGone } from './janitor/folder-removal.ts';
import { type SurveyedRun, surveyRuns } from './janitor/run-survey.ts';
import type { Sweep, Sweeping, Swept } from './janitor/sweep.ts';
import { sweepBanks } from './janitor/sweep-banks.ts';
import { listCaches, sweepCaches } from './janitor/sweep-caches.ts';
import { type MeasuredRun, sayNotRemoved, sweepRuns } from './janitor/sweep-runs.ts';
import { createTaskLooks } from './janitor/task-looks.ts';
import { listRunDirs } from './state-dir.ts';

/** Where `signal` ends it, it resolves with what was done until then. Rejects where the state folder cannot be read. */
export async function sweepHost(sweeping: Sweeping): Promise<Swept> {
  const looks = createTaskLooks(sweeping.ask, sweeping.signal);
  const sweep: Sweep = { ...sweeping, looks, swept: { dropped: [], kept: [], caches: [], freedBytes: 0 } };
  try {
    await goRound(sweep);
  } catch (error) {
    if (!sweep.signal.aborted) throw error;
  }
  const silence = looks.silence();
  if (silence !== undefined) sweep.swept.kept.push({ run: join(sweep.state, 'runs'), why: saySilence(silence) });
  return sweep.swept;
}

const saySilence = (why: string): string =>
  `the server did not tell of all tasks (${why}), and nothing is dropped of those; asked again at the next sweep`;

async function goRound(sweep: Sweep): Promise<void> {
  const { state, signal } = sweep;
  const left = await removeLeftovers(sweep);
  const surveyed = await surveyRuns(state);
  const measure = createDiskMeter(signal);
  const caches = new Map<string, DiskUse>();
  // First: objects that a clone has in common with the cache are not what its end would free.
  for (const cache of await listCaches(state, '.git')) caches.set(cache, await measure(cache));
  const runs = await measureRuns(sweep, surveyed, measure);
  const resisting: DiskUse[] = [];
  for (const path of left) resisting.push(await measure(path));
  const usedBytes = [...caches.values(), ...runs, ...resisting].reduce((sum, { bytes }) => sum + bytes, 0);
  await sweepRuns(sweep, runs, usedBytes);
  await sweepBanks(sweep);
  await sweepCaches(sweep, surveyed, caches);
  await removeEmptyTasks(state);
}

/** Folders whose removal was cut off. Gives those that resist it. */
async function removeLeftovers({ state, swept }: Sweep): Promise<string[]> {
  const runs = (await listRunDirs(state)).map(({ root }) => root).filter((root) => root.endsWith(GONE));
  const resisting: string[] = [];
  for (const path of [...runs, ...(await listCaches(state, GONE))]) {
    await removeGone(path).catch((error) => {
      resisting.push(path);
      swept.kept.push({ run: path, why: sayNotRemoved(error) });
    });
  }
  return resisting;
}

async function measureRuns(
  { looks }: Sweep,
  surveyed: readonly SurveyedRun[],
  measure: (folder: string) => Promise<DiskUse>,
): Promise<MeasuredRun[]> {
  const seen = await looks.all(surveyed.map(({ workflowId }) => workflowId));
  const runs: MeasuredRun[] = [];
  for (const [index, run] of surveyed.entries()) {
    const look = seen[index];
    if (look) runs.push({ ...run, look, bytes: (await measure(run.dir.root)).bytes });
  }
  return runs;
}

/** Only an empty folder can be removed so. */
async function removeEmptyTasks(state: string): Promise<void> {
  const folder = join(state, 'runs');
  const tasks = await readdir(folder).catch(() => []);
  for (const task of tasks) await rmdir(join(folder, task)).catch(() => undefined);
}
