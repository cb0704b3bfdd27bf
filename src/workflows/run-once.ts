// One run, and the only catcher of what it throws: whatever the activity ends with becomes a run on record.

import {
  type ActivityFailure,
  ActivityFailure as ActivityFailureError,
  ApplicationFailure,
  CancelledFailure,
  isCancellation,
  proxyActivities,
  sleep,
  TimeoutFailure,
} from '@temporalio/workflow';
import { type HostActivities, RUN_DECLINED } from '../domain/contract.ts';
import { FAILURE_TYPES, type Failure, REASONS, type Reason } from '../domain/failure.ts';
import { hostOfIdentity, hostQueue, poolQueue, runActivityId } from '../domain/names.ts';
import type { Heartbeat, RunFacts, RunInput, RunRecord, RunReport, StartPoint } from '../domain/run.ts';
import { cut } from '../domain/story.ts';
import { checksMs } from '../domain/task.ts';
import type { Step } from './step.ts';
import type { TaskLife } from './task-life.ts';

const MAX_DECLINES = 3;
/** What a run may take beyond its own limit: clone, checks, bank. */
const SLACK_MS = 30 * 60_000;

export type RunEnd = { readonly kind: 'finished' } | { readonly kind: 'failed' };

/** Gives a host the run, waits for its end, and writes it into the task's life. A cancelled run is on record too, then the cancel goes on. */
export async function runOnce(life: TaskLife, step: Extract<Step, { kind: 'run' }>): Promise<RunEnd> {
  const run = life.startRun();
  try {
    const report = await offer(life, run, step);
    life.endRun(run, { ...ofFacts(report), outcome: 'finished' });
    life.seen = report.seen;
    return { kind: 'finished' };
  } catch (error) {
    const end = endOf(error);
    if (end.facts) life.seen = end.facts.seen;
    life.endRun(run, end.record);
    life.reported = end.facts?.seen;
    if (isCancellation(error)) throw error;
    return { kind: 'failed' };
  }
}

/** Hosts that should leave the run to another decline it; after three offers any host is better than none. */
async function offer(life: TaskLife, run: RunRecord, step: Extract<Step, { kind: 'run' }>): Promise<RunReport> {
  for (let declined = 0; ; declined += 1) {
    const avoid = declined < MAX_DECLINES && keeper(life.start) === undefined ? (step.avoid ?? []) : [];
    const because = declined < MAX_DECLINES ? step.because : `no other host took it, so any may; ${step.because}`;
    try {
      return await activities(life, run.n, because).runAgent(inputOf(life, run, step, avoid));
    } catch (error) {
      if (!isDeclined(error)) throw error;
      await sleep(life.timing.declineMs * 2 ** declined, { summary: `${error.cause.message}; offered again` });
    }
  }
}

function inputOf(life: TaskLife, run: RunRecord, step: Extract<Step, { kind: 'run' }>, avoid: readonly string[]): RunInput {
  return {
    task: life.task,
    n: run.n,
    start: life.start,
    avoid,
    notes: [...step.notes, ...life.personNotes()],
    heartbeatMs: life.timing.heartbeatMs,
  };
}

function activities({ task, timing, start, summary }: TaskLife, n: number, because: string): HostActivities {
  const kept = keeper(start);
  return proxyActivities<HostActivities>({
    taskQueue: kept === undefined ? poolQueue(task.pool) : hostQueue(kept),
    activityId: runActivityId(n),
    summary: summary(`run ${n} · ${task.agent.use} · ${because}`),
    startToCloseTimeout: task.limits.run.wallMs + checksMs(task) + SLACK_MS,
    heartbeatTimeout: timing.heartbeatMs,
    // What the encoder sends by default is TRY_CANCEL: the task would go on while the agent still works.
    cancellationType: 'WAIT_CANCELLATION_COMPLETED',
    retry: { maximumAttempts: 1, nonRetryableErrorTypes: [...FAILURE_TYPES, RUN_DECLINED] },
  });
}

/** The host that alone keeps the work so far: it can only be continued there. */
function keeper(start: StartPoint): string | undefined {
  return start.kind === 'bank' && start.at === 'host' ? start.host : undefined;
}

function isDeclined(error: unknown): error is ActivityFailure & { cause: ApplicationFailure } {
  return error instanceof ActivityFailureError && error.cause instanceof ApplicationFailure && error.cause.type === RUN_DECLINED;
}

interface Ended {
  readonly record: Partial<RunRecord>;
  readonly facts?: RunFacts;
}

function endOf(error: unknown): Ended {
  if (!(error instanceof ActivityFailureError)) {
    return isCancellation(error) ? cancelled() : failed('unclassified', 'workflow', String(error));
  }
  const { cause } = error;
  if (cause instanceof CancelledFailure) return cancelled(hostOfIdentity(error.identity ?? ''));
  if (cause instanceof TimeoutFailure) return lost(cause);
  if (cause instanceof ApplicationFailure) {
    const [failure, facts] = (cause.details ?? []) as [Failure?, RunFacts?];
    if (FAILURE_TYPES.some((type) => type === cause.type) && failure && facts) {
      const outcome = failure.reason === 'cancelled' ? 'cancelled' : 'failed';
      return { record: { ...ofFacts(facts), failure, outcome }, facts };
    }
    if (cause.type === 'NotFoundError') return failed('tool_missing', 'activity', cause.message);
    return failed('unclassified', 'activity', `${cause.type ?? 'Error'}: ${cause.message}`, hostOfIdentity(error.identity ?? ''));
  }
  return failed('unclassified', 'activity', cause?.message ?? error.message);
}

/** The host went silent. Its last heartbeat is all that is known of the run. */
function lost(timeout: TimeoutFailure): Ended {
  const beat = timeout.lastHeartbeatDetails as Heartbeat | undefined;
  const said = beat ? `last heartbeat from ${beat.host} while ${beat.phase}` : 'no heartbeat ever came';
  const { record } = failed('heartbeat_lost', 'timeout', `${timeout.timeoutType}: ${said}`, beat?.host);
  return { record: { ...record, outcome: 'lost' } };
}

function cancelled(host?: string): Ended {
  const { record } = failed('cancelled', 'workflow', 'the task was stopped on purpose', host);
  return { record: { ...record, outcome: 'cancelled' } };
}

function failed(reason: Reason, where: string, value: string, host?: string): Ended {
  const failure: Failure = {
    class: REASONS[reason].class,
    reason,
    basis: 'supervisor',
    rule: `workflow.${where}`,
    evidence: [{ where, value: cut(value, 200) }],
    progress: false,
  };
  return { record: { failure, outcome: 'failed', ...(host ? { host } : {}) } };
}

function ofFacts({ host, entered, startedAt, endedAt, usage }: RunFacts): Partial<RunRecord> {
  return { host, entered, startedAt, endedAt, ...(usage ? { usage } : {}) };
}
