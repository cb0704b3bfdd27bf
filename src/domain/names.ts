// The names on the wire: workflow ids, queues, messages, search attributes, git refs. They are for ever.

export const TASK_WORKFLOW = 'task';
export const CONTROL_QUEUE = 'outlive';
export const TASK_ID = /^[a-z0-9][a-z0-9-]{0,62}$/;

export const taskWorkflowId = (taskId: string): string => `task/${taskId}`;
export const taskIdOfWorkflow = (workflowId: string): string => workflowId.replace(/^task\//, '');

/** Any host of the pool that has a free slot takes it. */
export const poolQueue = (pool: string): string => `runs.${pool}`;
/** What must happen on that one host. */
export const hostQueue = (host: string): string => `host.${host}`;

export const STATUS_QUERY = 'status';
export const ANSWER = 'answer';
export const STOP_UPDATE = 'stop';

export const runActivityId = (n: number): string => `run-${n}`;
export const settleActivityId = (n: number, look: number): string => (look === 1 ? `settle-${n}` : `settle-${n}.${look}`);
export const finishActivityId = (output: number, kind: string): string => `finish-${output + 1}-${kind}`;

/** A worker's identity as it stands in every history event it makes: `<host>/<pid>/<version>`. */
export const workerIdentity = (host: string, pid: number, version: string): string => `${host}/${pid}/${version}`;
export const hostOfIdentity = (identity: string): string | undefined => /^([^/@]+)\/\d+\//.exec(identity)?.[1];

/** Search attributes, and their types on the server. */
export const SEARCH_ATTRIBUTES = {
  state: { name: 'OutliveState', type: 'KEYWORD' },
  reason: { name: 'OutliveReason', type: 'KEYWORD' },
  host: { name: 'OutliveHost', type: 'KEYWORD' },
  owner: { name: 'OutliveOwner', type: 'KEYWORD' },
  incident: { name: 'OutliveIncident', type: 'KEYWORD' },
  runs: { name: 'OutliveRuns', type: 'INT' },
} as const;

export const taskBranch = (taskId: string): string => `outlive/${taskId}`;
export const TASK_TRAILER = 'Outlive-Task';
/** Where what run n left is kept. The id of Temporal's own run is in the name, because a reset starts the numbers anew. */
export const bankRef = (taskId: string, workflowRunId: string, n: number): string =>
  `refs/outlive/${taskId}/run-${n}-${workflowRunId.slice(0, 8)}`;
export const wipRef = (bank: string): string => `${bank}-wip`;
