// The folders of runs: those whose time is over, and as many more as the disk has no room for. What a run left is banked
// once more right before its folder goes, and written down where the bank is.

import { bankRef, wipRef } from '../../domain/names.ts';
import { type Closed, choose, closedOf, type KeptRun, sayPressure } from '../../domain/retention.ts';
import { sayError } from '../../domain/say-error.ts';
import { bankRun } from '../bank.ts';
import { repoCache } from '../state-dir.ts';
import { writeRecord } from './bank-record.ts';
import { type Refs, refsInCache } from './bank-refs.ts';
import { removeFolder } from './folder-removal.ts';
import type { SurveyedRun } from './run-survey.ts';
import type { Sweep } from './sweep.ts';

export type MeasuredRun = SurveyedRun & KeptRun & { readonly bytes: number };

/** `usedBytes`: by runs and caches together. */
export async function sweepRuns(sweep: Sweep, runs: readonly MeasuredRun[], usedBytes: number): Promise<void> {
  const { terms, now, swept } = sweep;
  const { due, spare, stuck } = choose(runs, terms, now);
  swept.kept.push(...stuck.map(({ run, why }) => ({ run: run.dir.root, why })));
  for (const { run, why } of due) await drop(sweep, run, why);
  for (const { run, why } of spare) {
    const used = usedBytes - swept.freedBytes;
    if (used <= terms.diskBytes) return;
    await drop(sweep, run, sayPressure(why, used, terms));
  }
}

async function drop({ looks, swept, signal }: Sweep, run: MeasuredRun, why: string): Promise<void> {
  const { root } = run.dir;
  signal.throwIfAborted();
  const closed = closedOf(await looks.anew(run.workflowId), { done: false, closedAt: run.newest });
  if (!closed) return;
  const trouble = (await keepInBank(run, closed)) ?? (await remove(root));
  if (trouble !== undefined) {
    swept.kept.push({ run: root, why: trouble });
    return;
  }
  swept.dropped.push({ run: root, bytes: run.bytes, why });
  swept.freedBytes += run.bytes;
}

/** Why it cannot be kept anywhere else, or undefined once it is. */
async function keepInBank({ dir, workflowId, banking }: SurveyedRun, { done, closedAt }: Closed): Promise<string | undefined> {
  const repo = banking?.task.workspace?.repo;
  if (!banking || repo === undefined) return undefined;
  const bank = await bankRun(banking);
  if (bank.state === 'failed') return sayUnbanked(bank.evidence);
  try {
    const refs = await bankedRefs(repoCache(dir.state, repo), bankRef(banking.task.id, banking.workflowRunId, banking.n));
    if (Object.keys(refs).length > 0) await writeRecord(dir, { workflowId, repo, at: banking.task.bank, refs, closed: { done, closedAt } });
    return undefined;
  } catch (error) {
    return sayUnbanked(`where it is banked cannot be written down: ${sayError(error)}`);
  }
}

/** Of the cache, which also knows what was banked while the run worked, and taken back by it since. */
async function bankedRefs(cache: string, ref: string): Promise<Refs> {
  return Object.fromEntries((await refsInCache(cache, [ref, wipRef(ref)])).map(({ ref: name, sha }) => [name, sha]));
}

const sayUnbanked = (why: string): string =>
  `${why}. It is tried again at each sweep; where that does not help, save what you need of it and remove the folder by hand`;

async function remove(root: string): Promise<string | undefined> {
  try {
    await removeFolder(root);
    return undefined;
  } catch (error) {
    return sayNotRemoved(error);
  }
}

export const sayNotRemoved = (error: unknown): string =>
  `it was given up, but it cannot be removed (${sayError(error)}): remove what is left of it by hand, with the rights of its owner`;
