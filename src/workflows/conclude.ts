// The agent's share of the work is there: the next step of a plan follows; after the last one a person approves, where the
// task asks for it, and then what Outlive owes is made.

import { ledgersOf, spent } from '../domain/ledgers.ts';
import { owedByOutlive, sayMaking } from '../domain/output.ts';
import { isPart } from '../domain/plan.ts';
import { sayWork } from '../domain/story.ts';
import { finish } from './finish.ts';
import type { FinishStep, Step } from './step.ts';
import type { TaskLife } from './task-life.ts';

export async function conclude(life: TaskLife, step: FinishStep): Promise<Step> {
  life.goOn();
  if (isPart(life.working)) return nextOfPlan(life, step);
  if (step.adopts !== undefined) life.adopted.add(step.adopts);
  return mustBeApproved(life) ? askApproval(life, step) : finish(life, step);
}

/** What a run needs to know of its step stands in its own prompt. */
function nextOfPlan(life: TaskLife, { because, vouched }: FinishStep): Step {
  life.stepDone(vouched === true);
  const { at = 1, steps = [] } = life.plan ?? {};
  const next: Step = { kind: 'run', because: `${steps[at - 1]?.title}; the step before it: ${because}`, notes: [] };
  // Frozen: another condition here would need patched().
  const used = spent(ledgersOf(life.runs, life.task.limits), life.task.limits, life.granted);
  if (used === undefined) return next;
  return {
    kind: 'ask',
    ask: {
      text: `Step ${at - 1} of ${steps.length} is done, but ${used}. Answer \`retry\` for one more run, or \`retry\` with a higher limit; \`close\` ends the task.`,
      evidence: [{ where: 'plan', value: `next is step ${at}: ${steps[at - 1]?.title}` }],
      choices: ['retry', 'wait', 'close'],
    },
    notes: [],
    back: next,
  };
}

/** The newest commit of what would be approved; other work after an approval is approved anew. */
export const headOfWork = ({ seen }: TaskLife): string =>
  seen.repository?.head ?? (seen.bank?.state === 'banked' ? seen.bank.head : 'without a commit');

/** Work that was published before any run is approved already. */
function mustBeApproved(life: TaskLife): boolean {
  if (life.task.approve === undefined || life.approved === headOfWork(life)) return false;
  return life.runs.length > 0 || life.seen.outputs.some(({ by, state }) => by === 'outlive' && state !== 'present');
}

function askApproval(life: TaskLife, step: FinishStep): Step {
  const { task, seen } = life;
  const owed = owedByOutlive(task).map(({ output }) => sayMaking(output));
  const then = owed.length > 0 ? owed.join(', ') : 'closes the task as done';
  return {
    kind: 'ask',
    ask: {
      text: `The work is there and waits for approval: ${sayWork(seen)}. \`approve\`: Outlive ${then}. \`refuse\`: nothing is published, everything is kept, and you are asked what next.`,
      evidence: [
        ...seen.outputs.map(({ kind, state, evidence }) => ({ where: `output ${kind}`, value: `${state}: ${evidence}` })),
        ...seen.checks.map(({ check, state }) => ({ where: `check ${check}`, value: state })),
        ...(seen.bank?.state === 'banked' ? [{ where: 'bank', value: `${seen.bank.ref} at ${seen.bank.head.slice(0, 10)}` }] : []),
        ...(seen.bank?.state === 'banked' && seen.bank.at === 'origin' && task.workspace
          ? [
              {
                where: 'to see it',
                value: `git fetch ${task.workspace.repo} ${seen.bank.ref} && git diff ${task.workspace.base}...FETCH_HEAD`,
              },
            ]
          : []),
        ...(seen.bank?.state === 'failed' ? [{ where: 'bank', value: `not kept: ${seen.bank.evidence}` }] : []),
      ],
      choices: ['approve', 'refuse', 'wait'],
    },
    notes: [
      `What is there was shown to a person: ${sayWork(seen)}. It is in your workspace. Verify it first, then change what is asked for.`,
    ],
    back: step,
  };
}
