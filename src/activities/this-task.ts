// Which task an activity belongs to. Outlive's activities are always a workflow's; the SDK also knows others.
import { activityInfo } from '@temporalio/activity';
import type { RunDir } from '../host/state-dir.ts';
import { runDir } from '../host/state-dir.ts';

export interface TaskWorkflow {
  readonly workflowId: string;
  readonly runId: string;
}

export function taskWorkflow(): TaskWorkflow {
  const { workflowExecution } = activityInfo();
  if (!workflowExecution) throw new Error('this activity was started without a workflow; it only means something inside a task');
  return workflowExecution;
}

/** The folder of run n of this task on this host. */
export function dirOfRun(state: string, taskId: string, n: number): RunDir {
  return runDir(state, taskId, n, taskWorkflow().runId);
}
