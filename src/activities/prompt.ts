// What the agent is told: the task's prompt, or that it is to plan it, and what earlier runs left for it to verify.
import { commentMarker, taskBranch } from '../domain/names.ts';
import { planPrompt } from '../domain/plan.ts';
import type { RunInput } from '../domain/run.ts';
import type { Task } from '../domain/task.ts';

/** By what Outlive finds again what the agent itself makes on the forge. */
function conventions({ id, outputs }: Task): string[] {
  const own = outputs.filter(({ by }) => by === 'agent');
  return [
    ...(own.some(({ kind }) => kind === 'pull_request') ? [`Open the pull request from the branch ${taskBranch(id)}.`] : []),
    ...own.flatMap((output) =>
      output.kind === 'comment'
        ? [`The comment on #${output.issue} must have this line in it, which nobody sees: ${commentMarker(id)}`]
        : [],
    ),
  ];
}

/** `planFile`: where a plan is to be written, by a run that plans. */
export function promptFor({ task, notes, plans }: Pick<RunInput, 'task' | 'notes' | 'plans'>, planFile: string, resumes = false): string {
  const asked = plans ? planPrompt(task, planFile) : [task.prompt, ...conventions(task)].join('\n\n');
  if (notes.length === 0) return asked;
  const told = `${asked.trimEnd()}\n\n## What happened before\n\n${notes.join('\n\n')}\n`;
  return resumes
    ? `You were cut off in the middle of this task. Look at what is there, then go on with it. The task, once more:\n\n${told}`
    : told;
}
