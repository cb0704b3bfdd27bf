// After a conversation that was full (DESIGN §2): never the same inputs. Another conversation with what this one left, once;
// else the work is planned in steps; else a person.

import type { Decision, Facts } from './decision.ts';
import { REASONS } from './failure.ts';
import { answer, ask, gated, sayNextRun } from './grounds.ts';
import { handOff } from './hand-off.ts';
import type { Completeness } from './output.ts';
import type { RunRecord } from './run.ts';
import { sayFailure, sayLeft, tellNextRun } from './story.ts';

/** The rule of the classifier for a host's limit of output. */
const OUTPUT_FLOOD = 'ended_by_output_limit';

/** Of the runs so far, those on the same piece of work as the last one: the whole task, its plan, or one of its steps. */
export function onSameWork(runs: readonly RunRecord[]): readonly RunRecord[] {
  const last = runs.at(-1);
  return runs.filter((run) => run.step === last?.step && run.plans === last?.plans);
}

export function afterFullContext(facts: Facts, work: Completeness): Decision {
  const noHandOff = whyNotEnriched(facts);
  if (noHandOff === undefined) return enrich(facts, work);
  const noSplit = whyNotSplit(facts);
  if (noSplit === undefined) return split(facts, work, noHandOff);
  return ask(facts, work, {
    why: `a run on the same inputs would end the same way, ${noHandOff}, and ${noSplit}`,
    choices: maySplit(facts) ? ['split'] : [],
    otherwise: 'with new work left behind, a new conversation would have gone on from it, once',
  });
}

function enrich(facts: Facts, work: Completeness): Decision {
  const { failure, n, seen } = facts;
  return gated(facts, work, () =>
    answer(facts, {
      kind: 'enrich',
      because: [
        `${sayFailure(n, failure)}, so ${sayNextRun(facts)} begins a new conversation with what is there`,
        sayLeft(n, seen),
        `${failure.reason} means: ${REASONS[failure.reason].when}`,
      ].join('; '),
      notes: handOff(facts, work),
      otherwise: `had it left nothing behind, ${whyNotSplit(facts) === undefined ? 'the work would have been planned in steps' : 'a person would have been asked'}`,
    }),
  );
}

function split(facts: Facts, work: Completeness, noHandOff: string): Decision {
  const { failure, n, seen, done } = facts;
  return gated(facts, work, () =>
    answer(facts, {
      kind: 'split',
      because: [
        `${sayFailure(n, failure)}, so ${sayNextRun(facts)} plans the work in steps`,
        `a run on the same inputs would end the same way, and ${noHandOff}`,
        sayLeft(n, seen),
        `${failure.reason} means: ${REASONS[failure.reason].when}`,
      ].join('; '),
      notes: [...tellNextRun(facts, work), ...(done ? [`Done so far:\n${done.slice(0, 1500)}`] : [])],
      otherwise: 'with `split: never` in its spec a person would have been asked',
    }),
  );
}

function whyNotEnriched({ failure, runs }: Facts): string | undefined {
  if (runs.at(-1)?.plans) return 'the plan itself came to that end';
  if (onSameWork(runs).some((run) => run.enriched)) return 'a run that began with what was there has come to the same end';
  // It is no conversation that was full.
  if (failure.rule === OUTPUT_FLOOD) return 'its output would be as much';
  return failure.progress ? undefined : 'it left nothing that another run could begin with';
}

function whyNotSplit(facts: Facts): string | undefined {
  const { task, runs, failure } = facts;
  if (task.step) return 'a step is not split again';
  if (runs.at(-1)?.plans) return 'to plan it once more would be the same again';
  if (!task.workspace) return 'without a repository there is no branch on which it could be worked in steps';
  if (failure.rule === OUTPUT_FLOOD) return 'nobody knows what wrote so much';
  return task.split === 'never' ? 'it is not to be split (split: never)' : undefined;
}

/** A person may say so where the policy does not. */
const maySplit = ({ task, runs }: Facts): boolean => task.workspace !== undefined && !task.step && !runs.at(-1)?.plans;
