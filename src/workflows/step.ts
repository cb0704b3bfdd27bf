// What the task does next. Decisions and answers become steps; the loop in task.ts walks them.

import type { Ask, Decision } from '../domain/decision.ts';
import { never } from '../domain/never.ts';
import type { Answer } from '../domain/question.ts';
import type { Session } from '../domain/run.ts';

export type Step =
  | {
      readonly kind: 'run';
      readonly because: string;
      readonly afterMs?: number;
      readonly avoid?: readonly string[];
      /** They are not asked in the end all the same. */
      readonly strict?: true;
      readonly resume?: Session;
      readonly enriched?: true;
      readonly notes: readonly string[];
    }
  | { readonly kind: 'settle' }
  | { readonly kind: 'hold'; readonly afterMs: number; readonly because: string; readonly next: Step }
  | AskStep
  | { readonly kind: 'finish'; readonly because: string }
  | { readonly kind: 'end'; readonly state: 'done' | 'failed' | 'cancelled'; readonly because: string };

interface AskStep {
  readonly kind: 'ask';
  readonly ask: Ask;
  /** Told to the next run, should the answer be one. */
  readonly notes: readonly string[];
  /** Where a `look` or a wait leads: back to settle, or to the effect that did not come about. */
  readonly back: Step;
}

const WAIT_MS = 3_600_000;

/** Obeys a recorded decision. A kind that this workflow does not know, from a newer policy, means ask. */
export function afterDecision(decision: Decision): Step {
  const notes = decision.notes ?? [];
  switch (decision.kind) {
    case 'finish':
      return { kind: 'finish', because: decision.because };
    case 'stop':
      return { kind: 'end', state: 'cancelled', because: decision.because };
    case 'hold':
      return { kind: 'hold', afterMs: decision.afterMs ?? WAIT_MS, because: decision.because, next: { kind: 'settle' } };
    case 'enrich':
    case 'retry':
      return {
        kind: 'run',
        because: decision.because,
        notes,
        ...(decision.kind === 'enrich' ? { enriched: true } : {}),
        ...(decision.afterMs === undefined ? {} : { afterMs: decision.afterMs }),
        ...(decision.avoid === undefined ? {} : { avoid: decision.avoid }),
        ...(decision.strict ? { strict: true } : {}),
        ...(decision.resume ? { resume: decision.resume } : {}),
      };
    default:
      return { kind: 'ask', ask: decision.ask ?? unknownKind(decision), notes, back: { kind: 'settle' } };
  }
}

export function afterAnswer(answer: Answer, asked: AskStep, because: string): Step {
  switch (answer.choice) {
    case 'retry':
      return { kind: 'run', because, notes: asked.notes };
    case 'finish':
      return { kind: 'finish', because };
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

function unknownKind(decision: Decision): Ask {
  return {
    text: `The policy decided "${decision.kind}", which this task's workflow does not know: ${decision.because}`,
    evidence: [],
    choices: ['retry', 'look', 'wait', 'close'],
  };
}
