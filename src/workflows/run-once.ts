// One run, and the only catcher of what it throws: whatever its activities end with becomes a run on record.

import { ActivityFailure, ApplicationFailure, CancelledFailure, isCancellation, TimeoutFailure } from '@temporalio/workflow';
import { FAILURE_TYPES, type Failure, REASONS, type Reason } from '../domain/failure.ts';
import { hostOfIdentity } from '../domain/names.ts';
import type { Plan } from '../domain/plan-text.ts';
import type { Heartbeat, RunFacts, RunRecord } from '../domain/run.ts';
import { cut } from '../domain/story.ts';
import { HostSilent, NobodyTakes, seeThrough } from './see-through.ts';
import type { Step } from './step.ts';
import type { TaskLife } from './task-life.ts';
import { Outwaited } from './wait-for-incident.ts';

export type RunEnd =
  | { readonly kind: 'finished'; readonly plan?: Plan }
  | { readonly kind: 'failed' }
  /** It waited so long for an incident to end, or learnt meanwhile so much, that everything is looked at before it begins. */
  | { readonly kind: 'outwaited' };

/** Gives a host the run, waits for its end, and writes it into the task's life. A cancelled run is on record too, then the cancel goes on. */
export async function runOnce(life: TaskLife, step: Extract<Step, { kind: 'run' }>): Promise<RunEnd> {
  const run = life.startRun(step);
  try {
    const report = await seeThrough(life, run, step);
    life.endRun(run, { ...ofFacts(report), outcome: 'finished' });
    life.seen = report.seen;
    return { kind: 'finished', ...(report.plan ? { plan: report.plan } : {}) };
  } catch (error) {
    if (error instanceof Outwaited) {
      life.withdrawRun(error.because);
      return { kind: 'outwaited' };
    }
    const end = endOf(error);
    if (end.facts) life.seen = end.facts.seen;
    life.endRun(run, end.record);
    life.reported = end.facts?.seen;
    if (isCancellation(error)) throw error;
    return { kind: 'failed' };
  }
}

interface Ended {
  readonly record: Partial<RunRecord>;
  readonly facts?: RunFacts;
}

function endOf(error: unknown): Ended {
  if (error instanceof NobodyTakes) {
    const { record } = failed('tool_missing', 'offer', error.message);
    return { record: { ...record, entered: false } };
  }
  if (error instanceof HostSilent) {
    const { record } = failed('heartbeat_lost', 'host', error.message, error.host);
    return { record: { ...record, outcome: 'lost', leaseOver: true } };
  }
  if (!(error instanceof ActivityFailure)) {
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

/** The host went silent. Its last heartbeat is all that is known of the run; without one it never began. */
function lost(timeout: TimeoutFailure): Ended {
  const beat = timeout.lastHeartbeatDetails as Heartbeat | undefined;
  const said = beat ? `last heartbeat from ${beat.host} while ${beat.phase}` : 'no heartbeat ever came';
  const { record } = failed('heartbeat_lost', 'timeout', `${timeout.timeoutType}: ${said}`, beat?.host);
  return { record: { ...record, outcome: 'lost', ...(beat ? {} : { entered: false }) } };
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

function ofFacts({
  host,
  entered,
  startedAt,
  endedAt,
  usage,
  session,
  boundSession,
  agentVersion,
  credentials,
}: RunFacts): Partial<RunRecord> {
  return {
    host,
    entered,
    startedAt,
    endedAt,
    ...(usage ? { usage } : {}),
    ...(session === undefined ? {} : { session }),
    ...(boundSession ? { boundSession } : {}),
    ...(agentVersion === undefined ? {} : { agentVersion }),
    ...(credentials ? { credentials } : {}),
  };
}
