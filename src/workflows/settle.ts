// Looks at everything after an end that was not good, on the host of the run where it answers, else elsewhere; the
// decision comes back recorded. Nothing is retried without this step: it is the only source of decisions.

import { ActivityFailure, proxyActivities, TimeoutFailure } from '@temporalio/workflow';
import type { ControlActivities, Settled, SettleInput } from '../domain/contract.ts';
import { CONTROL_QUEUE, hostQueue, settleActivityId } from '../domain/names.ts';
import { checksMs } from '../domain/task.ts';
import { afterDecision, type Step } from './step.ts';
import type { TaskLife } from './task-life.ts';

/** A host whose worker lives takes a settle at once; a lost one gets the time of its lease to come back. */
export const HOST_TAKES_MS = 30_000;
const LOOK_MS = 5 * 60_000;

export async function settle(life: TaskLife): Promise<Step> {
  life.look += 1;
  const settled = await settleWhereItCanBeSeen(life);
  life.settled(settled);
  // A hold looks again, and has not done yet what was answered.
  if (settled.decision.kind !== 'hold') life.answered = undefined;
  return afterDecision(settled.decision, life.runs.at(-1));
}

async function settleWhereItCanBeSeen(life: TaskLife): Promise<Settled> {
  const { host, leaseOver } = life.runs.at(-1) ?? {};
  // A host that did not come back for its own run is not waited for once more.
  if (host === undefined || (leaseOver && life.look === 1)) return settleOn(life, CONTROL_QUEUE);
  try {
    return await settleOn(life, hostQueue(host));
  } catch (error) {
    if (!isNobodyThere(error)) throw error;
    return await settleOn(life, CONTROL_QUEUE);
  }
}

function settleOn(life: TaskLife, taskQueue: string): Promise<Settled> {
  const run = life.runs.at(-1);
  const n = run?.n ?? 0;
  const isHost = taskQueue !== CONTROL_QUEUE;
  const takesMs = run?.outcome === 'lost' ? life.timing.leaseMs + HOST_TAKES_MS : HOST_TAKES_MS;
  const { settle } = proxyActivities<Pick<ControlActivities, 'settle'>>({
    taskQueue,
    activityId: settleActivityId(n, life.look),
    summary: life.summary(`look at what run ${n} left, then decide${isHost ? '' : ' (its host is not asked)'}`),
    startToCloseTimeout: LOOK_MS + checksMs(life.working),
    ...(isHost ? { scheduleToStartTimeout: takesMs } : {}),
    cancellationType: 'WAIT_CANCELLATION_COMPLETED',
    retry: { maximumInterval: '1m' },
  });
  return settle(inputOf(life, n));
}

function inputOf(life: TaskLife, n: number): SettleInput {
  const { working: task, timing, look, runs, granted, start, reported, credential, answered } = life;
  return {
    task,
    timing,
    n,
    look,
    runs,
    granted,
    start,
    ...(reported ? { seen: reported } : {}),
    ...(credential ? { credential } : {}),
    ...(answered ? { answered } : {}),
  };
}

export function isNobodyThere(error: unknown): boolean {
  return error instanceof ActivityFailure && error.cause instanceof TimeoutFailure && error.cause.timeoutType === 'SCHEDULE_TO_START';
}
