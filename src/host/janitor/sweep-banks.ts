// Banks of runs whose folders are gone, once the time of their tasks is over: at the origin, then in the cache, then the
// record. An origin that does not answer is asked again at the next sweep.

import { listRunDirs, repoCache } from '../state-dir.ts';
import { type BankRecord, readRecords, recordPath, removeRecord } from './bank-record.ts';
import { type DroppedAtOrigin, dropAtOrigin, dropFromCache, type Refs } from './bank-refs.ts';
import { keyOfRun } from './run-survey.ts';
import { isTimeOver, type Sweep } from './sweep.ts';

export async function sweepBanks(sweep: Sweep): Promise<void> {
  const { state, swept, signal } = sweep;
  const { records, unreadable } = await readRecords(state);
  swept.kept.push(...unreadable.map((run) => ({ run, why: UNREADABLE })));
  const due = await dueOf(sweep, records);
  for (const [repo, those] of byRepo(due)) {
    signal.throwIfAborted();
    const cache = repoCache(state, repo);
    const { left, why } = await atOrigin(repo, cache, those, signal);
    for (const record of those) {
      if (Object.keys(record.refs).some((ref) => left.has(ref))) {
        swept.kept.push({
          run: recordPath(state, record),
          why: `its bank at ${repo} could not be deleted (${why}); tried again at the next sweep`,
        });
        continue;
      }
      await dropFromCache(cache, record.refs, signal);
      await removeRecord(state, record);
    }
  }
}

const UNREADABLE =
  'this record of a bank cannot be read, so its refs stay: see what is there with `git ls-remote ORIGIN "refs/outlive/*"`, delete it, then remove this file';

async function dueOf(sweep: Sweep, records: readonly BankRecord[]): Promise<BankRecord[]> {
  const folders = new Set((await listRunDirs(sweep.state)).map(keyOfRun));
  const due: BankRecord[] = [];
  for (const record of records) {
    // A folder that is still there is dropped first.
    if (folders.has(`${record.taskId}/${record.run}`)) continue;
    if (await isTimeOver(sweep, record.workflowId, record.closed)) due.push(record);
  }
  return due;
}

function byRepo(records: readonly BankRecord[]): ReadonlyMap<string, BankRecord[]> {
  const repos = new Map<string, BankRecord[]>();
  for (const record of records) repos.set(record.repo, [...(repos.get(record.repo) ?? []), record]);
  return repos;
}

async function atOrigin(repo: string, cache: string, records: readonly BankRecord[], signal: AbortSignal): Promise<DroppedAtOrigin> {
  const refs: Refs = Object.assign({}, ...records.filter(({ at }) => at === 'origin').map((record) => record.refs));
  return dropAtOrigin(repo, cache, refs, signal);
}
