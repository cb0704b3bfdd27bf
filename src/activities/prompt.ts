// What the agent is told: the task's prompt, and what earlier runs left for it to verify.
import type { Task } from '../domain/task.ts';

export function promptFor(task: Task, notes: readonly string[], resumes = false): string {
  if (notes.length === 0) return task.prompt;
  const told = `${task.prompt.trimEnd()}\n\n## What happened before\n\n${notes.join('\n\n')}\n`;
  return resumes
    ? `You were cut off in the middle of this task. Look at what is there, then go on with it. The task, once more:\n\n${told}`
    : told;
}
