// How a verdict is written down: the class and the retry of its reason, the wait that was asked for, the evidence.

import type { Ending, Verdict } from './ending.ts';
import { type Basis, type Evidence, type Failure, REASONS, type Reason } from './failure.ts';
import { readWait } from './wait-hints.ts';

/** Beyond this a wait is a plan's, not a rate's. */
const SHORT_WAIT_MS = 3_600_000;
const MAY_WAIT: readonly Reason[] = ['rate_limited', 'quota_exhausted', 'provider_overloaded', 'provider_timeout'];

/** What decided, and where the words stand that may tell of a wait, the likeliest first. */
export interface Ground {
  readonly basis: Basis;
  readonly rule: string;
  readonly evidence: readonly Evidence[];
  readonly waitIn?: () => readonly string[];
}

export function verdict(ending: Ending, first: Reason, { basis, rule, evidence, waitIn }: Ground): Verdict {
  const { retryAfterMs, resetsAt, resetStated } = waitOf(ending, first, waitIn);
  const reason = first === 'rate_limited' && (retryAfterMs ?? 0) > SHORT_WAIT_MS ? 'quota_exhausted' : first;
  const reset = resetsAt ?? resetAfter(ending, reason, retryAfterMs);
  return {
    class: REASONS[reason].class,
    reason,
    // A used-up quota that names no reset does not come back by itself.
    retry: reason === 'quota_exhausted' && !resetStated ? false : REASONS[reason].retry,
    basis,
    rule,
    evidence: withUnknownReason(ending, basis, evidence),
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
    ...(reset === undefined ? {} : { resetsAt: reset }),
  };
}

export const succeeded = (claim: Evidence): Verdict => ({
  class: 'none',
  reason: 'succeeded',
  retry: false,
  basis: claim.where === 'exit.code' ? 'exit_code' : 'typed',
  rule: 'good_end',
  evidence: [claim],
});

/** The failure that a verdict tells of; undefined where it says that the end was good. */
export function failureOf({ class: of, reason, retry: _, ...told }: Verdict, progress: boolean): Failure | undefined {
  return of === 'none' || reason === 'succeeded' ? undefined : { ...told, class: of, reason, progress };
}

interface Wait {
  readonly retryAfterMs: number | undefined;
  readonly resetsAt: string | undefined;
  readonly resetStated: boolean;
}

/** The agent's typed word before what its text says. */
function waitOf(ending: Ending, reason: Reason, waitIn: Ground['waitIn']): Wait {
  const told = ending.typed?.outcome === 'failed' ? ending.typed : undefined;
  const clock = { at: ending.at, local: ending.printsLocalTime === true };
  const hints = waitIn && MAY_WAIT.includes(reason) ? waitIn().map((text) => readWait(text, clock)) : [];
  const hint = hints.find((one) => one.retryAfterMs !== undefined || one.resetStated);
  const retryAfterMs = told?.retryAfterMs ?? hint?.retryAfterMs;
  const resetsAt = (told?.resetsAt === undefined ? undefined : utc(told.resetsAt)) ?? hint?.resetsAt;
  return { retryAfterMs, resetsAt, resetStated: retryAfterMs !== undefined || resetsAt !== undefined || hint?.resetStated === true };
}

function resetAfter(ending: Ending, reason: Reason, retryAfterMs: number | undefined): string | undefined {
  if (reason !== 'quota_exhausted' || retryAfterMs === undefined || ending.at === undefined) return undefined;
  return utc(Date.parse(ending.at) + retryAfterMs);
}

function utc(time: string | number): string | undefined {
  const date = new Date(time);
  return Number.isNaN(date.getTime()) ? undefined : date.toISOString();
}

/** A typed reason that is none of ours is no verdict, but a person will want to read it. */
function withUnknownReason(ending: Ending, basis: Basis, evidence: readonly Evidence[]): readonly Evidence[] {
  const said = ending.typed?.reason ?? ending.typed?.note;
  return said === undefined || basis === 'typed' ? evidence : [...evidence, { where: 'result.reason', value: cut(said) }];
}

export function evidenceOfEnd(ending: Ending): Evidence[] {
  const evidence: Evidence[] = [];
  if (ending.httpStatus !== undefined) evidence.push({ where: 'http_status', value: String(ending.httpStatus) });
  if (ending.exitCode !== undefined) evidence.push({ where: 'exit.code', value: String(ending.exitCode) });
  if (ending.signal !== undefined) evidence.push({ where: 'exit.signal', value: ending.signal });
  if (ending.stopReason !== undefined) evidence.push({ where: 'agent.stop', value: cut(ending.stopReason) });
  if (ending.suffered?.words) evidence.push({ where: 'agent.retry', value: cut(ending.suffered.words) });
  return evidence;
}

export const each = (where: string, values: readonly string[]): Evidence[] =>
  values.slice(0, 5).map((value) => ({ where, value: cut(value) }));

export const cut = (text: string): string => (text.length > 200 ? `${text.slice(0, 199)}…` : text);
