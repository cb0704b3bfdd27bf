// What the task does next. Decisions and answers become steps; the loop in task.ts walks them.

import { WAIT_MS } from '../domain/answers.ts';
import type { Ask, Decision } from '../domain/decision.ts';
import { never } from '../domain/never.ts';
import type { Answer } from '../domain/question.ts';
import type { RunRecord, Session } from '../domain/run.ts';

export interface RunStep {
  readonly kind: 'run';
  readonly because: string;
  readonly afterMs?: number;
  readonly avoid?: readonly string[];
  /** They are not asked in the end all the same. */
  readonly strict?: true;
  readonly resume?: Session;
  readonly enriched?: true;
  /** It plans the task in steps. */
  readonly plans?: true;
  readonly notes: readonly string[];
}

export type Step =
  | RunStep
  | { readonly kind: 'settle' }
  /** Its credential is checked, then everything is looked at again. */
  | { readonly kind: 'check'; readonly because: string }
  /** `incident`: the scope of the one whose end is waited for. */
  | { readonly kind: 'hold'; readonly afterMs: number; readonly because: string; readonly incident?: string; readonly next: Step }
  | AskStep
  /** The work is there: the next step of the plan follows, or what Outlive owes is made. */
  | FinishStep
  | { readonly kind: 'end'; readonly state: 'done' | 'failed' | 'cancelled'; readonly because: string };

export interface FinishStep {
  readonly kind: 'finish';
  readonly because: string;
  /** A person took it as it is. */
  readonly vouched?: true;
  /** The place in `task.outputs` of one that is taken as it stands. */
  readonly adopts?: number;
}

export interface AskStep {
  readonly kind: 'ask';
  readonly ask: Ask;
  /** Told to the next run, should the answer be one. */
  readonly notes: readonly string[];
  /** The run that it is about was to plan: another one would be too. */
  readonly plans?: true;
  /** The output that it is about. */
  readonly output?: number;
  /** Where a `look` or a wait leads: back to settle, or to the effect that did not come about. */
  readonly back: Step;
}

/** Obeys a recorded decision on the end of `last`. A kind that this workflow does not know, from a newer policy, means ask. */
export function afterDecision(decision: Decision, last?: Pick<RunRecord, 'plans'>): Step {
  const notes = decision.notes ?? [];
  const plans = decision.kind === 'split' || last?.plans ? ({ plans: true } as const) : {};
  switch (decision.kind) {
    case 'finish':
      return { kind: 'finish', because: decision.because };
    case 'stop':
      return { kind: 'end', state: 'cancelled', because: decision.because };
    case 'hold':
      return holdStep(decision, plans);
    case 'check':
      return { kind: 'check', because: decision.because };
    case 'enrich':
    case 'split':
    case 'retry':
      return {
        ...runStep(decision, plans),
        ...(decision.kind === 'enrich' ? { enriched: true } : {}),
        ...(decision.afterMs === undefined ? {} : { afterMs: decision.afterMs }),
      };
    default:
      return { kind: 'ask', ask: decision.ask ?? unknownKind(decision), notes, ...plans, back: { kind: 'settle' } };
  }
}

function runStep({ because, notes = [], avoid, strict, resume }: Decision, plans: { readonly plans?: true }): RunStep {
  return {
    kind: 'run',
    because,
    notes,
    ...plans,
    ...(avoid === undefined ? {} : { avoid }),
    ...(strict ? { strict } : {}),
    ...(resume ? { resume } : {}),
  };
}

/** After an incident a run follows, which its host lets through or not; after anything else it is decided anew. */
function holdStep(decision: Decision, plans: { readonly plans?: true }): Step {
  const { afterMs = WAIT_MS, because, incident } = decision;
  if (incident === undefined) return { kind: 'hold', afterMs, because, next: { kind: 'settle' } };
  return { kind: 'hold', afterMs, because, incident, next: runStep({ ...decision, because: `after the incident of ${incident}` }, plans) };
}

export function afterAnswer(answer: Answer, asked: AskStep, because: string): Step {
  switch (answer.choice) {
    case 'retry':
      return { kind: 'run', because, notes: asked.notes, ...(asked.plans ? { plans: true } : {}) };
    case 'split':
      return { kind: 'run', because, notes: asked.notes, plans: true };
    case 'finish':
      return { kind: 'finish', because, vouched: true };
    case 'adopt':
      return { kind: 'finish', because, vouched: true, ...(asked.output === undefined ? {} : { adopts: asked.output }) };
    case 'approve':
      return { kind: 'finish', because };
    case 'refuse':
      return afterRefusal(asked, because);
    case 'look':
      return asked.back;
    case 'wait':
      return { kind: 'hold', afterMs: WAIT_MS, because, next: asked.back };
    case 'close':
      return { kind: 'end', state: 'failed', because };
    default:
      return never(answer.choice);
  }
}

/** A refusal says what is not wanted, and not what is. */
function afterRefusal(asked: AskStep, because: string): AskStep {
  const { text, evidence } = asked.ask;
  return {
    kind: 'ask',
    ask: {
      text: `${because}. Nothing was published, and everything is kept. What next? A \`retry\` goes on from it, with your note.`,
      evidence: [{ where: 'refused', value: text.slice(0, 200) }, ...evidence],
      choices: ['retry', 'approve', 'wait', 'close'],
    },
    notes: [...asked.notes, `A person did not approve what is there: ${because}.`],
    back: asked.back,
  };
}

function unknownKind(decision: Decision): Ask {
  return {
    text: `The policy decided "${decision.kind}", which this task's workflow does not know: ${decision.because}`,
    evidence: [],
    choices: ['retry', 'look', 'wait', 'close'],
  };
}
