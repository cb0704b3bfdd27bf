// The facts that a decision rests on: what settle was given, with what its look has found. The same for a decision that is
// being made and for one that is made anew from the record.

import type { SettleInput } from './contract.ts';
import type { Facts } from './decision.ts';

/** What the look at a run's end has found. `failure` is the last run's, with that look's word on its progress. */
export type Found = Pick<Facts, 'now' | 'failure' | 'seen' | 'over' | 'done' | 'hosts' | 'incident'>;

/** Of tasks that began before incidents were. */
const HOLD_MS = 60_000;

export function factsOf({ task, timing, n, look, runs, granted, credential, answered }: SettleInput, found: Found): Facts {
  return {
    ...found,
    v: 1,
    task,
    n,
    look,
    runs: withFailure(runs, found.failure),
    granted,
    leaseMs: timing.leaseMs,
    backoffMs: timing.backoffMs,
    holdMs: timing.holdMs ?? HOLD_MS,
    ...(credential ? { credential } : {}),
    ...(answered ? { answered } : {}),
  };
}

export const withFailure = (runs: Facts['runs'], failure: Facts['failure']): Facts['runs'] =>
  runs.map((run, index) => (index === runs.length - 1 ? { ...run, failure } : run));
