// What the agent is told: the task's prompt, or that it is to plan it, and what earlier runs left for it to verify.
import { planPrompt } from '../domain/plan.ts';
import type { RunInput } from '../domain/run.ts';

/** `planFile`: where a plan is to be written, by a run that plans. */
export function promptFor({ task, notes, plans }: Pick<RunInput, 'task' | 'notes' | 'plans'>, planFile: string, resumes = false): string {
  const asked = plans ? planPrompt(task, planFile) : task.prompt;
  if (notes.length === 0) return asked;
  const told = `${asked.trimEnd()}\n\n## What happened before\n\n${notes.join('\n\n')}\n`;
  return resumes
    ? `You were cut off in the middle of this task. Look at what is there, then go on with it. The task, once more:\n\n${told}`
    : told;
}
