// The names on the wire: workflow ids, queues, messages, search attributes, git refs. They are for ever.

export const TASK_WORKFLOW = 'task';
export const READ_LOG_WORKFLOW = 'readLog';
/** One entity for each host, and one for whatever else many tasks share. */
export const HEALTH_WORKFLOW = 'health';
export const CONTROL_QUEUE = 'outlive';
/** Of the entities of hosts, credentials and providers, apart from the tasks: thousands of those push one another out of a worker's memory. */
export const HEALTH_QUEUE = 'outlive.health';
export const TASK_ID = /^[a-z0-9][a-z0-9-]{0,62}$/;
/** Hosts and pools: their names become names of queues. */
export const QUEUE_WORD = /^[a-z0-9][a-z0-9._-]{0,62}$/;
/** Kinds of outputs, by the name in a task's `outputs`. */
export const OUTPUT_NAME = /^[a-z][a-z0-9_-]{0,62}$/;
/** Agents, by the name in a task's `agent.use`. */
export const AGENT_NAME = /^[a-z][a-z0-9-]{0,62}$/;

export const taskWorkflowId = (taskId: string): string => `task/${taskId}`;
export const taskIdOfWorkflow = (workflowId: string): string => workflowId.replace(/^task\//, '');

/** A task that is done once more has the same name and a number: `fix`, `fix-r2`, `fix-r3` … */
export function timesOf(taskId: string): { readonly name: string; readonly times: number } {
  const [, name = taskId, times = '1'] = /^(.+)-r([1-9]\d{0,3})$/.exec(taskId) ?? [];
  return { name, times: Number(times) };
}
export const againId = (name: string, times: number): string => `${name}-r${times}`;

/** One piece of a run's output; `unique` keeps it apart from the pieces before it. */
export const logWorkflowId = (taskId: string, n: number, unique: string): string => `logs/${taskId}/${n}/${unique}`;

/** What the ids of all hosts' entities begin with. */
export const HOST_HEALTH = 'health/host/';
export const hostHealthId = (host: string): string => `${HOST_HEALTH}${host}`;
export const hostOfHealthId = (workflowId: string): string => workflowId.replace(/^health\/host\//, '');
/** The entity of a scope, and the scope of an entity, both in words: `health/provider/anthropic`, `provider/anthropic`. */
export const healthId = (scope: string): string => `health/${scope}`;
export const scopeOfHealthId = (workflowId: string): string => workflowId.replace(/^health\//, '');

/** Any host of the pool that has a free slot takes it. */
export const poolQueue = (pool: string): string => `runs.${pool}`;
/** What must happen on that one host. */
export const hostQueue = (host: string): string => `host.${host}`;
export const hostOfQueue = (queue: string): string | undefined => /^host\.(.+)$/.exec(queue)?.[1];
/** Runs that can only be continued on that one host: they take its seats like those of a pool. */
export const hostRunsQueue = (host: string): string => `host.${host}.runs`;

export const STATUS_QUERY = 'status';
export const ANSWER = 'answer';
export const STOP_UPDATE = 'stop';

export const LATE_RESULT = 'lateResult';
/** A task that waits for the end of an incident may go on: it asks again whether it may start. */
export const INCIDENT = 'incident';

/** Signals of every entity, and the update that asks it whether a run may start. */
export const REPORTED = 'reported';
export const OPEN_BY_HAND = 'open';
export const CLOSE_BY_HAND = 'close';
export const ADMIT = 'admit';
export const ADMIT_REFUSED = 'admit.refused';

/** Signals of a host's entity. */
export const JOINED = 'joined';
export const DRAIN = 'drain';
export const UNDRAIN = 'undrain';

export const runActivityId = (n: number): string => `run-${n}`;
/** The k-th time that run n was taken up again. */
export const reattachActivityId = (n: number, k: number): string => (k === 1 ? `reattach-${n}` : `reattach-${n}.${k}`);
/** The run that an activity answers for, whether it started it or took it up again; undefined for every other activity. */
export function runOfActivityId(id: string): number | undefined {
  const n = /^(?:run|reattach)-(\d+)(?:\.\d+)?$/.exec(id)?.[1];
  return n === undefined ? undefined : Number(n);
}
export const settleActivityId = (n: number, look: number): string => (look === 1 ? `settle-${n}` : `settle-${n}.${look}`);
/** `look`: the look that asked for it. */
export const checkActivityId = (n: number, look: number): string => (look === 1 ? `check-${n}` : `check-${n}.${look}`);
export const notifyActivityId = (question: string, kind: string, k: number, channel: number): string =>
  `notify-${question}-${kind}${k > 0 ? `-${k}` : ''}-${channel + 1}`;
export const finishActivityId = (output: number, kind: string): string => `finish-${output + 1}-${kind}`;

/** A worker's identity as it stands in every history event it makes: `<host>/<pid>/<version>`. */
export const workerIdentity = (host: string, pid: number, version: string): string => `${host}/${pid}/${version}`;
export const hostOfIdentity = (identity: string): string | undefined => /^([^/@]+)\/\d+\//.exec(identity)?.[1];
export const versionOfIdentity = (identity: string): string | undefined => /^[^/@]+\/\d+\/(.+)$/.exec(identity)?.[1];

/** Search attributes, and their types on the server. */
export const SEARCH_ATTRIBUTES = {
  state: { name: 'OutliveState', type: 'KEYWORD' },
  reason: { name: 'OutliveReason', type: 'KEYWORD' },
  host: { name: 'OutliveHost', type: 'KEYWORD' },
  owner: { name: 'OutliveOwner', type: 'KEYWORD' },
  incident: { name: 'OutliveIncident', type: 'KEYWORD' },
  runs: { name: 'OutliveRuns', type: 'INT' },
} as const;

/** The query for the tasks that wait for the end of this scope's incident, where the search attribute exists. */
export const waitingFor = (scope: string): string =>
  `WorkflowType = '${TASK_WORKFLOW}' AND ExecutionStatus = 'Running' AND ${SEARCH_ATTRIBUTES.incident.name} = '${scope}'`;

/** Hidden in a comment on the forge: what makes it the task's. */
export const commentMarker = (taskId: string): string => `<!-- outlive task ${taskId} -->`;

export const taskBranch = (taskId: string): string => `outlive/${taskId}`;
export const TASK_TRAILER = 'Outlive-Task';
/**
 * Enough of the id of Temporal's own run to tell executions of one task apart: its end, because its beginning is a clock
 * (UUIDv7), which two executions within a minute have in common.
 */
export const shortRunId = (workflowRunId: string): string => workflowRunId.slice(-8);
/** Where what run n left is kept. The id of Temporal's own run is in the name, because a reset starts the numbers anew. */
export const bankRef = (taskId: string, workflowRunId: string, n: number): string =>
  `refs/outlive/${taskId}/run-${n}-${shortRunId(workflowRunId)}`;
export const wipRef = (bank: string): string => `${bank}-wip`;
