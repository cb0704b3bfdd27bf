// The activities of one run: offered to its pool until a host takes it, and taken up again on that host as often as it loses
// its activity, as long as the host answers within the run's lease.

import {
  ActivityFailure,
  type ActivityOptions,
  ApplicationFailure,
  patched,
  proxyActivities,
  sleep,
  TimeoutFailure,
  workflowInfo,
} from '@temporalio/workflow';
import { notesIn } from '../domain/answers.ts';
import { type Declined, type HostActivities, type LeftRun, RUN_DECLINED, RUN_DETACHED, RUN_ORPHANED } from '../domain/contract.ts';
import { sayDuration } from '../domain/duration.ts';
import { FAILURE_TYPES } from '../domain/failure.ts';
import { hostQueue, hostRunsQueue, poolQueue, reattachActivityId, runActivityId } from '../domain/names.ts';
import { type Heartbeat, keeperOf, overAfterMs, type RunInput, type RunRecord, type RunReport } from '../domain/run.ts';
import { checksMs } from '../domain/task.ts';
import type { RunStep } from './step.ts';
import type { TaskLife } from './task-life.ts';
import { IncidentWait } from './wait-for-incident.ts';

const MAX_DECLINES = 3;
/** Where the hosts that decline must not have it, this often, and then its owner is asked: some three minutes. */
const MAX_STRICT_DECLINES = 10;
/** What a run may take beyond its own limit: clone, checks, bank. */
const SLACK_MS = 30 * 60_000;
/** A run that is lost this often brings its workers down; looking after it once more would bring down another. */
const MAX_REATTACHES = 20;

/** Only hosts took the run that cannot do it. */
export class NobodyTakes extends Error {
  override readonly name = 'NobodyTakes';
  constructor(hosts: readonly string[], offers: number) {
    super(`only ${hosts.join(', ')} took it, where it cannot run, and no other host in ${offers} offers`);
  }
}

/** The run's host did not see to it for so long that its lease has run out: it is over. */
export class HostSilent extends Error {
  override readonly name = 'HostSilent';
  readonly host: string;
  constructor(host: string, did: string) {
    super(`${host} ${did}, and the lease of its run has run out`);
    this.host = host;
  }
}

/** From the offer to the run's end, through as many workers as it takes. */
export async function seeThrough(life: TaskLife, run: RunRecord, step: RunStep): Promise<RunReport> {
  let lost: unknown;
  try {
    return await offer(life, run, step);
  } catch (error) {
    lost = error;
  }
  let left = leftOn(lost);
  let silentSince = Date.now();
  // A worker that lets go of its runs when it is stopped loses none.
  let losses = isLetGo(lost) ? 0 : 1;
  for (let k = 1; ; k += 1) {
    if (left === undefined) throw lost;
    if (losses > MAX_REATTACHES) {
      // Nobody is asked any more, so nobody renews the lease.
      await sleep(reattachMs(life), { summary: `${left.host} lost the run ${MAX_REATTACHES} times; its lease runs out` });
      throw new HostSilent(left.host, `lost the run ${MAX_REATTACHES} times`);
    }
    life.reattach(run.n, left.host);
    try {
      return await reattach(life, run, step, left, k, silentSince + reattachMs(life) - Date.now());
    } catch (error) {
      lost = error;
      const isTooLong = Date.now() - silentSince >= reattachMs(life);
      if (isUntaken(error) || (isUnheard(error) && isTooLong)) {
        throw new HostSilent(left.host, `did not take the run up again within ${sayDuration(reattachMs(life))}`);
      }
      if (isUnheard(error)) continue;
      left = leftOn(error);
      silentSince = Date.now();
      if (!isLetGo(error)) losses += 1;
    }
  }
}

const isLetGo = (error: unknown): boolean =>
  error instanceof ActivityFailure && error.cause instanceof ApplicationFailure && error.cause.type === RUN_DETACHED;

/** Where the run lives on, or its end is on record; undefined where this is the run's end. */
function leftOn(error: unknown): Pick<LeftRun, 'host' | 'stateId'> | undefined {
  if (!(error instanceof ActivityFailure)) return undefined;
  const { cause } = error;
  if (cause instanceof ApplicationFailure && (cause.type === RUN_DETACHED || cause.type === RUN_ORPHANED)) {
    return cause.details?.[0] as LeftRun | undefined;
  }
  if (!(cause instanceof TimeoutFailure) || cause.timeoutType !== 'HEARTBEAT') return undefined;
  const beat = cause.lastHeartbeatDetails as Heartbeat | undefined;
  // Tasks that began before runs could be taken up again went on to settle.
  return beat && patched('reattach') ? beat : undefined;
}

function reattach(
  life: TaskLife,
  run: RunRecord,
  step: RunStep,
  { host, stateId }: Pick<LeftRun, 'host' | 'stateId'>,
  k: number,
  patienceMs: number,
): Promise<RunReport> {
  const { reattachRun } = proxyActivities<HostActivities>({
    ...runOptions(life),
    taskQueue: hostQueue(host),
    activityId: reattachActivityId(run.n, k),
    summary: life.summary(`run ${run.n} · ${run.agent} · taken up again on ${host}`),
    scheduleToStartTimeout: patienceMs,
  });
  return reattachRun({ ...inputOf(life, run, step, []), stateId });
}

/** How long its host may take to have it again; that leaves time for a worker's own start. */
const reattachMs = ({ timing }: TaskLife): number => overAfterMs(timing.leaseMs);

const isUntaken = (error: unknown): boolean =>
  error instanceof ActivityFailure && error.cause instanceof TimeoutFailure && error.cause.timeoutType === 'SCHEDULE_TO_START';

/**
 * Handed to a worker that never said a word of it: a frozen one keeps its polls open, and one may die before its first
 * heartbeat is answered. Nothing is known of the run by that, and its host is asked again.
 */
function isUnheard(error: unknown): boolean {
  const cause = error instanceof ActivityFailure ? error.cause : undefined;
  return cause instanceof TimeoutFailure && cause.timeoutType === 'HEARTBEAT' && cause.lastHeartbeatDetails === undefined;
}

/** Hosts that should leave the run to another decline it; after three offers any host is better than none. */
async function offer(life: TaskLife, run: RunRecord, step: RunStep): Promise<RunReport> {
  const home = step.resume?.host;
  if (home !== undefined && keeperOf(life.start) === undefined) {
    try {
      return await activities(life, run, step.because, home).runAgent(inputOf(life, run, step, []));
    } catch (error) {
      // Its session is not worth a long wait: anybody else begins afresh.
      if (!isDeclined(error) && !isUntaken(error)) throw error;
    }
  }
  let avoided = 0;
  const waiting = new IncidentWait(life, run);
  for (let declined = 0; ; declined += 1) {
    if (avoided >= MAX_STRICT_DECLINES) throw new NobodyTakes(step.avoid ?? [], avoided);
    const isAny = avoided >= MAX_DECLINES && !step.strict;
    const avoid = isAny || keeperOf(life.start) !== undefined ? [] : (step.avoid ?? []);
    const because = isAny ? `no other host took it, so any may; ${step.because}` : step.because;
    const one = waiting.next();
    try {
      return await activities(life, run, because, one).runAgent(inputOf(life, run, step, avoid));
    } catch (error) {
      if (one !== undefined && isUntaken(error)) continue;
      if (!isDeclined(error)) throw error;
      if (whyDeclined(error).why === 'avoided') avoided += 1;
      if (await waiting.waits(whyDeclined(error), error.cause.message)) continue;
      await sleep(life.timing.declineMs * 2 ** Math.min(declined, MAX_DECLINES - 1), { summary: `${error.cause.message}; offered again` });
    }
  }
}

function inputOf(life: TaskLife, run: RunRecord, step: RunStep, avoid: readonly string[]): RunInput {
  return {
    task: life.working,
    n: run.n,
    start: life.start,
    avoid,
    notes: [...step.notes, ...notesIn(life.people.answers)],
    ...(step.resume ? { resume: step.resume } : {}),
    ...(run.plans ? { plans: true } : {}),
    heartbeatMs: life.timing.heartbeatMs,
    leaseMs: life.timing.leaseMs,
    ...(wasReset() ? { wasReset: true } : {}),
  };
}

/** Temporal gives a reset execution another id; a task never continues as new. */
function wasReset(): boolean {
  const { runId, firstExecutionRunId } = workflowInfo();
  return runId !== firstExecutionRunId;
}

/** `host`: only this one is asked, and for no longer than it may be silent. */
function activities(life: TaskLife, { n, agent, plans, step }: RunRecord, because: string, host?: string): HostActivities {
  const { task, start } = life;
  const only = host ?? keeperOf(start);
  const what = plans ? ' · plans' : step === undefined ? '' : ` · step ${step} of ${life.plan?.steps.length}`;
  return proxyActivities<HostActivities>({
    ...runOptions(life),
    ...(host === undefined ? {} : { scheduleToStartTimeout: life.timing.heartbeatMs }),
    taskQueue: only === undefined ? poolQueue(task.pool) : hostRunsQueue(only),
    activityId: runActivityId(n),
    summary: life.summary(`run ${n} · ${agent}${what} · ${because}`),
  });
}

function runOptions({ working: task, timing }: TaskLife): ActivityOptions {
  return {
    startToCloseTimeout: task.limits.run.wallMs + checksMs(task) + SLACK_MS,
    heartbeatTimeout: timing.heartbeatMs,
    // What the encoder sends by default is TRY_CANCEL: the task would go on while the agent still works.
    cancellationType: 'WAIT_CANCELLATION_COMPLETED',
    retry: { maximumAttempts: 1, nonRetryableErrorTypes: [...FAILURE_TYPES, RUN_DECLINED, RUN_DETACHED, RUN_ORPHANED] },
  };
}

/** Those of an older version said nothing, and only ever declined what they were to avoid. */
function whyDeclined({ cause }: ActivityFailure & { cause: ApplicationFailure }): Declined {
  return (cause.details?.[0] as Declined | undefined) ?? { why: 'avoided' };
}

function isDeclined(error: unknown): error is ActivityFailure & { cause: ApplicationFailure } {
  return error instanceof ActivityFailure && error.cause instanceof ApplicationFailure && error.cause.type === RUN_DECLINED;
}
