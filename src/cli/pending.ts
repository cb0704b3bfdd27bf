// What only the server knows of an open task: whether the run it waits for has been taken by a host, and by which. The task
// itself says `running` from the moment it offers a run, because nobody tells a workflow that its activity has begun.

import type { RunStatus, TaskStatus } from '../domain/contract.ts';
import { hostOfIdentity, hostOfQueue, runActivityId, runOfActivityId } from '../domain/names.ts';

/** One entry of `pendingActivities`, as far as we look at it. */
export interface Pending {
  readonly activityId?: string | null;
  readonly state?: number | null;
  readonly lastWorkerIdentity?: string | null;
  readonly activityOptions?: { readonly taskQueue?: { readonly name?: string | null } | null } | null;
}

/** PENDING_ACTIVITY_STATE_SCHEDULED: offered, and taken by nobody yet. */
const SCHEDULED = 1;

const runOf = ({ activityId }: Pending): number | undefined => runOfActivityId(activityId ?? '');
/** A run that its host is to take up again has been taken before. */
const isOffer = (one: Pending): boolean => one.activityId === runActivityId(runOf(one) ?? 0);

/** No host has taken the run that the task waits for. */
export const isQueued = (pending: readonly Pending[]): boolean => pending.some((one) => isOffer(one) && one.state === SCHEDULED);

/** The status, made exact: `queued` where it is, and the host of the run under way. */
export function withPending(status: TaskStatus, pending: readonly Pending[]): TaskStatus {
  const runs = status.runs.map((run) => {
    const host = hostOf(pending.find((one) => runOf(one) === run.n));
    return run.host === undefined && run.endedAt === undefined && host !== undefined ? { ...run, host } : run;
  });
  const waits = isQueued(pending) || (pending.length === 0 && isBetweenOffers(runs.at(-1)));
  return { ...status, runs, state: status.state === 'running' && waits ? 'queued' : status.state };
}

/** Offered, declined by every host that took it, and soon to be offered again. */
const isBetweenOffers = (run: RunStatus | undefined): boolean => run !== undefined && run.host === undefined && run.endedAt === undefined;

function hostOf(one: Pending | undefined): string | undefined {
  if (!one) return undefined;
  // Only that host takes what is in its queue, so it is known before it does.
  const ofQueue = isOffer(one) ? undefined : hostOfQueue(one.activityOptions?.taskQueue?.name ?? '');
  if (ofQueue !== undefined) return ofQueue;
  return one.state === SCHEDULED || !one.lastWorkerIdentity ? undefined : hostOfIdentity(one.lastWorkerIdentity);
}

/** The number of the run that is offered or under way. */
export const runUnderWay = (pending: readonly Pending[]): number | undefined => pending.map(runOf).find((n) => n !== undefined);
