// A task that is too large for one conversation, worked in steps (DESIGN §3): an agent plans them, each is a run on the
// same branch with limits of its own, and the last one brings them together and meets the outputs. A step is not split again.

import type { OutputSeen } from './output.ts';
import { FEWEST_STEPS, MOST_STEPS, type Plan } from './plan-text.ts';
import type { RunRecord } from './run.ts';
import { count, cut } from './story.ts';
import type { Limits, RunLimits, StepOf, Task } from './task.ts';

/** Where the work on a plan stands. `at` is the number of the step that is next or under way, the first is 1. */
export interface PlanState {
  readonly steps: Plan['steps'];
  readonly at: number;
  /** The commit that step `at` begins with; left out: the base. */
  readonly since?: string;
  /** Steps that a person took as they were. */
  readonly adopted: readonly number[];
}

/** A plan as people see it. `runs` are the numbers of the runs that worked on the step. */
export interface PlanStatus {
  readonly steps: readonly StepStatus[];
}
export interface StepStatus {
  readonly title: string;
  readonly state: 'done' | 'adopted' | 'current' | 'later';
  readonly runs: readonly number[];
}

export const beginPlan = ({ steps }: Plan, since: string | undefined): PlanState => ({
  steps,
  at: 1,
  adopted: [],
  ...(since === undefined ? {} : { since }),
});

export function nextStep(plan: PlanState, since: string | undefined, isAdopted: boolean): PlanState {
  const { steps, at } = plan;
  const adopted = isAdopted ? [...plan.adopted, at] : plan.adopted;
  return { steps, at: at + 1, adopted, ...(since === undefined ? {} : { since }) };
}

/** What is known of the task's commits while its steps are worked on. */
export const withStepsDone = (outputs: readonly OutputSeen[], { at, steps }: PlanState): readonly OutputSeen[] =>
  outputs.map((seen) =>
    seen.kind === 'commit'
      ? { ...seen, state: 'partial', evidence: `${at - 1} of ${count(steps.length, 'step')} of the plan are done` }
      : seen,
  );

/** A step before the last one: what the whole task owes is not asked of it. */
export const isPart = ({ step }: Pick<Task, 'step'>): boolean => step !== undefined && step.k < step.of;

export function planStatus({ steps, at, adopted }: PlanState, runs: readonly Pick<RunRecord, 'n' | 'step'>[], isOver: boolean): PlanStatus {
  const stateOf = (k: number): StepStatus['state'] => {
    if (adopted.includes(k)) return 'adopted';
    if (k < at || (isOver && k === at)) return 'done';
    return k === at ? 'current' : 'later';
  };
  return {
    steps: steps.map(({ title }, index) => ({
      title,
      state: stateOf(index + 1),
      runs: runs.filter((run) => run.step === index + 1).map((run) => run.n),
    })),
  };
}

/** What the task has used of its own limits. */
export interface Used {
  readonly wallMs: number;
  readonly costUsd: number;
}

/** The step that is next, as a task of its own. */
export function taskOfStep(task: Task, plan: PlanState, used: Used): Task {
  const { steps, at, since } = plan;
  const step: StepOf = { k: at, of: steps.length, ...(since === undefined ? {} : { since }) };
  const whole = { ...task, step, prompt: promptOfStep(task, plan), limits: limitsOfStep(task.limits, used, steps.length - at + 1) };
  return isPart(whole) ? { ...whole, outputs: [{ kind: 'commit', by: 'agent', conclusive: false }], checks: [] } : whole;
}

/** An equal share of what is left, for each of the steps that are left; never more than a run may have anyway. */
function limitsOfStep(limits: Limits, used: Used, left: number): Limits {
  const share = (whole: number, gone: number) => Math.max(0, whole - gone) / left;
  const wallMs = Math.max(1, Math.min(limits.run.wallMs, Math.floor(share(limits.wallMs, used.wallMs))));
  const run: RunLimits = {
    ...limits.run,
    wallMs,
    stallMs: Math.min(limits.run.stallMs, wallMs),
    ...(limits.costUsd === undefined || limits.run.costUsd === undefined
      ? {}
      : { costUsd: Math.min(limits.run.costUsd, share(limits.costUsd, used.costUsd)) }),
  };
  return { ...limits, run };
}

const LONGEST_WHOLE = 3000;

function promptOfStep(task: Task, { steps, at }: PlanState): string {
  const isLast = at === steps.length;
  const list = steps.map(({ title }, index) => {
    const state = index + 1 < at ? 'done' : index + 1 === at ? 'this one' : 'later';
    return `${index + 1}. ${title} (${state})`;
  });
  return [
    steps[at - 1]?.prompt ?? '',
    '## Where this belongs',
    `This is step ${at} of ${steps.length} of a larger task. What the steps before it did is in your workspace.\n\n${list.join('\n')}`,
    isLast
      ? 'It is the last step: bring together what the steps before it did, and leave everything that the whole task asks for. Commit your work.'
      : 'Do this step only, and nothing of the later ones. Commit your work, and leave nothing uncommitted: the next step goes on from your commits.',
    `The whole task, so that you know what it is for:\n\n${cut(task.prompt, LONGEST_WHOLE)}`,
  ].join('\n\n');
}

/** Told to the agent that plans. */
export function planPrompt(task: Pick<Task, 'prompt'>, file: string): string {
  return [
    'Plan this task; do not do it. It was too large for one conversation, so it is to be worked in steps.',
    `Read in the repository what you need for a good plan, and change nothing there. Write the plan as JSON to the file ${file} (its name is also in OUTLIVE_PLAN_FILE):`,
    '{"steps": [{"title": "one line", "prompt": "everything that the agent of this step has to know"}]}',
    [
      `- ${FEWEST_STEPS} to ${MOST_STEPS} steps. They are worked one after the other, each by an agent with a fresh conversation, on the same branch.`,
      '- Each is a part of the task, about as large as the others, and small enough to be done well within one conversation.',
      '- Its prompt stands alone: that agent knows nothing of this conversation. Name files, and say when the step is done.',
      '- Each ends with its work committed. The last one brings the parts together and meets everything that the task asks for.',
    ].join('\n'),
    `The task:\n\n${task.prompt}`,
  ].join('\n\n');
}
