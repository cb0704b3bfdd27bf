// One task as it stands: asked of the task itself, and where no worker lets it answer, read from its history. A task
// whose workers are all down is exactly the one that somebody looks at.

import { isGrpcCancelledError, isGrpcDeadlineError, ServiceError, type WorkflowHandle } from '@temporalio/client';
import type { Connected } from '../connection.ts';
import type { TaskStatus } from '../domain/contract.ts';
import { STATUS_QUERY } from '../domain/names.ts';
import { sayError } from '../domain/say-error.ts';
import { tracesOf } from './activity-traces.ts';
import { isUnreadable } from './encoded.ts';
import { withPending } from './pending.ts';
import { planIn } from './plan-from-history.ts';
import { asNotFound, CALL_MS, taskHandle, WORKER_MS, within } from './server.ts';
import { statusFrom } from './status-from-history.ts';
import { type TaskEnd, taskEnd } from './task-end.ts';

export interface TaskRead {
  readonly status: TaskStatus;
  /** Why the task itself could not be asked; the status is then put together from its history. */
  readonly silent?: string;
  /** How it was ended from outside, without a word of its own. */
  readonly cutOff?: string;
}

/** `ask`: the task itself, before its history is read. Throws CliError `not_found`. */
export async function readTask(server: Connected, id: string, ask = true): Promise<TaskRead> {
  const handle = taskHandle(server, id);
  const description = await within(server, CALL_MS, () => handle.describe()).catch(asNotFound(id, server));
  const end = description.closeTime && (await within(server, CALL_MS, () => taskEnd(handle)));
  const asked: Asked = ask ? await askTask(server, handle) : { silent: 'it was not asked' };
  const told = asked.status ?? (await fromHistory(server, handle, end));
  const status = withPending(told, description.raw.pendingActivities ?? []);
  return {
    status: end && !status.result ? withEnd(status, end) : status,
    ...(asked.silent !== undefined && { silent: asked.silent }),
    ...(end && !status.result && !end.result && { cutOff: end.because }),
  };
}

/** A workflow that was ended from outside still says what it said last: that it runs, or asks. */
function withEnd({ hold: _, question: __, ...status }: TaskStatus, { state, result }: TaskEnd): TaskStatus {
  return { ...status, state, ...(result && { result }) };
}

type Asked = { readonly status: TaskStatus; readonly silent?: undefined } | { readonly status?: undefined; readonly silent: string };

/** The answer to the status query, or why there is none within 5 s. Throws where there is one that cannot be read. */
export async function askTask(server: Connected, handle: WorkflowHandle): Promise<Asked> {
  try {
    return { status: await within(server, WORKER_MS, () => handle.query<TaskStatus>(STATUS_QUERY)) };
  } catch (error) {
    if (isUnreadable(error)) throw error;
    return { silent: sayWhySilent(error) };
  }
}

function sayWhySilent(error: unknown): string {
  // The server tells it either way, whichever of the two clocks runs out first.
  if (isGrpcDeadlineError(error) || isGrpcCancelledError(error))
    return 'no worker answered within 5 s: start one with `outlive worker`, or look with `outlive doctor`';
  const cause = error instanceof ServiceError && error.cause ? error.cause : error;
  const words = sayError(cause);
  if (words.includes('no poller seen')) return 'no worker is up: start one with `outlive worker`, or look with `outlive doctor`';
  return `the task could not be asked: ${words}`;
}

async function fromHistory(server: Connected, handle: WorkflowHandle, end: TaskEnd | undefined): Promise<TaskStatus> {
  const history = await within(server, CALL_MS, () => handle.fetchHistory());
  const traces = await tracesOf(history.events ?? [], server.client.options.loadedDataConverter);
  return statusFrom(traces, { workflowId: handle.workflowId, planned: await planIn(traces), ...(end && { end }) });
}
