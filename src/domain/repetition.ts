// The same failure again is no accident (DESIGN §2): after a reason has been seen on two hosts, or twice where there
// is one host, the task is suspect; after the same fingerprint twice without progress, it is not infrastructure.

import type { Failure } from './failure.ts';
import type { RunRecord } from './run.ts';
import { times } from './story.ts';

interface Past {
  readonly runs: readonly RunRecord[];
  readonly hosts?: readonly string[];
}

/** Why the same again is suspect, or undefined. `runs` holds the run of `failure` as its last. A grant asks anew only after another repetition. */
export function repetition({
  runs,
  failure,
  hosts,
  granted,
}: Past & { readonly failure: Failure; readonly granted: number }): string | undefined {
  if (failure.class === 'host') {
    const same = runs.filter((run) => run.failure?.reason === failure.reason);
    const on = new Set(same.map((run) => run.host).filter((host) => host !== undefined));
    if (on.size >= 2 + granted)
      return `the same reason on ${on.size} hosts (${[...on].join(', ')}) speaks against the task, not against a host`;
    if (hosts?.length === 1 && same.length >= 2 + granted) return `the same reason came ${times(same.length)} on the only host`;
  }
  if (isProviderWait(failure) || failure.progress) return undefined;
  const alike = trailing(
    runs,
    (run) => run.failure !== undefined && !run.failure.progress && fingerprint(run.failure) === fingerprint(failure),
  );
  return alike >= 2 + granted ? `the same failure came ${times(alike)} without any progress between` : undefined;
}

/** A provider that is busy says the same each time; its own ledger bounds it, and the words mean nothing about the task. */
function isProviderWait(failure: Failure): boolean {
  return failure.class === 'adapter';
}

/** Reason and first evidence, with numbers and hexadecimal ids blanked: ids, sizes and times differ between two ends of the same kind. */
function fingerprint(failure: Failure): string {
  const [first] = failure.evidence;
  return `${failure.class}.${failure.reason}|${failure.rule}|${first?.value.replace(/[0-9a-f]*\d[0-9a-f]*/gi, '#') ?? ''}`;
}

function trailing<T>(items: readonly T[], holds: (item: T) => boolean): number {
  const broken = items.findLastIndex((item) => !holds(item));
  return items.length - 1 - broken;
}

/** Hosts that have failed this task; where that would leave none, the last one alone, if there is another. */
export function suspects(past: Past): readonly string[] {
  const failed = past.runs.filter((run) => run.failure?.class === 'host').map((run) => run.host);
  const all = [...new Set(failed.filter((host) => host !== undefined))];
  if (past.hosts === undefined || past.hosts.some((host) => !all.includes(host))) return all;
  const last = past.runs.at(-1)?.host;
  return last !== undefined && otherHosts(past)?.length !== 0 ? [last] : [];
}

/** Hosts of the pool beside that of the last run; undefined where nobody could say which there are. */
export function otherHosts({ runs, hosts }: Past): readonly string[] | undefined {
  return hosts?.filter((host) => host !== runs.at(-1)?.host);
}
