// The fleet as rows. One visibility query finds the tasks; what visibility does not hold exactly (queued or running,
// the runs of a task that needed one) is asked for each row, some at a time.

import type { WorkflowExecutionInfo, WorkflowHandle } from '@temporalio/client';
import { defineSearchAttributeKey } from '@temporalio/common';
import type { Connected } from '../connection.ts';
import type { TaskState, TaskStatus } from '../domain/contract.ts';
import { SEARCH_ATTRIBUTES, TASK_WORKFLOW, taskIdOfWorkflow } from '../domain/names.ts';
import { inParallel } from './in-parallel.ts';
import { isQueued, runUnderWay } from './pending.ts';
import { askTask } from './read-task.ts';
import { resultIn, taskEnd } from './task-end.ts';

/** One line of `outlive list --json`. `since`: the end of a closed task, the start of an open one; ISO time. */
export interface TaskRow {
  readonly id: string;
  readonly title: string;
  readonly state: TaskState;
  readonly owner: string;
  readonly runs: number;
  readonly reason?: string;
  readonly incident?: string;
  readonly since: string;
}

export interface Filter {
  readonly state?: TaskState;
  readonly owner?: string;
  readonly minRuns?: number;
}

const { state, reason, owner, incident, runs } = SEARCH_ATTRIBUTES;
const KEYS = {
  state: defineSearchAttributeKey(state.name, state.type),
  reason: defineSearchAttributeKey(reason.name, reason.type),
  owner: defineSearchAttributeKey(owner.name, owner.type),
  incident: defineSearchAttributeKey(incident.name, incident.type),
  runs: defineSearchAttributeKey(runs.name, runs.type),
};

const CLOSED: Readonly<Partial<Record<WorkflowExecutionInfo['status']['name'], TaskState>>> = {
  COMPLETED: 'done',
  FAILED: 'failed',
  TIMED_OUT: 'failed',
  CANCELLED: 'cancelled',
  TERMINATED: 'cancelled',
};
const STATUSES: Readonly<Partial<Record<TaskState, readonly string[]>>> = {
  done: ['Completed'],
  failed: ['Failed', 'TimedOut'],
  // A stopped task completes, with its result in the memo.
  cancelled: ['Canceled', 'Terminated', 'Completed'],
};

/** The visibility query: never narrower than the filter, because the attributes may lag behind a task by one run. */
export function listQuery(filter: Filter, attributes: boolean): string {
  const statuses = filter.state && STATUSES[filter.state];
  const closed = statuses ?? ['Running'];
  const clauses = [
    `WorkflowType = ${quoted(TASK_WORKFLOW)}`,
    filter.state ? `ExecutionStatus IN (${closed.map(quoted).join(', ')})` : `ExecutionStatus != 'ContinuedAsNew'`,
    ...(attributes && filter.state && !statuses ? [`${state.name} = ${quoted(filter.state === 'queued' ? 'running' : filter.state)}`] : []),
    ...(attributes && filter.owner !== undefined ? [`${owner.name} = ${quoted(filter.owner)}`] : []),
    ...(attributes && filter.minRuns !== undefined && filter.minRuns > 1 ? [`${runs.name} >= ${filter.minRuns - 1}`] : []),
  ];
  return clauses.join(' AND ');
}

const quoted = (text: string): string => `'${text.replaceAll("'", "''")}'`;

export function listTasks(server: Connected, filter: Filter, attributes: boolean): Promise<readonly TaskRow[]> {
  const found = server.client.workflow.list({ query: listQuery(filter, attributes) });
  // Where one task gets no worker to answer within seconds, the thousand others would not either.
  let mayAsk = !attributes;
  const rowOf = async (info: WorkflowExecutionInfo): Promise<TaskRow> => {
    if (info.closeTime) return closedRow(server, info, filter);
    const handle = server.client.workflow.getHandle(info.workflowId, info.runId);
    const asked = mayAsk ? await askTask(server, handle) : undefined;
    if (asked?.silent !== undefined) mayAsk = false;
    return openRow(info, handle, asked?.status);
  };
  return inParallel(found, rowOf, (row) => matches(row, filter));
}

const matches = (row: TaskRow, filter: Filter): boolean =>
  (filter.state === undefined || row.state === filter.state) &&
  (filter.owner === undefined || row.owner === filter.owner) &&
  (filter.minRuns === undefined || row.runs >= filter.minRuns);

/** `status` is the task's own word, asked for where no attribute tells more than that it is open. */
async function openRow(info: WorkflowExecutionInfo, handle: WorkflowHandle, status: TaskStatus | undefined): Promise<TaskRow> {
  const known = baseRow(info);
  const row = status
    ? {
        ...known,
        title: status.title,
        state: status.state,
        owner: status.owner,
        runs: status.runs.length,
        ...reasonOf(status.runs.at(-1)?.failure),
      }
    : known;
  if (row.state !== 'running') return row;
  const pending = (await handle.describe()).raw.pendingActivities ?? [];
  return { ...row, runs: Math.max(row.runs, runUnderWay(pending) ?? 0), state: isQueued(pending) ? 'queued' : 'running' };
}

const reasonOf = (failure: { readonly class: string; readonly reason: string } | undefined) =>
  failure && { reason: `${failure.class}.${failure.reason}` };

async function closedRow(server: Connected, info: WorkflowExecutionInfo, filter: Filter): Promise<TaskRow> {
  const inMemo = resultIn(info.memo).result;
  const row = { ...baseRow(info), ...(inMemo && { state: inMemo.state }) };
  if (row.runs > 0 || (filter.state !== undefined && row.state !== filter.state)) return row;
  // A task that needed one run closes without a word to its attributes, to keep its history short.
  const result = inMemo ?? (await taskEnd(server.client.workflow.getHandle(info.workflowId, info.runId))).result;
  const [last] = Object.keys(result?.reasons ?? {}).slice(-1);
  return { ...row, runs: result?.runs ?? 0, ...(row.reason === undefined && last !== undefined && { reason: last }) };
}

function baseRow(info: WorkflowExecutionInfo): TaskRow {
  const { memo, typedSearchAttributes: attributes } = info;
  const id = taskIdOfWorkflow(info.workflowId);
  const incident = attributes.get(KEYS.incident);
  const reason = attributes.get(KEYS.reason);
  return {
    id,
    title: typeof memo?.['title'] === 'string' ? memo['title'] : id,
    state: CLOSED[info.status.name] ?? (attributes.get(KEYS.state) as TaskState | undefined) ?? 'running',
    owner: attributes.get(KEYS.owner) ?? (typeof memo?.['owner'] === 'string' ? memo['owner'] : ''),
    runs: attributes.get(KEYS.runs) ?? 0,
    ...(reason !== undefined && { reason }),
    ...(incident !== undefined && { incident }),
    since: (info.closeTime ?? info.startTime).toISOString(),
  };
}
