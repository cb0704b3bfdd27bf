// What the agent is told: the task's prompt, and what earlier runs left for it to verify.
import type { Task } from '../domain/task.ts';

export function promptFor(task: Task, notes: readonly string[]): string {
  if (notes.length === 0) return task.prompt;
  return `${task.prompt.trimEnd()}\n\n## What happened before\n\n${notes.join('\n\n')}\n`;
}
