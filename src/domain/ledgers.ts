// What a task has used up: one budget per reason, and ceilings over all reasons that no relabelling can reset.
// Both are derived from the runs on record, never counted up on the side.

import { sayDuration } from './duration.ts';
import { type FailureType, failureType, type Reason } from './failure.ts';
import type { RunRecord } from './run.ts';
import { count } from './story.ts';
import type { Limits } from './task.ts';

/** Runs that provably never started cost the task nothing, also no reason's budget, but not without end. */
export const FREE_RUNS = 3;

export interface Ledgers {
  /** Runs that count: all but those that never started. */
  readonly runs: number;
  readonly free: number;
  /** Of `runs`, those that were planned and ended well: the plan itself, and steps that are done. Each lifts the ceiling of runs by one. */
  readonly planned?: number;
  readonly wallMs: number;
  readonly costUsd: number;
  readonly perReason: Readonly<Partial<Record<Reason, number>>>;
}

/** A run whose cost is not known counts as the run's cap. */
export function ledgersOf(runs: readonly RunRecord[], limits: Limits): Ledgers {
  const planned = runs.filter((run) => run.outcome === 'finished' && (run.plans || run.step !== undefined)).length;
  const perReason: Partial<Record<Reason, number>> = {};
  let counted = 0;
  let wallMs = 0;
  let costUsd = 0;
  for (const run of runs) {
    if (run.entered === false) continue;
    counted += 1;
    if (run.failure) perReason[run.failure.reason] = (perReason[run.failure.reason] ?? 0) + 1;
    if (run.endedAt) wallMs += Math.max(0, Date.parse(run.endedAt) - Date.parse(run.startedAt));
    costUsd += run.usage?.costUsd ?? run.capUsd ?? limits.run.costUsd ?? 0;
  }
  return { runs: counted, free: runs.length - counted, ...(planned > 0 ? { planned } : {}), wallMs, costUsd, perReason };
}

/** The same once another run has begun. */
export const withNextRun = (ledgers: Ledgers): Ledgers => ({ ...ledgers, runs: ledgers.runs + 1 });

/** How many runs that count the task may have. */
export const ceilingOfRuns = ({ planned = 0 }: Ledgers, { runs }: Limits, granted: number): number => runs + granted + planned;

/** Why no further run may start without a person's word, or undefined. Each granted run lifts every ceiling by one. */
export function breach(ledgers: Ledgers, limits: Limits, reason: Reason, granted: number): string | undefined {
  const ofReason = ledgers.perReason[reason] ?? 0;
  const lifted = granted > 0 ? ` (and ${granted} more that people granted)` : '';
  if (ledgers.runs >= ceilingOfRuns(ledgers, limits, granted)) return `the limit of ${count(limits.runs, 'run')}${lifted} is used up`;
  if (ledgers.free >= FREE_RUNS + granted) return `${ledgers.free} runs could not even start`;
  if (ofReason >= limits.perReason + granted)
    return `${count(ofReason, 'run')} ended as ${reason}, and the limit for one reason is ${limits.perReason}${lifted}`;
  return spent(ledgers, limits, granted);
}

/** The same without the ledger of the reason: what stands in the way even where the reason is shared by many. */
export const breachOfCeiling = (ledgers: Ledgers, limits: Limits, reason: Reason, granted: number): string | undefined =>
  breach({ ...ledgers, perReason: {} }, limits, reason, granted);

/** The time or the money of the whole task is used up: what no kind of run may go beyond. */
export function spent(ledgers: Pick<Ledgers, 'wallMs' | 'costUsd'>, limits: Limits, granted: number): string | undefined {
  const wallMs = limits.wallMs + granted * limits.run.wallMs;
  if (ledgers.wallMs >= wallMs) return `the task's run time of ${sayDuration(wallMs)} is used up`;
  const { costUsd } = limits;
  if (costUsd === undefined || ledgers.costUsd < costUsd + granted * (limits.run.costUsd ?? 0)) return undefined;
  return `the task's $${costUsd}${granted > 0 ? ' and what people granted' : ''} are used up ($${ledgers.costUsd.toFixed(2)} counted)`;
}

/** `1 of 6 runs, then 2; 1 of 3 for killed; 12 min of 8 h; $1.20 of $20`. */
export function sayLedgers(ledgers: Ledgers, after: Ledgers | undefined, limits: Limits, granted: number, reason: Reason): string {
  return [
    `${ledgers.runs} of ${ceilingOfRuns(ledgers, limits, granted)} runs${after ? `, then ${after.runs}` : ''}`,
    `${ledgers.perReason[reason] ?? 0} of ${limits.perReason + granted} for ${reason}`,
    `${sayDuration(ledgers.wallMs)} of ${sayDuration(limits.wallMs + granted * limits.run.wallMs)}`,
    ...(limits.costUsd === undefined ? [] : [`$${ledgers.costUsd.toFixed(2)} of $${limits.costUsd}`]),
    ...(ledgers.free > 0 ? [`${ledgers.free} that could not start`] : []),
  ].join('; ');
}

/** How often each failure came: what a task took, in its result. */
export function reasonsOf(runs: readonly RunRecord[]): Readonly<Partial<Record<FailureType, number>>> {
  const reasons: Partial<Record<FailureType, number>> = {};
  for (const { failure } of runs) {
    if (failure) reasons[failureType(failure.reason)] = (reasons[failureType(failure.reason)] ?? 0) + 1;
  }
  return reasons;
}
