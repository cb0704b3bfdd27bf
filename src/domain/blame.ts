// What the end of a run says about what it shared with others (DESIGN §4). Data first: which reason speaks against what, and
// never across: a limit of the provider says nothing about the host, a lack of memory nothing about the provider, and
// the task's own failure nothing about either.

import { type Failure, REASONS, type Reason } from './failure.ts';
import type { ScopeKind } from './scope.ts';

/** Why a scope is held to be ill. Names are in histories: add, never rename. */
export type Cause = 'host_fails' | 'provider_fails' | 'credential_invalid' | 'quota_exhausted' | 'rate_limited' | 'by_hand';

interface CauseRow {
  /** It is this, when … */
  readonly when: string;
  /** What a person can do. */
  readonly advice: string;
  /** How it is found to be well again. `canary`: by one run; `check`: by the free check of the credential; `self_test`: by the host's own, then one run. */
  readonly recovery: 'canary' | 'check' | 'self_test' | 'person';
}

export const CAUSES: Readonly<Record<Cause, CauseRow>> = {
  host_fails: {
    when: 'runs of several tasks in a row died on this host for reasons of the host',
    advice:
      'Look at the host: memory, disk, programs, network, who sends signals. It takes no run until its self-test and one run go well.',
    recovery: 'self_test',
  },
  provider_fails: {
    when: 'runs of several tasks on several hosts ended because the provider failed, was silent or could not be reached',
    advice:
      "Look at the provider's status page. Nothing has to be done: one run tries it from time to time, and the tasks follow in waves.",
    recovery: 'canary',
  },
  credential_invalid: {
    when: 'its own free check says that the credential is not valid',
    advice:
      'Replace its value on each host that has it, then restart the worker there, or have the value let in again. The tasks then go on by themselves.',
    recovery: 'check',
  },
  quota_exhausted: {
    when: 'the quota of the credential is used up, and nobody said until when',
    advice: 'Top up the account. One run tries it from time to time, and the tasks follow in waves.',
    recovery: 'canary',
  },
  rate_limited: {
    when: 'runs of several tasks met the rate limit of this credential at about the same time',
    advice: 'Run fewer agents at once (capacity of the workers), or have the limit raised. The tasks follow in waves.',
    recovery: 'canary',
  },
  by_hand: { when: 'a person said so', advice: 'It stays so until a person takes it back.', recovery: 'person' },
};

/** Against what a reason speaks. Where the network breaks, nobody can say from one host which end of it did: that is counted for both. */
const AGAINST: Readonly<Partial<Record<Reason, Readonly<Partial<Record<ScopeKind, Cause>>>>>> = {
  provider_overloaded: { provider: 'provider_fails' },
  provider_timeout: { provider: 'provider_fails' },
  rate_limited: { credential: 'rate_limited' },
  quota_exhausted: { credential: 'quota_exhausted' },
  network_dropped: { provider: 'provider_fails', host: 'host_fails' },
  out_of_memory: { host: 'host_fails' },
  disk_full: { host: 'host_fails' },
  tool_missing: { host: 'host_fails' },
  killed: { host: 'host_fails' },
  evicted: { host: 'host_fails' },
  heartbeat_lost: { host: 'host_fails' },
};

/**
 * `strike`: counts against it. `good`: it did its part, whatever became of the run. `neutral`: says nothing about it.
 * `bad`: no strike, and no sign that it is well: a canary that ends so has failed.
 */
export type Verdict = { readonly kind: 'strike'; readonly cause: Cause } | { readonly kind: 'good' | 'bad' | 'neutral' };

/** What an end without a failure, or with this one, says. `isSuspect`: the same task died in this way on another host, so it is the task. */
export function verdictOn(kind: ScopeKind, failure: Failure | undefined, isSuspect: boolean): Verdict {
  if (!failure) return { kind: 'good' };
  const { reason } = failure;
  if (reason === 'cancelled' || reason === 'unclassified') return { kind: 'neutral' };
  const cause = AGAINST[reason]?.[kind];
  if (cause === 'host_fails' && isSuspect) return { kind: 'neutral' };
  // A stated reset is waited for, by each task.
  if (cause === 'quota_exhausted' && (failure.resetsAt !== undefined || failure.retryAfterMs !== undefined)) return { kind: 'bad' };
  if (cause) return { kind: 'strike', cause };
  const { class: of } = REASONS[reason];
  if (kind === 'host') return of === 'host' ? { kind: 'neutral' } : { kind: 'good' };
  if (of === 'host') return { kind: 'neutral' };
  if (of !== 'adapter') return { kind: 'good' };
  // What lets nobody through is no sign of recovery; a key that is refused, or a model that is not there, is another matter.
  return reason === 'rate_limited' || reason === 'quota_exhausted' ? { kind: 'bad' } : { kind: 'neutral' };
}
