// The life of one task (DESIGN §3): begin, run, settle, obey the recorded decision, finish. Plain awaits, no engine.
// It decides nothing itself but the one frozen rule: a good end with every output seen and no check red has nothing to decide.

import {
  ApplicationFailure,
  allHandlersFinished,
  CancellationScope,
  CancelledFailure,
  condition,
  isCancellation,
  patched,
  upsertMemo,
} from '@temporalio/workflow';
import type { TaskResult } from '../domain/contract.ts';
import { failureType } from '../domain/failure.ts';
import { never } from '../domain/never.ts';
import { completeness } from '../domain/output.ts';
import type { Plan } from '../domain/plan-text.ts';
import { sayCompleteness } from '../domain/story.ts';
import type { TaskSpec } from '../domain/task.ts';
import { ask } from './ask.ts';
import { begin } from './begin.ts';
import { checkCredential } from './check-credential.ts';
import { conclude } from './conclude.ts';
import { listen } from './listen.ts';
import { runOnce } from './run-once.ts';
import { settle } from './settle.ts';
import type { Step } from './step.ts';
import { TaskLife } from './task-life.ts';

const HOUR_MS = 3_600_000;

export async function task(spec: TaskSpec): Promise<TaskResult> {
  const life = new TaskLife(spec);
  const scope = new CancellationScope();
  listen(life, scope);
  try {
    return await scope.run(() => live(life, spec));
  } catch (error) {
    if (!isCancellation(error)) throw error;
    const result = await CancellationScope.nonCancellable(() => windDown(life));
    // Only a cancel that the server knows of may end as one; a stop is an answer to its caller, and ends with its result.
    if (CancellationScope.current().consideredCancelled) throw new CancelledFailure(result.because);
    return result;
  }
}

async function live(life: TaskLife, spec: TaskSpec): Promise<TaskResult> {
  life.begin(await begin(spec));
  let step = firstStep(life);
  for (;;) {
    switch (step.kind) {
      case 'run':
        step = await run(life, step);
        break;
      case 'settle':
        step = await settle(life);
        break;
      case 'hold':
        step = await hold(life, step);
        break;
      case 'ask':
        step = await ask(life, step);
        break;
      case 'check':
        step = await checkCredential(life, step);
        break;
      case 'finish':
        step = await conclude(life, step);
        break;
      case 'end':
        return await end(life, step);
      default:
        never(step);
    }
  }
}

/** Work that is already there is never done again. */
function firstStep(life: TaskLife): Step {
  const work = completeness(life.task, life.seen);
  if (work.kind === 'complete') return { kind: 'finish', because: `before any run: ${sayCompleteness(work)}` };
  return { kind: 'run', because: 'first run', notes: life.notes };
}

async function run(life: TaskLife, step: Extract<Step, { kind: 'run' }>): Promise<Step> {
  const { afterMs = 0 } = step;
  if (afterMs > 0) await wait(life, afterMs, step.because);
  // It may also have come while the decision was made, or the answer.
  if (life.newEvidence && (afterMs > 0 || patched('evidence-before-run'))) return supersede(life);
  // The world moves on in an hour: look at it again before a run is paid for.
  if (afterMs > HOUR_MS) return { kind: 'settle' };
  const ended = await runOnce(life, step);
  if (ended.kind === 'outwaited') return { kind: 'settle' };
  if (ended.kind === 'failed') return { kind: 'settle' };
  if (ended.plan) return planned(life, ended.plan);
  return { kind: 'finish', because: 'the run ended well, every output it owes is present' };
}

/** The first step follows at once: the plan cost a run, and its ledgers were looked at before it. */
function planned(life: TaskLife, plan: Plan): Step {
  life.split(plan);
  const [first] = plan.steps;
  return { kind: 'run', because: `${first?.title}`, notes: [] };
}

async function hold(life: TaskLife, step: Extract<Step, { kind: 'hold' }>): Promise<Step> {
  await wait(life, step.afterMs, step.because, step.incident);
  return life.newEvidence ? supersede(life) : step.next;
}

/** A wait ends early when something comes to light about the run before it, or when the incident is over that it waits for. */
async function wait(life: TaskLife, ms: number, because: string, incident?: string): Promise<void> {
  life.hold(ms, because, incident);
  await condition(() => life.newEvidence || life.waits.isWoken, ms, { summary: life.summary(because) });
  life.release();
}

function supersede(life: TaskLife): Step {
  life.supersede();
  return { kind: 'settle' };
}

async function end(life: TaskLife, step: Extract<Step, { kind: 'end' }>): Promise<TaskResult> {
  const result = life.end(step.state, step.because);
  await condition(allHandlersFinished);
  switch (step.state) {
    case 'done':
    case 'cancelled':
      return result;
    case 'failed':
      throw ApplicationFailure.create({ type: failureType('infeasible'), message: step.because, nonRetryable: true, details: [result] });
  }
}

/** After a stop or a cancel: what the cut-off run left is looked at and banked; effects already made stay. */
async function windDown(life: TaskLife): Promise<TaskResult> {
  if (life.isUnsettled()) await settle(life);
  const why = life.stopped ? `stopped by ${life.stopped.by ?? 'somebody'}: ${life.stopped.why}` : 'cancelled';
  const result = life.end('cancelled', why);
  // The server keeps no result of a cancelled workflow.
  upsertMemo({ result });
  await condition(allHandlersFinished);
  return result;
}
