// A decision that was made, made once more by the policy and the classifier of today.

import { classify } from './classify.ts';
import { decide } from './decide.ts';
import type { DecisionKind, Facts } from './decision.ts';
import type { Rule } from './ending.ts';
import { withFailure } from './facts.ts';
import type { Failure, Reason } from './failure.ts';
import type { RecordedEnding } from './recorded-ending.ts';
import { failureOf } from './verdict.ts';

/** One line of a file of recorded endings. `was` is what was said and decided then. */
export interface RecordedDecision {
  readonly id: string;
  readonly n: number;
  readonly look: number;
  readonly was: { readonly reason: Reason; readonly kind: DecisionKind; readonly because: string };
  readonly facts: Facts;
  /** Missing for ends that an older version recorded: then only the decision is made anew. */
  readonly ending?: RecordedEnding;
}

export interface Replayed {
  readonly id: string;
  readonly n: number;
  readonly look: number;
  readonly changed: boolean;
  readonly was: RecordedDecision['was'];
  readonly now: RecordedDecision['was'];
}

export function replayDecision(recorded: RecordedDecision, rules: readonly Rule[]): Replayed {
  const { id, n, look, was, facts } = recorded;
  const failure = classifiedAnew(recorded, rules);
  const { kind, because } = decide({ ...facts, failure, runs: withFailure(facts.runs, failure) });
  const now = { reason: failure.reason, kind, because };
  return { id, n, look, changed: now.reason !== was.reason || now.kind !== was.kind, was, now };
}

/** A good end that was found wanting is told by its outputs, which are not looked at again. */
function classifiedAnew({ ending, facts: { failure } }: RecordedDecision, rules: readonly Rule[]): Failure {
  if (!ending) return failure;
  return failureOf(classify(ending.ending, rules), failure.progress) ?? failure;
}
