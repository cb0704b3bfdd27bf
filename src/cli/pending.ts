// What only the server knows of an open task: whether the run it waits for has been taken by a host. The task itself
// says `running` from the moment it offers a run, because nobody tells a workflow that its activity has begun.

import type { TaskStatus } from '../domain/contract.ts';
import { hostOfIdentity, runActivityId } from '../domain/names.ts';

/** One entry of `pendingActivities`, as far as we look at it. */
export interface Pending {
  readonly activityId?: string | null;
  readonly state?: number | null;
  readonly lastWorkerIdentity?: string | null;
}

/** PENDING_ACTIVITY_STATE_SCHEDULED: offered, and taken by nobody yet. */
const SCHEDULED = 1;

const isRun = ({ activityId }: Pending): boolean => /^run-\d+$/.test(activityId ?? '');

/** No host has taken the run that the task waits for. */
export const isQueued = (pending: readonly Pending[]): boolean => pending.some((one) => isRun(one) && one.state === SCHEDULED);

/** The status, made exact: `queued` where it is, and the host of the run under way. */
export function withPending(status: TaskStatus, pending: readonly Pending[]): TaskStatus {
  const runs = status.runs.map((run) => {
    const host = hostOf(pending.find(({ activityId }) => activityId === runActivityId(run.n)));
    return run.host === undefined && run.endedAt === undefined && host !== undefined ? { ...run, host } : run;
  });
  return { ...status, runs, state: status.state === 'running' && isQueued(pending) ? 'queued' : status.state };
}

const hostOf = (one: Pending | undefined): string | undefined =>
  one?.state === SCHEDULED || !one?.lastWorkerIdentity ? undefined : hostOfIdentity(one.lastWorkerIdentity);

/** The number of the run that is offered or under way. */
export function runUnderWay(pending: readonly Pending[]): number | undefined {
  const run = pending.find(isRun);
  return run && Number(run.activityId?.slice('run-'.length));
}
