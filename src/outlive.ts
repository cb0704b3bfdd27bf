// Outlive as a library: a worker with agents of one's own, and the tasks that they do.

import type { Client } from '@temporalio/client';
import type { DataConverter } from '@temporalio/common';
import type { Agents } from './agents/agent.ts';
import type { TaskSpec } from './domain/task.ts';
import type { Notify } from './host/notice-channels.ts';
import type { OwnOutputs } from './outputs/own.ts';
import { whatIsWrong } from './registered-agents.ts';
import { whatIsWrongWithOutputs } from './registered-outputs.ts';
import { type StartedTask, type StartOptions, startTask } from './start-task.ts';
import { runWorker, type WorkerSettings } from './worker.ts';

export interface OutliveOptions {
  /** By the name that a task's `agent.use` gives; none of Outlive's own names. */
  readonly agents?: Agents;
  /** By the `kind` that a task's outputs give; none of Outlive's own kinds. */
  readonly outputs?: OwnOutputs;
  /** Is told of questions, beside the channels of outlive.yaml. What it throws is tried again for an hour. */
  readonly notify?: Notify;
  /** How payloads are encoded; instead of a module that outlive.yaml names. Clients need the same one. */
  readonly dataConverter?: DataConverter;
}

export interface Outlive {
  /** As `runWorker`, with these agents and outputs beside Outlive's. */
  runWorker(settings: Omit<WorkerSettings, keyof OutliveOptions>): Promise<void>;
  /** As `startTask`, for tasks of these agents and with these outputs too. */
  startTask(client: Client, spec: TaskSpec, options?: Omit<StartOptions, 'agents' | 'outputs'>): Promise<StartedTask>;
}

/** Throws a TypeError where an agent or an output is none. */
export function createOutlive({ agents = {}, outputs = {}, notify, dataConverter }: OutliveOptions = {}): Outlive {
  const wrong = whatIsWrong(agents) ?? whatIsWrongWithOutputs(outputs);
  if (wrong !== undefined) throw new TypeError(`createOutlive: ${wrong}`);
  return {
    runWorker: (settings) =>
      runWorker({ ...settings, agents, outputs, ...(notify && { notify }), ...(dataConverter && { dataConverter }) }),
    startTask: (client, spec, options = {}) => startTask(client, spec, { ...options, agents, outputs }),
  };
}
