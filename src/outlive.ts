// Outlive as a library: a worker with agents of one's own, and the tasks that they do.

import type { Client } from '@temporalio/client';
import type { Agents } from './agents/agent.ts';
import type { TaskSpec } from './domain/task.ts';
import { whatIsWrong } from './registered-agents.ts';
import { type StartedTask, type StartOptions, startTask } from './start-task.ts';
import { runWorker, type WorkerSettings } from './worker.ts';

export interface OutliveOptions {
  /** By the name that a task's `agent.use` gives; none of Outlive's own names. */
  readonly agents?: Agents;
}

export interface Outlive {
  /** As `runWorker`, with these agents beside Outlive's. */
  runWorker(settings: Omit<WorkerSettings, 'agents'>): Promise<void>;
  /** As `startTask`, for tasks of these agents too. */
  startTask(client: Client, spec: TaskSpec, options?: Omit<StartOptions, 'agents'>): Promise<StartedTask>;
}

/** Throws a TypeError where an agent is none. */
export function createOutlive({ agents = {} }: OutliveOptions = {}): Outlive {
  const wrong = whatIsWrong(agents);
  if (wrong !== undefined) throw new TypeError(`createOutlive: ${wrong}`);
  return {
    runWorker: (settings) => runWorker({ ...settings, agents }),
    startTask: (client, spec, options = {}) => startTask(client, spec, { ...options, agents }),
  };
}
