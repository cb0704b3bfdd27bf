// What the server says of tasks, asked once in a sweep for each. One call that is not answered ends the asking: a server
// that is away is not asked a thousand times, and of what is not known nothing is dropped.

import type { TaskLook } from '../../domain/retention.ts';

const AT_ONCE = 8;

/** What the server says now of the task with this workflow id. Never rejects. */
export type AskOfTask = (workflowId: string) => Promise<TaskLook>;

export interface TaskLooks {
  at: AskOfTask;
  /** For what goes for good: a reset opens a closed task again, and a sweep may take its time. */
  anew: AskOfTask;
  all(workflowIds: readonly string[]): Promise<readonly TaskLook[]>;
  /** Why the asking ended early, where it did. */
  silence(): string | undefined;
}

export function createTaskLooks(ask: AskOfTask, signal: AbortSignal): TaskLooks {
  const known = new Map<string, Promise<TaskLook>>();
  let silence: string | undefined;
  const anew = async (workflowId: string): Promise<TaskLook> => {
    if (silence !== undefined) return { kind: 'unknown', why: silence };
    const look = await ask(workflowId);
    if (look.kind === 'unknown') silence ??= look.why;
    return look;
  };
  const at: AskOfTask = (workflowId) => {
    const look = known.get(workflowId) ?? anew(workflowId);
    known.set(workflowId, look);
    return look;
  };
  return {
    at,
    anew,
    all: async (workflowIds) => {
      const looks: TaskLook[] = [];
      for (let from = 0; from < workflowIds.length; from += AT_ONCE) {
        signal.throwIfAborted();
        looks.push(...(await Promise.all(workflowIds.slice(from, from + AT_ONCE).map(at))));
      }
      return looks;
    },
    silence: () => silence,
  };
}
