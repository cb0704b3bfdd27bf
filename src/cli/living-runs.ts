// Which runs live on which host. The tasks do not know it from one moment to the next, but the server does: a run is an
// activity, and its newest heartbeat names its host.

import type { LoadedDataConverter } from '@temporalio/common';
import { decodeFromPayloadsAtIndex } from '@temporalio/common/lib/internal-non-workflow/index.js';
import type { temporal } from '@temporalio/proto';
import type { Connected } from '../connection.ts';
import { hostOfIdentity, runOfActivityId, SEARCH_ATTRIBUTES, TASK_WORKFLOW, taskIdOfWorkflow } from '../domain/names.ts';
import type { Heartbeat } from '../domain/run.ts';
import { inParallel } from './in-parallel.ts';

export interface LivingRun {
  readonly host: string;
  readonly task: string;
  readonly run: number;
  /** That of its newest heartbeat; `starting` before the first, `reattaching` where its host has yet to take it up again. */
  readonly phase: string;
}

/** What a pending activity tells of where it is. */
export interface Trace {
  readonly activityId: string;
  readonly isTaken: boolean;
  readonly identity: string;
  readonly queue: string;
  /** As it came over the wire. */
  readonly beat: unknown;
}

const RUNNING = `WorkflowType = '${TASK_WORKFLOW}' AND ExecutionStatus = 'Running'`;
/** A task that was started where the attributes were missing has none. */
const { name: STATE } = SEARCH_ATTRIBUTES.state;
const IN_A_RUN = `${RUNNING} AND (${STATE} = 'running' OR ${STATE} IS NULL)`;

/** In the order of the list of tasks, the newest first. `attributes` saves asking every task that only waits. */
export async function livingRuns({ client }: Pick<Connected, 'client'>, attributes: boolean): Promise<readonly LivingRun[]> {
  const tasks = client.workflow.list({ query: attributes ? IN_A_RUN : RUNNING });
  const runs = await inParallel(
    tasks,
    async ({ workflowId, runId }) => {
      const { raw } = await client.workflow.getHandle(workflowId, runId).describe();
      const traces = await Promise.all((raw.pendingActivities ?? []).map((one) => traceOf(one, client.options.loadedDataConverter)));
      return traces.flatMap((trace) => livingRun(taskIdOfWorkflow(workflowId), trace) ?? []);
    },
    (found) => found.length > 0,
  );
  return runs.flat();
}

/** PENDING_ACTIVITY_STATE_SCHEDULED: waits for somebody to take it. */
const SCHEDULED = 1;

async function traceOf(pending: temporal.api.workflow.v1.IPendingActivityInfo, converter: LoadedDataConverter): Promise<Trace> {
  const { activityId, state, lastWorkerIdentity, activityOptions, heartbeatDetails } = pending;
  return {
    activityId: activityId ?? '',
    isTaken: state !== SCHEDULED,
    identity: lastWorkerIdentity ?? '',
    queue: activityOptions?.taskQueue?.name ?? '',
    beat: heartbeatDetails?.payloads?.length ? await decodeFromPayloadsAtIndex(converter, 0, heartbeatDetails.payloads) : undefined,
  };
}

/** Undefined for an activity that is no run, and for a run that no host has. */
export function livingRun(task: string, { activityId, isTaken, identity, queue, beat }: Trace): LivingRun | undefined {
  const run = runOfActivityId(activityId);
  if (run === undefined) return undefined;
  // No agent starts before the server has answered a heartbeat, so whatever lives has one, or is just being taken.
  const heard = readBeat(beat);
  if (heard) return { host: heard.host, task, run, phase: heard.phase };
  const taker = isTaken ? hostOfIdentity(identity) : undefined;
  if (taker !== undefined) return { host: taker, task, run, phase: 'starting' };
  const keeper = activityId.startsWith('reattach-') ? /^host\.(.+)$/.exec(queue)?.[1] : undefined;
  return keeper === undefined ? undefined : { host: keeper, task, run, phase: 'reattaching' };
}

function readBeat(beat: unknown): { readonly host: string; readonly phase: string } | undefined {
  if (typeof beat !== 'object' || beat === null) return undefined;
  const { host, phase } = beat as Partial<Record<keyof Heartbeat, unknown>>;
  return typeof host === 'string' && typeof phase === 'string' ? { host, phase } : undefined;
}
