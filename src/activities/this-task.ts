// Which task an activity belongs to. Outlive's activities are always a workflow's; the SDK also knows others.
import { activityInfo } from '@temporalio/activity';
import { type Client, WorkflowNotFoundError } from '@temporalio/client';
import type { RunDir } from '../host/state-dir.ts';
import { runDir } from '../host/state-dir.ts';

const ASK_MS = 5000;

export interface TaskWorkflow {
  readonly workflowId: string;
  readonly runId: string;
}

export function taskWorkflow(): TaskWorkflow {
  const { workflowExecution } = activityInfo();
  if (!workflowExecution) throw new Error('this activity was started without a workflow; it only means something inside a task');
  return workflowExecution;
}

/** Nobody waits for this execution any more: it is closed, or forgotten. An unreachable server is no answer, and rejects. */
export async function isTaskOver(client: Client, { workflowId, runId }: TaskWorkflow): Promise<boolean> {
  try {
    const { status } = await client.withDeadline(Date.now() + ASK_MS, () => client.workflow.getHandle(workflowId, runId).describe());
    return status.name !== 'RUNNING';
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return true;
    throw error;
  }
}

/** The folder of run n of this task on this host. */
export function dirOfRun(state: string, taskId: string, n: number): RunDir {
  return runDir(state, taskId, n, taskWorkflow().runId);
}
