// What a run shares with others, and what its end says about each of that.

import { CAUSES, verdictOn } from '../domain/blame.ts';
import { type CredentialUsed, providerOf } from '../domain/credential.ts';
import type { IncidentSeen } from '../domain/decision.ts';
import { type Failure, failureType } from '../domain/failure.ts';
import { type Health, incidentOf, sayPaused } from '../domain/health-state.ts';
import type { RunRecord } from '../domain/run.ts';
import { type Scope, sayScope } from '../domain/scope.ts';
import type { Task } from '../domain/task.ts';
import type { Deps } from './deps.ts';

/** A run of which it is known where it was and what it was let in with. */
export interface Shared {
  readonly task: Task;
  readonly n: number;
  readonly host: string;
  readonly credentials: readonly CredentialUsed[];
}

/** One without a value is that of one host. */
export const credentialScope = ({ name, id }: CredentialUsed, host: string): Scope => ({
  kind: 'credential',
  name: `${name}@${id ?? host}`,
});

const providerScope = (task: Task, used: readonly CredentialUsed[]): Scope => ({ kind: 'provider', name: providerOf(task, used) });

export const hostScope = (host: string): Scope => ({ kind: 'host', name: host });

/** Everything outside its own host that it needs. */
export const neededBy = ({ task, credentials, host }: Omit<Shared, 'n'>): readonly Scope[] => [
  ...credentials.map((used) => credentialScope(used, host)),
  providerScope(task, credentials),
];

export function blameGoodEnd(deps: Deps, shared: Shared): void {
  blame(deps, shared, undefined, { isSuspect: false, hosts: undefined });
}

/** Once for each end. `runs`: all so far, the one that ended last. */
export function blameFailure(
  deps: Deps,
  task: Task,
  runs: readonly RunRecord[],
  failure: Failure,
  hosts: readonly string[] | undefined,
): void {
  const { n = 0, host, credentials = [] } = runs.at(-1) ?? {};
  if (host === undefined) return;
  const elsewhere = [...new Set(runs.filter((run) => run.failure?.class === 'host' && run.host !== host).map((run) => run.host))];
  const isSuspect = failure.class === 'host' && elsewhere.length > 0;
  blame(deps, { task, n, host, credentials }, failure, { isSuspect, hosts });
  // One task that dies everywhere convicts the task: what it was counted for before is taken back.
  if (!isSuspect) return;
  for (const other of elsewhere)
    if (other !== undefined) deps.health.report(hostScope(other), { task: task.id, run: n, host: other, verdict: 'acquitted' });
}

function blame(
  deps: Deps,
  { task, n, host, credentials }: Shared,
  failure: Failure | undefined,
  { isSuspect, hosts }: { readonly isSuspect: boolean; readonly hosts: readonly string[] | undefined },
): void {
  const [first] = failure?.evidence ?? [];
  const evidence = failure && `${failureType(failure.reason)}${first ? `: ${first.value}` : ''}`;
  const isOnlyHost = hosts !== undefined && hosts.length <= 1;
  for (const scope of [hostScope(host), ...neededBy({ task, credentials, host })]) {
    const verdict = verdictOn(scope.kind, failure, isSuspect);
    deps.health.report(scope, {
      task: task.id,
      run: n,
      host,
      verdict: verdict.kind,
      ...(verdict.kind === 'strike' ? { cause: verdict.cause } : {}),
      ...(evidence === undefined ? {} : { evidence }),
      ...(isOnlyHost ? { isOnlyHost } : {}),
    });
  }
}

/** The open incident that a run's failure is a part of; a quota that is used up is one of its credential from the first word on. */
export function incidentBehind(deps: Deps, task: Task, { host, credentials = [] }: RunRecord, failure: Failure): IncidentSeen | undefined {
  if (host === undefined) return undefined;
  const blamed = [...neededBy({ task, credentials, host }), hostScope(host)].filter(({ kind }) => {
    const { kind: verdict } = verdictOn(kind, failure, false);
    return verdict === 'strike' || verdict === 'bad';
  });
  const ill = deps.health.ill().find(({ scope }) => blamed.some((one) => sayScope(one) === sayScope(scope)));
  if (ill) return { scope: sayScope(ill.scope), why: whyIll(ill.health) };
  const exhausted = blamed.find(({ kind }) => kind === 'credential');
  const isAtOnce = failure.reason === 'quota_exhausted' && failure.resetsAt === undefined && failure.retryAfterMs === undefined;
  return isAtOnce && exhausted ? { scope: sayScope(exhausted), why: CAUSES.quota_exhausted.when } : undefined;
}

function whyIll({ breaker, paused }: Health): string {
  const incident = incidentOf(breaker);
  return paused ? sayPaused(paused) : incident ? CAUSES[incident.cause].when : 'it is well again';
}
