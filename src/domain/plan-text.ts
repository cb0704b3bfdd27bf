// Reads the plan that an agent wrote. Total: any text gives a plan, or a clear problem that the next attempt is told.

import type { Read } from './question.ts';
import { count } from './story.ts';
import type { Task } from './task.ts';

export interface Plan {
  readonly steps: readonly PlanStep[];
}

export interface PlanStep {
  /** One line. */
  readonly title: string;
  /** All that its agent is told of the step itself. */
  readonly prompt: string;
}

export const FEWEST_STEPS = 2;
export const MOST_STEPS = 8;
const LONGEST_TITLE = 120;
const LONGEST_PROMPT = 8000;
/** A shorter task may well be named whole by a step of it. */
const WHOLE_TASK_CHARS = 200;

/** `text`: undefined where no plan was written. */
export function readPlan(text: string | undefined, task: Pick<Task, 'prompt'>): Read<Plan> {
  if (text === undefined || text.trim() === '') return problem('no plan was written');
  const parsed = parse(text);
  if (parsed === undefined) return problem('the plan is no JSON; expected {"steps": [{"title": "…", "prompt": "…"}]}');
  const steps = (parsed as { steps?: unknown } | null)?.steps;
  if (!Array.isArray(steps)) return problem('the plan has no list "steps"; expected {"steps": [{"title": "…", "prompt": "…"}]}');
  if (steps.length < FEWEST_STEPS || steps.length > MOST_STEPS)
    return problem(`the plan has ${count(steps.length, 'step')}; expected ${FEWEST_STEPS} to ${MOST_STEPS}`);
  const read = steps.map((step, index) => readStep(step, index + 1, task));
  const wrong = read.find((one) => !one.ok);
  if (wrong && !wrong.ok) return wrong;
  const good = read.flatMap((one) => (one.ok ? [one.value] : []));
  const twin = good.findIndex(({ prompt }, index) => good.findIndex((other) => other.prompt === prompt) < index);
  return twin < 0 ? { ok: true, value: { steps: good } } : problem(`step ${twin + 1} has the same prompt as an earlier one`);
}

function readStep(step: unknown, k: number, task: Pick<Task, 'prompt'>): Read<PlanStep> {
  const { title, prompt } = (typeof step === 'object' && step !== null ? step : {}) as Record<string, unknown>;
  if (typeof prompt !== 'string' || prompt.trim() === '') return problem(`step ${k} has no text "prompt"`);
  if (prompt.length > LONGEST_PROMPT)
    return problem(`the prompt of step ${k} has ${prompt.length} characters; expected at most ${LONGEST_PROMPT}`);
  if (typeof title !== 'string' || title.trim() === '') return problem(`step ${k} has no text "title"`);
  if (isWholeTask(prompt, task.prompt)) return problem(`step ${k} is the whole task again; expected a part of it`);
  return { ok: true, value: { title: oneLine(title).slice(0, LONGEST_TITLE), prompt: prompt.trim() } };
}

/** Each step has to be smaller than the task: one that repeats all of it would come to the same end. */
function isWholeTask(prompt: string, task: string): boolean {
  const [part, whole] = [oneLine(prompt), oneLine(task)];
  return whole.length < WHOLE_TASK_CHARS ? part === whole : part.includes(whole);
}

/** Agents like to put JSON into a fence. */
function parse(text: string): unknown {
  const bare = text.trim().replace(/^```\w*\s*\n([\s\S]*)\n```$/, '$1');
  try {
    return JSON.parse(bare);
  } catch {
    return undefined;
  }
}

const oneLine = (text: string): string => text.replace(/\s+/g, ' ').trim();
const problem = (text: string): { ok: false; problem: string } => ({ ok: false, problem: text });
