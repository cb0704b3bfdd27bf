// Starting a task: one workflow for each id, for ever. Starting the same spec again is no error, so whoever submits may
// repeat it after a lost answer; the same id with another spec is one, because the work under that id is something else.

import { type Client, isGrpcServiceError, ServiceError, WorkflowExecutionAlreadyStartedError } from '@temporalio/client';
import { defineSearchAttributeKey, TypedSearchAttributes } from '@temporalio/common';
import { decodeFromPayloadsAtIndex } from '@temporalio/common/lib/internal-non-workflow/index.js';
import { CONTROL_QUEUE, SEARCH_ATTRIBUTES, TASK_WORKFLOW, taskWorkflowId } from './domain/names.ts';
import type { Task, TaskSpec } from './domain/task.ts';
import { sayComplaint } from './schema/complaints.ts';
import type { Registered } from './schema/registered.ts';
import { differences, taskDigest } from './schema/task-digest.ts';
import { checkTaskSpec } from './schema/task-spec.ts';
import { taskDetails } from './task-details.ts';

// The server takes 400 bytes; a character has up to four.
const SUMMARY_CHARS = 100;

/** `started` is false where the very same task was there already, running or closed. */
export interface StartedTask {
  readonly id: string;
  readonly workflowId: string;
  readonly runId: string;
  readonly started: boolean;
  readonly digest: string;
}

/** The spec is none; nothing was started. `complaints` are readable lines, one each. */
export class TaskSpecRefused extends Error {
  readonly code = 'bad_spec';
  override readonly name = 'TaskSpecRefused';
  readonly complaints: readonly string[];
  constructor(complaints: readonly string[]) {
    super(complaints.join('\n'));
    this.complaints = complaints;
  }
}

/** A task of this id exists and is another one; nothing was started. `differences` are readable lines, theirs against ours. */
export class TaskDiffers extends Error {
  readonly code = 'different_spec';
  override readonly name = 'TaskDiffers';
  readonly differences: readonly string[];
  constructor(id: string, lines: readonly string[]) {
    super(
      `A task "${id}" exists already, with another spec:\n${lines.map((line) => `  ${line}`).join('\n')}\nNothing was started. Give this task another id, or submit the spec as it was.`,
    );
    this.differences = lines;
  }
}

export interface StartOptions extends Registered {
  /** false saves a refused call where they are known to be missing. */
  readonly searchAttributes?: boolean;
}

/** Starts the task, or finds that it was started before. Throws TaskSpecRefused, TaskDiffers, and what the server says. */
export async function startTask(client: Client, spec: TaskSpec, options: StartOptions = {}): Promise<StartedTask> {
  const checked = checkTaskSpec(spec, options);
  if (!checked.ok) throw new TaskSpecRefused(checked.complaints.map((complaint) => sayComplaint(complaint)));
  const { task } = checked;
  const digest = taskDigest(task);
  const workflowId = taskWorkflowId(task.id);
  try {
    const runId = await start(client, checked.spec, task, digest, options.searchAttributes ?? true);
    return { id: task.id, workflowId, runId, started: true, digest };
  } catch (error) {
    if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
    const runId = await sameTask(client, task, digest, options);
    return { id: task.id, workflowId, runId, started: false, digest };
  }
}

async function start(client: Client, spec: TaskSpec, task: Task, digest: string, searchAttributes: boolean): Promise<string> {
  try {
    const handle = await client.workflow.start(TASK_WORKFLOW, {
      workflowId: taskWorkflowId(task.id),
      taskQueue: CONTROL_QUEUE,
      workflowIdReusePolicy: 'REJECT_DUPLICATE',
      args: [spec],
      memo: { title: task.title, owner: task.owner, digest },
      staticSummary: task.title.slice(0, SUMMARY_CHARS),
      staticDetails: taskDetails(task),
      ...(searchAttributes && { typedSearchAttributes: firstAttributes(task) }),
    });
    return handle.firstExecutionRunId;
  } catch (error) {
    // A server without our search attributes refuses the whole start; the task matters more than its filters.
    if (!searchAttributes || !isAboutSearchAttributes(error)) throw error;
    return start(client, spec, task, digest, false);
  }
}

function firstAttributes(task: Task): TypedSearchAttributes {
  const { state, owner, runs } = SEARCH_ATTRIBUTES;
  return new TypedSearchAttributes([
    { key: defineSearchAttributeKey(state.name, state.type), value: 'running' },
    { key: defineSearchAttributeKey(owner.name, owner.type), value: task.owner },
    // The first run follows at once, and an event that only said so would cost as much as the run's own.
    { key: defineSearchAttributeKey(runs.name, runs.type), value: 1 },
  ]);
}

const GRPC_INVALID_ARGUMENT = 3;
function isAboutSearchAttributes(error: unknown): boolean {
  const cause = error instanceof ServiceError ? error.cause : error;
  return isGrpcServiceError(cause) && cause.code === GRPC_INVALID_ARGUMENT && /search ?attribute/i.test(cause.details);
}

/** The run id of the task that is there, if it is this one; else TaskDiffers. */
async function sameTask(client: Client, task: Task, digest: string, registered: Registered): Promise<string> {
  const there = await client.workflow.getHandle(taskWorkflowId(task.id)).describe();
  if (there.memo?.['digest'] === digest) return there.runId;
  // Started by a bare Temporal client, or by a release with other defaults: only its input tells.
  const other = checkTaskSpec(await startInput(client, there.workflowId, there.runId), registered);
  if (!other.ok) throw new TaskDiffers(task.id, ['what is there was started with an input that is no task spec']);
  const lines = differences(other.task, task);
  if (lines.length > 0) throw new TaskDiffers(task.id, lines);
  return there.runId;
}

/** What the workflow was started with. */
export async function startInput(client: Client, workflowId: string, runId: string): Promise<unknown> {
  const page = await client.workflowService.getWorkflowExecutionHistory({
    namespace: client.options.namespace,
    execution: { workflowId, runId },
    maximumPageSize: 1,
  });
  const input = page.history?.events?.[0]?.workflowExecutionStartedEventAttributes?.input?.payloads;
  return decodeFromPayloadsAtIndex(client.options.loadedDataConverter, 0, input ?? null);
}
