// How long a decision waits: what the provider states, else backoff, and what is left of it when it is decided anew.

import { backoffMs, MAX_STATED_WAIT_MS, statedEndMs, statedWaitMs } from './backoff.ts';
import type { Facts } from './decision.ts';
import { sayDuration } from './duration.ts';

export const endedAtMs = (facts: Facts): number => Date.parse(facts.runs.at(-1)?.endedAt ?? facts.now);
export const seedOf = (facts: Facts): string => `${facts.task.id}/${facts.n}`;

/** What is left of the wait, counted from the run's end: the same decision made anew after a hold does not wait twice. */
export function waitMs(facts: Facts, until: number | undefined): number {
  const endedMs = endedAtMs(facts);
  const times = facts.runs.filter((run) => run.failure?.reason === facts.failure.reason).length;
  const whole = until === undefined ? backoffMs(facts.backoffMs, times, seedOf(facts)) : statedWaitMs(until - endedMs, seedOf(facts));
  return Math.max(0, whole - Math.max(0, Date.parse(facts.now) - endedMs));
}

/** A wait that was over when the run ended names none: the run met the limit all the same. */
export function statedWait(facts: Facts): number | undefined {
  const endedMs = endedAtMs(facts);
  const until = statedEndMs(facts.failure, endedMs);
  return until !== undefined && until > endedMs ? until : undefined;
}

export const isTooFar = (facts: Facts, until: number): boolean => until - Date.parse(facts.now) > MAX_STATED_WAIT_MS;
export const sayTooFar = (until: number): string =>
  `the provider asks to wait until ${sayTime(until)}, longer than the ${sayDuration(MAX_STATED_WAIT_MS)} that a task waits by itself`;

export const sayTime = (ms: number): string => (ms <= 8.64e15 ? `${new Date(ms).toISOString().slice(0, 19)}Z` : 'the end of time');
